"""The description of the routes: valid, and as strict as the readers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib.core.bodies import Body
from chalicelib.core.errors import InvalidRequestError
from chalicelib.core.feedback import parse_feedback
from chalicelib.core.openapi import describe
from chalicelib.core.predictions import parse_instances
from chalicelib.pipelines import DEFAULT, PIPELINES

DOCUMENT = describe(PIPELINES, DEFAULT)


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})


def test_valid() -> None:
    """The document is OpenAPI 3.1, and JSON."""
    OpenAPIV31SpecValidator(json.loads(json.dumps(DOCUMENT))).validate()


def rows(pipeline: str) -> st.SearchStrategy[Any]:
    """Give instances, most of them right, some of them not."""
    values = {
        "text": st.text(max_size=9) | st.none(),
        "numeric": st.floats(-1e38, 1e38) | st.integers(-9, 9) | st.none() | st.just("1") | st.just(1e39),
        "categorical": st.text(max_size=3) | st.integers(-9, 9) | st.none() | st.just(0.5) | st.booleans(),
    }
    right = st.fixed_dictionaries({column.name: values[column.kind] for column in PIPELINES[pipeline].columns})
    return right | right.map(lambda row: {**row, "more": 1}) | st.just({}) | st.text(max_size=5)


@pytest.mark.parametrize("pipeline", PIPELINES)
@given(data=st.data())
def test_requests(pipeline: str, data: st.DataObject) -> None:
    """A request has the described schema exactly when it is read; whole numbers may be written 1.0 in a schema."""
    row = data.draw(rows(pipeline))
    document = data.draw(st.sampled_from([row, {"instances": [row]}, {"instances": []}, [row]]))
    try:
        parse_instances(PIPELINES[pipeline], Body("application/json", json.dumps(document).encode()))
        read = True
    except InvalidRequestError:
        read = False
    assert validator(f"{pipeline}.Request").is_valid(document) == read


@given(st.text(max_size=3) | st.none(), st.integers(-2, 1000) | st.booleans(), st.text(max_size=3) | st.floats(0, 9))
def test_labels(inference_id: str | None, index: int, label: object) -> None:
    """What feedback reads has the described schema, whether or not its label then fits."""
    document = {"inference_id": inference_id, "index": index, "label": label}
    try:
        parse_feedback(Body("application/json", json.dumps(document).encode()))
        read = True
    except InvalidRequestError:
        read = False
    assert validator("Feedback").is_valid(document) == (read and index < 1000)
