import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from training.errors import RequestError
from training.instances import media_type, parse_request, render_answer

JSON, LINES = "application/json", "application/jsonlines"


@pytest.mark.parametrize(
    ("header", "kind"),
    [("application/json", JSON), ("Application/JSON; charset=UTF-8", JSON), ("application/jsonlines;a=b", LINES)],
)
def test_content_types_are_read(header: str, kind: str) -> None:
    """Case and parameters of a content type do not matter."""
    assert media_type(header) == kind


@pytest.mark.parametrize("header", ["", "text/plain", "text/csv", "application/json; charset=latin-1", "json"])
def test_other_content_types_are_refused(header: str) -> None:
    """Everything else is 415."""
    with pytest.raises(RequestError) as caught:
        media_type(header)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("kind", "body", "status", "message"),
    [
        (JSON, b"{", 400, "the body is not JSON in UTF-8"),
        (JSON, b'{"instances":[{"text":"\xff"}]}', 400, "the body is not JSON in UTF-8"),
        (JSON, b"[" * 100_000, 400, "the body is not JSON in UTF-8"),
        (JSON, b"[]", 422, "the body must be"),
        (JSON, b'{"instances":[]}', 422, "at least one instance"),
        (JSON, b'{"instances":["text"]}', 422, "instance 0 must be a JSON object"),
        (JSON, b'{"instances":[{"text":"x"},{}]}', 422, "instance 1: column 'text' is missing"),
        (JSON, b'{"instances":[{"text":["x"]}]}', 422, "instance 0: column 'text' must be text"),
        (JSON, b'{"instances":[{"text":"x","secret":1}]}', 422, "instance 0 has 1 unknown fields"),
        (LINES, b"\n\n", 422, "the body holds no line"),
        (LINES, b'{"text":"x"}\nsecret', 400, "line 2 is not JSON in UTF-8"),
        (LINES, b'{"text":"x","id":true}', 422, "line 1: id must be"),
    ],
)
def test_bad_bodies_are_refused(spec: PipelineSpec, kind: str, body: bytes, status: int, message: str) -> None:
    """A bad body has a status and a reason that says where, and repeats nothing of it."""
    with pytest.raises(RequestError) as caught:
        parse_request(spec, kind, body)
    assert caught.value.status == status
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


@given(body=st.binary(max_size=40), kind=st.sampled_from([JSON, LINES]))
def test_any_bytes_are_read_or_refused(spec: PipelineSpec, body: bytes, kind: str) -> None:
    """No body makes the parser fail otherwise than by its own error."""
    with contextlib.suppress(RequestError):
        assert parse_request(spec, kind, body).rows


def test_answers_echo_ids_only_where_given(spec: PipelineSpec) -> None:
    """JSON Lines answers come in order, with the id as it was given; labels turn at the threshold."""
    request = parse_request(spec, LINES, b'{"text":"x","id":"a"}\n{"text":"x"}\n{"text":"x","id":3}\n')
    answer = render_answer(spec, request, np.array([0.5, 0.4999, 1.0]), threshold=0.5, version="v").splitlines()
    assert [json.loads(line) for line in answer] == [
        {"id": "a", "label": "positive", "score": 0.5, "model_version": "v"},
        {"label": "negative", "score": 0.4999, "model_version": "v"},
        {"id": 3, "label": "positive", "score": 1.0, "model_version": "v"},
    ]
    request = parse_request(spec, JSON, b'{"instances":[{"text":""}]}')
    assert json.loads(render_answer(spec, request, np.array([0.25]), threshold=0.5, version="v")) == {
        "model_version": "v",
        "predictions": [{"label": "negative", "score": 0.25}],
    }


def test_labels_turn_at_the_models_threshold(spec: PipelineSpec) -> None:
    """The label is what the model's threshold makes of the score; the score stays the probability."""
    request = parse_request(spec, JSON, b'{"instances":[{"text":"x"},{"text":"y"}]}')
    answer = json.loads(render_answer(spec, request, np.array([0.8, 0.7999]), threshold=0.8, version="v"))
    assert [prediction["label"] for prediction in answer["predictions"]] == ["positive", "negative"]
    assert [prediction["score"] for prediction in answer["predictions"]] == [0.8, 0.7999]


def test_regressions_answer_values() -> None:
    """A regression answers a value, in both content types; a gap is null."""
    row: dict[str, object] = {column.name: None for column in HOUSING.columns}
    request = parse_request(HOUSING, JSON, json.dumps({"instances": [row]}).encode())
    assert request.rows == [row]
    answer = render_answer(HOUSING, request, np.array([24.5]), threshold=0.5, version="v")
    assert json.loads(answer) == {"model_version": "v", "predictions": [{"value": 24.5}]}
    request = parse_request(HOUSING, LINES, json.dumps({**row, "id": "a"}).encode())
    answer = render_answer(HOUSING, request, np.array([24.5]), threshold=0.5, version="v")
    assert json.loads(answer) == {"id": "a", "value": 24.5, "model_version": "v"}
