"""A pipeline's spec."""

import json
from dataclasses import replace

import pytest

from chalicelib.core.errors import InvalidSpecError
from chalicelib.core.spec import Column, Learner, PipelineSpec, Split
from chalicelib.pipelines import DEFAULT, PIPELINES


@pytest.mark.parametrize("spec", PIPELINES.values(), ids=lambda spec: spec.name)
def test_round_trip(spec: PipelineSpec) -> None:
    """A spec survives its trip to the container as JSON."""
    assert PipelineSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_default_exists() -> None:
    """The pipeline that `POST /predict` asks is one of the pipelines."""
    assert DEFAULT in PIPELINES


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "Reviews"}, "lower-case"),
        ({"name": "a--b"}, "hyphens"),
        ({"name": "a" * 24}, "at most 23"),
        ({"columns": ()}, "at least one"),
        ({"columns": (Column("label", "text"),)}, "must differ"),
        ({"labels": ("yes", "yes")}, "two different"),
        ({"split": Split("s", validation=0.6, test=0.4)}, "sum below 1"),
        ({"split": Split("s", test=0.0)}, "above 0"),
        ({"learner": Learner("x", {"rounds": 3})}, "strings"),  # type: ignore[dict-item] # the mistake under test
    ],
)
def test_refusals(change: dict[str, object], complaint: str) -> None:
    """A spec that cannot work is refused with what to write instead."""
    with pytest.raises(InvalidSpecError, match=complaint):
        replace(PIPELINES[DEFAULT], **change)  # type: ignore[arg-type] # one field at a time


@pytest.mark.parametrize("mutation", [{"columns": None}, {"labels": ["one"]}, {"unknown": 1}, {"split": {}}])
def test_unreadable(mutation: dict[str, object]) -> None:
    """A document that is no spec is refused as one, whatever is wrong with it."""
    with pytest.raises(InvalidSpecError):
        PipelineSpec.from_dict({**PIPELINES[DEFAULT].to_dict(), **mutation})
