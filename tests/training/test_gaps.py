import json

import pytest

from chalicelib.core.spec import Column, Learner, PipelineSpec, Split
from training.gaps import Gaps
from training.rows import Side

ROWS: list[tuple[Side, float | None, str | None]] = [
    ("train", 1.0, "a"),
    ("train", None, "b"),
    ("train", None, "b"),
    ("train", 2.0, "a"),
    ("validation", None, "b"),
    ("test", 1.0, "c"),
    ("test", 1.0, None),
]


def make_spec(*columns: Column) -> PipelineSpec:
    return PipelineSpec("x", "X?", columns, "y", ("no", "yes"), None, Split("s"), Learner("tabular_boosting"))


@pytest.fixture
def gaps() -> Gaps:
    counted = Gaps(make_spec(Column("number", "numeric"), Column("kind", "categorical"), Column("note", "text")))
    for side, number, kind in ROWS:
        counted.count(side, json.dumps({"id": "0", "number": number, "kind": kind, "note": ""}).encode())
    return counted


def test_missing_values_are_a_share_of_each_side(gaps: Gaps) -> None:
    """Of each column that may lack a value the share that does is told, by side."""
    assert gaps.summary()["missing"] == {
        "number": {"train": 0.5, "validation": 1.0, "test": 0.0},
        "kind": {"train": 0.0, "validation": 0.0, "test": 0.5},
    }


def test_categories_without_a_training_row_are_counted(gaps: Gaps) -> None:
    """A category that only held-out rows have is unseen; a missing one is none."""
    assert gaps.summary()["unseen"] == {"kind": {"validation": 0, "test": 1}}


def test_texts_alone_have_no_gaps() -> None:
    """A pipeline of texts has nothing to count, and a side without rows no share."""
    assert Gaps(make_spec(Column("note", "text"))).summary() == {"missing": {}, "unseen": {}}
    assert Gaps(make_spec(Column("number", "numeric"))).summary() == {"missing": {"number": {}}, "unseen": {}}
