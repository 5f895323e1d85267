from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chalicelib.core.spec import Column
from tests.training.monitor.captured import SPEC
from training.cuts import OTHERS, Cut
from training.monitor import quality
from training.monitor.parts import Partition, Sums, Tally
from training.monitor.window import Tokens
from training.rows import digest

COLUMNS = (
    Column("age", "numeric", lowest=0, highest=120),
    Column("where", "categorical"),
    Column("text", "text", max_length=10),
)
PARTITION = Partition(
    replace(SPEC, columns=COLUMNS),
    [Cut("age", ("0 to 120",), (0.0,)), Cut("where", (OTHERS,)), Cut("text", ("0 to 10",), (0.0,))],
    {"where": frozenset({digest("north")})},
)
GOOD: dict[str, Any] = {"age": 40.0, "where": "north", "text": "short"}


def count(bad: int, change: Mapping[str, Any], rows: int = 400, run: int = 1) -> Sums:
    """Count rows of which so many, spread evenly, are changed."""
    given = [GOOD | dict(change) if bad and row % (rows // bad) == 0 else GOOD for row in range(rows)]
    tally = Tally(len(PARTITION.parts))
    tally.add(PARTITION.members(given), np.zeros(rows), np.arange(rows) // run)
    return tally.sums()


CLEAN = count(0, {})
NO_TOKENS = {"text": Tokens()}


def find(now: Sums, before: Sums = CLEAN) -> dict[str, dict[str, Any]]:
    return quality.find(PARTITION, before, now, NO_TOKENS, NO_TOKENS)


@pytest.mark.parametrize(
    ("change", "column", "kind", "check"),
    [
        ({"age": None}, "age", "missing", "completeness_check"),
        ({"age": 121.0}, "age", "outside", "range_check"),
        ({"where": None}, "where", "missing", "completeness_check"),
        ({"where": "nowhere"}, "where", "unseen", "categorical_values_check"),
        ({"text": "  "}, "text", "missing", "completeness_check"),
        ({"text": "longer than ten"}, "text", "outside", "length_check"),
    ],
)
def test_what_got_worse_is_listed(change: dict[str, Any], column: str, kind: str, check: str) -> None:
    """A twentieth of the rows being wrong in one way is one violation, of that column's, by SageMaker's name."""
    found = find(count(20, change))
    assert found[column][kind]["rows"] == 20
    assert found[column][kind]["now"] == pytest.approx(0.05)
    (violation,) = quality.violations(PARTITION, found, 0.05)
    assert (violation["feature_name"], violation["constraint_check_type"]) == (column, check)
    assert "5.00%" in violation["description"]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (CLEAN, count(4, {"age": None}, rows=100)),
        (CLEAN, count(8, {"age": None}, rows=2_000)),
        (count(20, {"age": None}), count(24, {"age": None}, rows=384)),
        (count(20, {"age": None}), CLEAN),
    ],
    ids=["few rows", "a small share", "by chance", "better"],
)
def test_noise_is_not_listed(before: Sums, now: Sums) -> None:
    """Few rows, a small share, what chance brings and what got better are told and not listed."""
    found = find(now, before)
    assert "missing" in found["age"]
    assert quality.violations(PARTITION, found, 0.05) == []


def test_all_rows_wrong_are_listed() -> None:
    """A column that is gone from every row is a violation, although such a share has no spread."""
    listed = quality.violations(PARTITION, find(count(400, {"where": None})), 0.05)
    assert [one["feature_name"] for one in listed] == ["where"]


def test_one_bad_run_is_no_violation() -> None:
    """Rows that are all wrong in one run of requests, and in no other, may be chance, and are not listed."""
    given = [GOOD | {"age": None} if row < 20 else GOOD for row in range(400)]
    tally = Tally(len(PARTITION.parts))
    tally.add(PARTITION.members(given), np.zeros(400), np.arange(400) // 20)
    assert quality.violations(PARTITION, find(tally.sums()), 0.05) == []


def test_shares_over_all_columns() -> None:
    """The share of what is missing is the mean over columns; of a check that no column has there is none."""
    assert quality.share(PARTITION, count(40, {"age": None}), "missing") == pytest.approx(0.1 / 3)
    assert quality.share(PARTITION, count(40, {"where": "x"}), "unseen") == pytest.approx(0.1)
    plain = replace(PARTITION, spec=replace(SPEC, columns=COLUMNS[2:]), cuts=PARTITION.cuts[2:])
    assert quality.share(plain, CLEAN, "unseen") is None


def test_unknown_tokens() -> None:
    """The share of unknown tokens is over the tokens of all texts; of none there is no share."""
    assert quality.unknown_of([Tokens(90, 9), Tokens(10, 1)]) == pytest.approx(0.1)
    assert quality.unknown_of([Tokens()]) is None
