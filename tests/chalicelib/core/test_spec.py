"""A pipeline's spec."""

import json
from dataclasses import replace

import pytest

from chalicelib.core.errors import InvalidSpecError
from chalicelib.core.spec import Column, DecisionTarget, Intake, Learner, PipelineSpec, Split
from chalicelib.pipelines import DEFAULT, PIPELINES


@pytest.mark.parametrize("spec", PIPELINES.values(), ids=lambda spec: spec.name)
def test_round_trip(spec: PipelineSpec) -> None:
    """A spec survives its trip to the container as JSON."""
    assert PipelineSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_limits_round_trip() -> None:
    """So do a column's limits, and how files are read; a document from before they were said has the defaults."""
    column = Column("text", "text", max_length=9, lowest=0.5, highest=1, categories=("a", "b"), required=True)
    spec = replace(PIPELINES[DEFAULT], columns=(column,), intake=Intake(delimiter=";", tolerated_rows=3))
    assert PipelineSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    old = {**PIPELINES[DEFAULT].to_dict(), "columns": [{"name": "text", "kind": "text"}]}
    del old["intake"]
    assert PipelineSpec.from_dict(old) == PIPELINES[DEFAULT]


def test_default_exists() -> None:
    """The pipeline that `POST /predict` asks is one of the pipelines."""
    assert DEFAULT in PIPELINES


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "Reviews"}, "lower-case"),
        ({"name": "a--b"}, "hyphens"),
        ({"name": "a" * 22}, "at most 21"),
        ({"columns": ()}, "at least one"),
        ({"columns": (Column("label", "text"),)}, "must differ"),
        ({"labels": ("yes", "yes")}, "two different"),
        ({"labels": ()}, "two different"),
        ({"task": "regression"}, "none for a regression"),
        ({"task": "ranking"}, "task is one of binary_classification, regression"),
        ({"columns": (Column("text", "image"),)}, "text, numeric, categorical"),  # type: ignore[arg-type] # so here
        ({"decision": DecisionTarget("precision", 1.5)}, "a share above 0"),
        ({"decision": DecisionTarget("f1", 0.5)}, "precision or recall"),  # type: ignore[arg-type] # and here
        ({"task": "regression", "labels": (), "decision": DecisionTarget("recall", 0.5)}, "for two labels"),
        ({"split": Split("s", validation=0.6, test=0.4)}, "sum below 1"),
        ({"split": Split("s", test=0.0)}, "above 0"),
        ({"columns": (Column("text", "text", max_length=0),)}, "max_length must be positive"),
        ({"columns": (Column("text", "text", lowest=2, highest=1),)}, "lowest must not be above highest"),
        ({"columns": (Column("text", "text", categories=()),)}, "at least one category"),
        ({"intake": Intake(delimiter="::")}, "ASCII characters"),
        ({"intake": Intake(delimiter='"')}, "two different"),
        ({"intake": Intake(encoding="utf-16")}, "encoding"),  # type: ignore[arg-type] # the mistake under test
        ({"intake": Intake(max_rejected_share=1)}, "share of bad rows"),
        ({"intake": Intake(max_bytes=0)}, "limits of a file"),
        ({"learner": Learner("x", {"rounds": 3})}, "strings"),  # type: ignore[dict-item] # the mistake under test
    ],
)
def test_refusals(change: dict[str, object], complaint: str) -> None:
    """A spec that cannot work is refused with what to write instead."""
    with pytest.raises(InvalidSpecError, match=complaint):
        replace(PIPELINES[DEFAULT], **change)  # type: ignore[arg-type] # one field at a time


def test_specs_of_before_are_read() -> None:
    """A spec written before there were tasks, missing values and decision targets is what it was."""
    written = PIPELINES["reviews"].to_dict()
    old = {name: value for name, value in written.items() if name not in {"task", "missing", "decision"}}
    assert PipelineSpec.from_dict(old) == PIPELINES["reviews"]


def test_text_column() -> None:
    """Only a pipeline of one text column reads a bare text."""
    assert {name: spec.text_column for name, spec in PIPELINES.items()} == {
        "reviews": "text",
        "housing": None,
        "income": None,
    }


@pytest.mark.parametrize(
    "mutation",
    [
        {"missing": "?"},
        {"decision": {"metric": "recall"}},
        {"columns": None},
        {"labels": ["one"]},
        {"unknown": 1},
        {"split": {}},
    ],
)
def test_unreadable(mutation: dict[str, object]) -> None:
    """A document that is no spec is refused as one, whatever is wrong with it."""
    with pytest.raises(InvalidSpecError):
        PipelineSpec.from_dict({**PIPELINES[DEFAULT].to_dict(), **mutation})
