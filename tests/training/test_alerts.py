from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chalicelib.core.policies import GatePolicy
from chalicelib.core.spec import Column, PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from tests.training.evaluated import make_held_out
from training import alerts
from training.resampling import Groups
from training.slices import Table

KIND = Column("kind", "categorical")


def profile(**changes: Any) -> dict[str, Any]:
    known = {"target": 0.5, "groups": 800, "columns": {"kind": {"missing": 0.1, "categories": ["a", "b"]}}}
    return known | changes


def kinds(found: Sequence[dict[str, str]]) -> list[str]:
    return [alert["kind"] for alert in found]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, []), (0.55, []), (0.8, ["target_shift"]), (0.2, ["target_shift"])]
)
def test_other_targets_are_told(spec: PipelineSpec, share: float, expected: list[str]) -> None:
    """Two hundred rows with another share of positive ones are odd, with a few more they are not."""
    target = [float(row < share * 200) for row in range(200)]
    assert kinds(alerts.find(make_held_out(spec, target), profile(), [])) == expected


def test_groups_explain_a_difference(spec: PipelineSpec) -> None:
    """Eight of ten positive rows are odd if rows are independent, and chance if they are of ten films of one label."""
    target = [float(row < 160) for row in range(200)]
    apart = make_held_out(spec, target)
    films = replace(apart, groups=Groups(np.arange(200) // 20, 10))
    assert kinds(alerts.find(apart, profile(), [])) == ["target_shift"]
    assert "target_shift" not in kinds(alerts.find(films, profile(groups=40), []))


def test_chance_is_rarely_an_alert(spec: PipelineSpec) -> None:
    """Of 300 samples of the fitted distribution, in groups that differ, at most two are said to be odd."""
    odd = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        share = random.beta(2, 2, size=30)[np.arange(240) // 8]
        held_out = make_held_out(spec, (random.random(240) < share).astype(float).tolist())
        odd += len(alerts.find(replace(held_out, groups=Groups(np.arange(240) // 8, 30)), profile(groups=240), []))
    assert odd <= 2


def test_numbers_shift_too() -> None:
    """A regression's target has a mean that can be odd."""
    target = np.random.default_rng(0).normal(22, 9, size=100).tolist()
    assert alerts.find(make_held_out(HOUSING, target), profile(target=22.0, columns={}), []) == []
    assert kinds(alerts.find(make_held_out(HOUSING, target), profile(target=30.0, columns={}), [])) == ["target_shift"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a"] * 90 + [None] * 10, ""),
        (["a"] * 94 + [None] * 6, ""),
        (["a"] * 60 + [None] * 40, "'kind' is missing in 40.0% of the held-out rows and in 10.0%"),
        (["a"] * 80 + ["new"] * 10 + [None] * 10, "'kind' holds categories new to the model in 10.0%"),
        (["a"] * 87 + ["new"] * 3 + [None] * 10, ""),
    ],
)
def test_schemas_drift(spec: PipelineSpec, values: list[str | None], message: str) -> None:
    """A column that is missing far more often, or holds much that is new, is told with its figures."""
    held_out = make_held_out(spec, [float(row % 2) for row in range(100)])
    found = alerts.find(held_out, profile(), [Table(KIND, values)])
    assert [alert["kind"] for alert in found] == (["schema_drift"] if message else [])
    assert all(message in alert["message"] for alert in found)


def test_columns_that_were_full_may_have_one_gap(spec: PipelineSpec) -> None:
    """One missing value in a column that had none is no drift, thirty in a hundred are."""
    full = profile(columns={"kind": {"missing": 0.0, "categories": None}})
    held_out = make_held_out(spec, [float(row % 2) for row in range(100)])
    assert alerts.find(held_out, full, [Table(KIND, ["x"] * 99 + [None])]) == []
    assert kinds(alerts.find(held_out, full, [Table(KIND, ["x"] * 70 + [None] * 30)])) == ["schema_drift"]


@pytest.mark.parametrize(("rows", "expected"), [(20, []), (400, ["schema_drift"])])
def test_full_columns_are_odd_only_where_gaps_were_to_be_expected(
    spec: PipelineSpec, rows: int, expected: list[str]
) -> None:
    """Of a column that was missing in 8 %, no gap among twenty rows is chance; none among four hundred is not."""
    gaps = profile(columns={"kind": {"missing": 0.08, "categories": None}})
    held_out = make_held_out(spec, [float(row % 2) for row in range(rows)])
    assert kinds(alerts.find(held_out, gaps, [Table(KIND, ["x"] * rows)])) == expected


def test_few_rows_are_told_whatever_is_known(spec: PipelineSpec) -> None:
    """Fewer rows of a label than the gate asks for are told, with the label and both counts."""
    strict = replace(spec, gate=GatePolicy(min_rows=20, min_groups=5))
    (alert,) = alerts.find(make_held_out(strict, [0.0] * 30 + [1.0] * 19), None, [])
    assert alert["kind"] == "few_rows"
    assert "19 held-out rows in 19 groups (positive) are fewer than the 20 rows" in alert["message"]
