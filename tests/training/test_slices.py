import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import Column, PipelineSpec
from tests.training.evaluated import make_answers, make_held_out
from training.errors import ScoresError
from training.slices import Table, by_column, by_source, read_table

HALF = [row % 2 for row in range(40)]


def test_categories_are_slices(spec: PipelineSpec) -> None:
    """Each frequent value is a slice with its own metrics; values of few rows are one, missing ones another."""
    held_out = make_held_out(spec, HALF)
    answers = make_answers([0.9 if half and row < 20 else 0.1 for row, half in enumerate(HALF)])
    values = ["a"] * 20 + ["b"] * 14 + ["c", "d", "e", None, None, None]
    found = by_column(held_out, answers, [Table(Column("kind", "categorical"), values)])
    assert [(one["slice"], one["rows"]) for one in found] == [
        ("a", 20),
        ("b", 14),
        ("(all other values)", 3),
        ("(missing)", 3),
    ]
    assert [found[place]["metrics"]["accuracy"]["value"] for place in (0, 1)] == [1, 0.5]
    assert found[2]["column"] == "kind"


@given(values=st.lists(st.none() | st.floats(-1e6, 1e6), min_size=40, max_size=40))
def test_every_row_is_in_one_slice(spec: PipelineSpec, values: list[float | None]) -> None:
    """Whatever numbers a column holds, its slices hold each row once."""
    tables = [Table(Column("size", "numeric"), values)]
    found = by_column(make_held_out(spec, HALF), make_answers([0.5] * 40), tables)
    assert sum(one["rows"] for one in found) == 40
    assert len(found) <= 5


def test_numbers_are_cut_into_quarters(spec: PipelineSpec) -> None:
    """A number's slices are the quarters of the held-out rows, in their order."""
    tables = [Table(Column("size", "numeric"), [float(row) for row in range(40)])]
    found = by_column(make_held_out(spec, HALF), make_answers([0.5] * 40), tables)
    assert [(one["slice"], one["rows"]) for one in found] == [
        ("0 to 9.75", 10),
        ("9.75 to 19.5", 10),
        ("19.5 to 29.25", 10),
        ("29.25 to 39", 10),
    ]


def test_sources_are_measured_apart(spec: PipelineSpec) -> None:
    """The rows of each uploaded file have their own metrics; files that are not known are no slice."""
    sources = ["good.csv"] * 20 + ["bad.csv"] * 15 + [""] * 5
    answers = make_answers([0.9 if half == (row < 20) else 0.1 for row, half in enumerate(HALF)])
    found = by_source(make_held_out(spec, HALF, sources), answers)
    assert [(one["source"], one["rows"], one["metrics"]["accuracy"]["value"]) for one in found] == [
        ("bad.csv", 15, 0),
        ("good.csv", 20, 1),
    ]
    assert by_source(make_held_out(spec, HALF), answers) == []


def test_of_texts_only_the_length_is_kept(tmp_path: Path, spec: PipelineSpec) -> None:
    """A text's slice is by its length, in the order of the truth; another row is refused."""
    held_out = make_held_out(spec, [0, 1])
    lines = [{"id": "row 1", "text": "four"}, {"id": "row 0", "text": "seventeen letters"}]
    (tmp_path / "features.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read_table(tmp_path / "features.jsonl", held_out)[0].values == [17.0, 4.0]
    with pytest.raises(ScoresError, match="not those of the truth"):
        read_table(tmp_path / "features.jsonl", make_held_out(spec, [0, 1, 1]))


def test_slices_of_one_label_have_no_auc(spec: PipelineSpec) -> None:
    """What cannot be measured of a slice is null, and JSON can hold it."""
    held_out = replace(make_held_out(spec, HALF), target=np.ones(40))
    (one,) = by_column(held_out, make_answers([0.9] * 40), [Table(Column("kind", "categorical"), ["a"] * 40)])
    assert one["metrics"]["auc"] == {"value": None, "standard_deviation": None}
    assert one["metrics"]["accuracy"] == {"value": 1, "standard_deviation": 0}
    json.dumps(one, allow_nan=False)
