"""A caller's request to predict."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.bodies import MAX_BODY, Body
from chalicelib.core.errors import (
    InvalidRequestError,
    ModelFailedError,
    PayloadTooLargeError,
    UnfitInstanceError,
    UnsupportedMediaTypeError,
)
from chalicelib.core.predictions import MAX_INSTANCES, MAX_TEXT, parse_answer, parse_instances
from chalicelib.core.spec import Column
from chalicelib.core.values import MAX_NUMBER
from chalicelib.pipelines import DEFAULT, PIPELINES

SPEC = PIPELINES[DEFAULT]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), max_size=200)


def ask(document: object, content_type: str = "application/json") -> tuple[dict[str, str], ...]:
    return parse_instances(SPEC, Body(content_type, json.dumps(document).encode()))  # type: ignore[return-value]


@given(TEXT)
def test_three_forms(text: str) -> None:
    """The three body forms give the model the same instance."""
    one = ({"text": text},)
    assert ask({"text": text}) == one
    assert ask({"instances": [{"text": text}]}, "application/json; charset=utf-8") == one
    assert ask({"instances": [text]}) == one
    assert parse_instances(SPEC, Body("Text/Plain", text.encode())) == one


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
        (b'{"text": "\\ud800"}', "surrogate"),
    ],
)
def test_refusals(body: bytes, complaint: str) -> None:
    """What cannot be answered is refused with a message that says where and what."""
    with pytest.raises(InvalidRequestError, match=complaint):
        parse_instances(SPEC, Body("application/json", body))


@pytest.mark.parametrize("content_type", ["", "application/xml", "text/html", "application/jsonlines"])
def test_media_types(content_type: str) -> None:
    """Any other content type is refused by name."""
    with pytest.raises(UnsupportedMediaTypeError, match="application/json or text/plain"):
        parse_instances(SPEC, Body(content_type, b"{}"))


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
        parse_instances(spec, Body("text/plain", b"hello"))


@given(st.binary(max_size=300))
def test_never_another_error(body: bytes) -> None:
    """No bytes make the parser fail in any way but its own."""
    try:
        instances = parse_instances(SPEC, Body("application/json", body))
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
        (parsed,) = parse_instances(PIPELINES["housing"], Body("application/json", json.dumps(document).encode()))
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
        parse_instances(PIPELINES["housing"], Body("application/json", json.dumps(document).encode()))


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u200f\u202e", "e\u0301" * 9, "\0", "\U0001f600"])
def test_odd_texts_are_texts(text: str) -> None:
    """An empty text, blanks, invisible, combining and right-to-left characters reach the model as they came."""
    assert ask({"text": text}) == ({"text": text},)


def test_answer() -> None:
    """A model's answer is taken with its version and one prediction for each instance."""
    said = {"model_version": "3", "predictions": [{"score": 0.5}, {"score": 1}]}
    answer = parse_answer(json.dumps(said).encode(), "A", 2)
    assert (answer.model_version, answer.variant, answer.predictions) == ("3", "A", ({"score": 0.5}, {"score": 1}))


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b'{"model_version": "3"}',
        b'{"model_version": "3", "predictions": []}',
        b'{"model_version": "3", "predictions": [{}, {}]}',
        b'{"model_version": "3", "predictions": [1]}',
        b'{"model_version": 3, "predictions": [{}]}',
        b'{"model_version": "3", "predictions": [{"score": NaN}]}',
    ],
)
def test_answers_of_a_broken_model(said: bytes) -> None:
    """What is not one prediction for each instance, in JSON that everybody reads, is the model's failure."""
    with pytest.raises(ModelFailedError):
        parse_answer(said, "A", 1)
