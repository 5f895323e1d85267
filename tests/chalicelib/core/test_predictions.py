"""A caller's request to predict."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import (
    InvalidRequestError,
    PayloadTooLargeError,
    UnfitInstanceError,
    UnsupportedMediaTypeError,
)
from chalicelib.core.predictions import MAX_BODY, MAX_INSTANCES, MAX_TEXT, parse_instances
from chalicelib.core.spec import Column
from chalicelib.core.values import MAX_NUMBER
from chalicelib.pipelines import DEFAULT, PIPELINES

SPEC = PIPELINES[DEFAULT]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def ask(document: object, content_type: str = "application/json") -> tuple[dict[str, str], ...]:
    return parse_instances(SPEC, content_type, json.dumps(document).encode())  # type: ignore[return-value]


@given(TEXT)
def test_three_forms(text: str) -> None:
    """The three body forms give the model the same instance."""
    one = ({"text": text},)
    assert ask({"text": text}) == one
    assert ask({"instances": [{"text": text}]}, "application/json; charset=utf-8") == one
    assert ask({"instances": [text]}) == one
    assert parse_instances(SPEC, "Text/Plain", text.encode()) == one


@given(st.lists(TEXT, min_size=1, max_size=20))
def test_order(texts: list[str]) -> None:
    """Instances keep their order."""
    assert [row["text"] for row in ask({"instances": texts})] == texts


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "not JSON: line 1, column 1"),
        (b"{", "not JSON"),
        (b"\xff", "not UTF-8: byte 0"),
        (b"[1]", "JSON object"),
        (b'"text"', "JSON object"),
        (b"{}", "exactly the members"),
        (b'{"text": 1}', "'text' must be a string"),
        (b'{"text": null}', "'text' must be a string"),
        (b'{"text": "a", "label": "b"}', "exactly the members"),
        (b'{"instances": {}}', "must be a list"),
        (b'{"instances": ["a"], "more": 1}', "the only member"),
        (b'{"instances": []}', "at least one"),
        (b'{"instances": ["a", 7]}', "instance 1"),
        (b'{"text": NaN}', "NaN is no JSON number"),
        (b'{"text": "\\ud800"}', "surrogate"),
        (b'{"text": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_refusals(body: bytes, complaint: str) -> None:
    """What cannot be answered is refused with a message that says where and what."""
    with pytest.raises(InvalidRequestError, match=complaint):
        parse_instances(SPEC, "application/json", body)


@pytest.mark.parametrize("content_type", ["", "application/xml", "text/html", "application/jsonlines"])
def test_media_types(content_type: str) -> None:
    """Any other content type is refused by name."""
    with pytest.raises(UnsupportedMediaTypeError, match="application/json or text/plain"):
        parse_instances(SPEC, content_type, b"{}")


@pytest.mark.parametrize(
    "document",
    [
        {"text": "x" * (MAX_TEXT + 1)},
        {"text": "é" * (MAX_TEXT // 2 + 1)},
        {"instances": ["x"] * (MAX_INSTANCES + 1)},
        {"instances": ["x" * MAX_TEXT] * (MAX_BODY // MAX_TEXT + 1)},
    ],
    ids=["text", "text-in-bytes", "instances", "body"],
)
def test_limits(document: object) -> None:
    """One above each limit is refused as too large."""
    with pytest.raises(PayloadTooLargeError):
        ask(document)


def test_limits_are_reached() -> None:
    """What is just within the limits is taken."""
    assert len(ask({"text": "x" * MAX_TEXT})) == 1
    assert len(ask({"instances": ["x"] * MAX_INSTANCES})) == MAX_INSTANCES


def test_text_needs_one_column() -> None:
    """A pipeline of two columns cannot read a bare text."""
    spec = replace(SPEC, columns=(Column("title_text", "text"), Column("text", "text")))
    with pytest.raises(UnfitInstanceError, match="application/json with the members title_text, text"):
        parse_instances(spec, "text/plain", b"hello")


@given(st.binary(max_size=300))
def test_never_another_error(body: bytes) -> None:
    """No bytes make the parser fail in any way but its own."""
    try:
        instances = parse_instances(SPEC, "application/json", body)
    except InvalidRequestError:
        return
    assert all(set(row) == {"text"} for row in instances)


HOME = {column.name: 1.5 if column.kind == "numeric" else "0" for column in PIPELINES["housing"].columns}


@given(
    st.floats(-MAX_NUMBER, MAX_NUMBER) | st.integers(-(2**53), 2**53) | st.none(),
    TEXT | st.integers(-9, 9) | st.none(),
)
def test_several_columns(number: float | None, category: str | int | None) -> None:
    """Numbers and categories come as they would from a file, alone or in a list; what is missing is null."""
    row = {**HOME, "RM": number, "CHAS": category}
    expected = {**row, "CHAS": str(category) if isinstance(category, int) else category}
    for document in (row, {"instances": [row]}):
        (parsed,) = parse_instances(PIPELINES["housing"], "application/json", json.dumps(document).encode())
        assert parsed == expected


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"text": "hello"}, "instance 0 must be an object with exactly the members CRIM, ZN"),
        ({"instances": [HOME, "hello"]}, "instance 1 must be an object"),
        ({"instances": [{name: HOME[name] for name in HOME if name != "RM"}]}, "exactly the members"),
        ({**HOME, "MEDV": 24}, "exactly the members"),
        ({**HOME, "RM": "6.5"}, "instance 0: 'RM' must be a number within 32 bits, or null"),
        ({**HOME, "RM": True}, "'RM' must be a number"),
        ({**HOME, "RM": 1e39}, "'RM' must be a number"),
        ({**HOME, "RM": 10**400}, "'RM' must be a number"),
        ({**HOME, "RM": [1]}, "'RM' must be a number"),
        ({**HOME, "CHAS": 0.5}, "'CHAS' must be a string, a whole number, or null"),
        ({**HOME, "CHAS": False}, "'CHAS' must be a string"),
    ],
)
def test_unfit_instances(document: object, complaint: str) -> None:
    """An instance that is not what the columns say is refused with its place, its column and what to write instead."""
    with pytest.raises(UnfitInstanceError, match=complaint):
        parse_instances(PIPELINES["housing"], "application/json", json.dumps(document).encode())
