"""A caller's body: what is refused before anything looks inside, and how deep one may look."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.bodies import MAX_BODY, MAX_DEPTH, Body, read_json, read_text
from chalicelib.core.errors import InvalidRequestError, PayloadTooLargeError, UnsupportedMediaTypeError

JSON = "application/json"
DOCUMENT = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(DOCUMENT)
def test_json_is_read(document: object) -> None:
    """What JSON can say is read as it was meant, down to the depth that is allowed; brackets in strings are none."""
    text = json.dumps(document, ensure_ascii=False)
    if depth(document) > MAX_DEPTH:
        with pytest.raises(InvalidRequestError, match="nested too deeply"):
            read_json(text)
    else:
        assert read_json(text) == document


@given(st.lists(st.sampled_from(["[", "]", '{"a":', "}", '"', "\\", ",", "1", '"[', ']"']), max_size=40).map("".join))
def test_depth_is_seen_before_the_parser(text: str) -> None:
    """Whatever the brackets and quotes, what Python's parser takes is refused exactly where it is too deep."""
    try:
        document = json.loads(text, object_pairs_hook=lambda pairs: [value for _, value in pairs])
    except ValueError:
        return
    try:
        read_json(text)
    except InvalidRequestError as error:
        assert ("deeply" in str(error)) == (depth(document) > MAX_DEPTH)  # noqa: PT017 - both ways are right
    else:
        assert depth(document) <= MAX_DEPTH


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not JSON: line 1, column 1"),
        ("{", "not JSON: line 1, column 2"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ("[-Infinity]", "-Infinity is no JSON number"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "a member twice"),
        ("9" * 5000, "too many digits"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), f"too deeply: {MAX_DEPTH} levels"),
        ("[" * 1_000_000, "too deeply"),
        ('{"a":' * 1_000_000, "too deeply"),
        ('"' + '\\"' * 3_000_000, "not JSON"),
        ('["' + "\\" * 1_000_001, "not JSON"),
    ],
    ids=[*"abcdefg", "lists", "objects", "open string of quotes", "open string of backslashes"],
)
def test_refused_json(text: str, complaint: str) -> None:
    """What is no JSON for everybody, or too deep, is refused with a reason that quotes nothing, at any size."""
    with pytest.raises(InvalidRequestError, match=complaint):
        read_json(text)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (Body("", b""), f"send the content type {JSON}"),
        (Body("text/html", b""), f"send the content type {JSON}"),
        (Body(JSON, b"\x1f\x8b", "gzip"), "without a content encoding"),
        (Body(JSON, b"", "identity, br"), "without a content encoding"),
        (Body(f"{JSON}; charset=latin-1", b""), "in UTF-8"),
        (Body(f'{JSON}; a=b; Charset="UTF-16"', b""), "in UTF-8"),
    ],
)
def test_unsupported_media_types(body: Body, complaint: str) -> None:
    """A content type, content encoding or charset that is not read is refused with the one that is."""
    with pytest.raises(UnsupportedMediaTypeError, match=complaint):
        read_text(body, [JSON])


@pytest.mark.parametrize("content_type", [JSON, "Application/JSON ; charset=UTF-8", f'{JSON};charset="utf8"'])
@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_supported_media_types(content_type: str, encoding: str) -> None:
    """The content type is taken in any case, with UTF-8 said or not."""
    assert read_text(Body(content_type, b"{}", encoding), [JSON]) == (JSON, "{}")


def test_size() -> None:
    """A body of the limit is read, one byte more is too large."""
    assert len(read_text(Body(JSON, b" " * MAX_BODY), [JSON])[1]) == MAX_BODY
    with pytest.raises(PayloadTooLargeError, match=f"the body has {MAX_BODY + 1} bytes; the limit is {MAX_BODY}"):
        read_text(Body(JSON, b" " * (MAX_BODY + 1)), [JSON])


def test_utf_8() -> None:
    """Bytes that are not UTF-8 are refused with their place; a byte order mark is passed over."""
    with pytest.raises(InvalidRequestError, match="not UTF-8: byte 1 cannot be read"):
        read_text(Body(JSON, b"a\xff"), [JSON])
    with pytest.raises(InvalidRequestError, match="not UTF-8"):
        read_text(Body(JSON, b"\xed\xa0\x80"), [JSON])  # half a surrogate pair, as some write it
    assert read_text(Body(JSON, b"\xef\xbb\xbf{}"), [JSON]) == (JSON, "{}")
