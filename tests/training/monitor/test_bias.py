from dataclasses import replace

import numpy as np
import pytest

from chalicelib.core.spec import Column
from tests.training.monitor.captured import SPEC
from training import cuts
from training.monitor import bias
from training.monitor.parts import Partition, Sums, Tally

PLACE = Column("where", "categorical")
LABELS = replace(SPEC, columns=(PLACE,))
VALUES = replace(LABELS, task="regression", labels=(), target="price")
CUT = cuts.Cut("where", ("north", "south", "east", cuts.OTHERS))


def partition_of(spec: object = LABELS) -> Partition:
    return Partition(spec, [CUT], {"where": frozenset()})  # type: ignore[arg-type]


def count(rows: dict[str, list[float]], run: int = 1) -> Sums:
    """Count answers by the place of their rows; ``run`` rows one after the other are a group."""
    partition = partition_of()
    named = [({"where": name}, answer) for name, answers in rows.items() for answer in answers]
    np.random.default_rng(0).shuffle(named)
    tally = Tally(len(partition.parts))
    tally.add(
        partition.members([row for row, _ in named]),
        np.array([answer for _, answer in named]),
        np.arange(len(named)) // run,
    )
    return tally.sums()


def shares(**positive: tuple[int, int]) -> dict[str, list[float]]:
    return {name: [1.0] * some + [0.0] * (rows - some) for name, (some, rows) in positive.items()}


MANY = count(shares(north=(5_000, 10_000), south=(5_000, 10_000)))
BEFORE = count(shares(north=(50, 100), south=(50, 100), east=(60, 120)))


def test_slices_are_told_with_clarifys_metrics() -> None:
    """Of each slice are told its share of positive answers, and DPPL and DI as Clarify defines them."""
    now = count(shares(north=(20, 100), south=(50, 100), east=(60, 120)))
    north, south, _ = bias.find(partition_of(), BEFORE, now)
    assert (north["slice"], north["rows"], north["before"], north["now"]) == ("north", 100, 0.5, 0.2)
    assert north["change"] == pytest.approx(-0.3)
    assert north["lower"] < north["change"] < north["upper"] < 0
    assert north["difference"]["now"] == pytest.approx(0.5 - 0.2)
    assert north["disparate_impact"] == {"before": pytest.approx(1), "now": pytest.approx(0.2 / 0.5)}
    assert south["change"] == 0
    assert south["lower"] < 0 < south["upper"]


def test_what_grew_is_listed_as_clarify_lists_it() -> None:
    """A difference that grew, not by chance and not by little, is a violation with its facet."""
    now = count(shares(north=(20, 100), south=(50, 100), east=(60, 120)))
    (found,) = bias.violations(bias.find(partition_of(), BEFORE, now), 0.05, 1.0)
    assert {name: found[name] for name in ("facet", "facet_value", "metric_name", "constraint_check_type")} == {
        "facet": "where",
        "facet_value": "north",
        "metric_name": "DPPL",
        "constraint_check_type": "bias_drift_check",
    }


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (BEFORE, count(shares(north=(49, 100), south=(52, 100), east=(60, 120)))),
        (count(shares(north=(20, 100), south=(50, 100), east=(60, 120))), BEFORE),
        (MANY, count(shares(north=(4_850, 10_000), south=(5_200, 10_000)))),
    ],
    ids=["by chance", "towards zero", "too little"],
)
def test_what_is_no_violation(before: Sums, now: Sums) -> None:
    """What moved by chance, towards equality, or by less than the floor is told and not listed."""
    slices = bias.find(partition_of(), before, now)
    assert slices
    assert bias.violations(slices, 0.05, 1.0) == []


def test_slices_of_few_rows_are_not_told() -> None:
    """A slice of fewer than ten rows on either side is not told, nor one that is all rows."""
    now = count(shares(north=(50, 100), south=(2, 9), east=(60, 120)))
    assert [one["slice"] for one in bias.find(partition_of(), BEFORE, now)] == ["north", "east"]
    alone = count(shares(north=(50, 100)))
    assert bias.find(partition_of(), BEFORE, alone) == []


def test_a_regressions_slices_have_means() -> None:
    """Of a regression the mean values of slices are compared, and there is no disparate impact."""
    random = np.random.default_rng(0)
    before, now = (
        count({"north": random.normal(north, 1, 100).tolist(), "south": random.normal(10, 1, 100).tolist()})
        for north in (10, 14)
    )
    north, _ = bias.find(partition_of(VALUES), before, now)
    assert "disparate_impact" not in north
    assert north["change"] == pytest.approx(4, abs=0.5)
    assert [one["facet_value"] for one in bias.violations([north], 0.05, 10.0)] == ["north"]


def test_rows_of_a_group_count_as_one() -> None:
    """The same shares in long runs of like rows have wider bounds than in rows that are independent."""
    rows = shares(north=(500, 1_000), south=(500, 1_000))
    partition = partition_of()
    ordered = [({"where": name}, answer) for name, answers in rows.items() for answer in answers]
    widths = []
    for run in (1, 50):
        tally = Tally(len(partition.parts))
        tally.add(
            partition.members([row for row, _ in ordered]),
            np.array([answer for _, answer in ordered]),
            np.arange(len(ordered)) // run,
        )
        (north, _) = bias.find(partition, tally.sums(), tally.sums())
        widths.append(north["upper"] - north["lower"])
    assert widths[1] > 5 * widths[0]
