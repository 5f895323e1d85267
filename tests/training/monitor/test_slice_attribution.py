from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from chalicelib.core.spec import Column
from tests.training.monitor.captured import SPEC
from training import cuts
from training.monitor.attribution import Contributions, Explained
from training.monitor.parts import Partition
from training.monitor.slice_attribution import deal, find, violations
from training.resampling import Groups

PLACES = Partition(
    replace(SPEC, columns=(Column("where", "categorical"),)),
    [cuts.Cut("where", ("north", "south", "east", cuts.OTHERS))],
    {"where": frozenset()},
)
SCALE = np.linspace(1, 0.05, 12)


def explained(scales: dict[str, np.ndarray], seed: int, rows: int = 200, run: int = 2) -> Explained:
    """Return so many rows of each place, in an order of chance; ``run`` rows one after the other are a group."""
    random = np.random.default_rng(seed)
    where = random.permutation(np.repeat(np.array([*scales]), rows)).tolist()
    values = random.normal(size=(len(where), len(SCALE))) * np.array([scales[name] for name in where])
    groups = Groups(np.arange(len(where)) // run, -(-len(where) // run))
    return Explained(sparse.csr_matrix(values), groups, PLACES.members([{"where": name} for name in where]))


def baseline_of(rows: Explained) -> Contributions:
    return Contributions("m", np.arange(rows.values.shape[1]), rows.values, rows.groups, rows.members)


def take(rows: Explained, places: np.ndarray) -> Explained:
    return Explained(rows.values[places], replace(rows.groups, of_row=rows.groups.of_row[places]), rows.members[places])


ALIKE = {"north": SCALE, "south": SCALE[::-1], "east": np.roll(SCALE, 6)}
BASELINE = baseline_of(explained(ALIKE, 0))


def test_a_reversed_ranking_is_found_where_it_is() -> None:
    """A slice in which the features matter in the reverse order is listed with its facet, and no other slice is."""
    slices = find(PLACES, BASELINE, explained(ALIKE | {"north": SCALE[::-1]}, 1), 0.05)
    assert [(one["column"], one["slice"]) for one in slices] == [("where", name) for name in ALIKE]
    north, *others = slices
    assert (north["rows"], north["rows_before"]) == (200, 200)
    assert north["ndcg"] < 0.9
    assert north["ndcg_without_drift"] > 0.95
    assert all(one["ndcg"] > 0.95 and one["p_value"] > 0.05 for one in others)
    (listed,) = violations(slices, "price", "shap", 0.05)
    assert {name: value for name, value in listed.items() if name != "description"} == {
        "label": "price",
        "facet": "where",
        "facet_value": "north",
        "metric_name": "shap",
        "constraint_check_type": "feature_attribution_drift_check",
    }


def test_a_slice_that_grew_has_not_drifted() -> None:
    """Where a slice has more of the rows than it had, every slice is still ranked against itself."""
    grown = explained(ALIKE, 1)
    north = grown.members[:, 0]
    fewer = take(grown, np.flatnonzero(north | (np.arange(600) % 3 == 0)))
    slices = find(PLACES, BASELINE, fewer, 0.05)
    assert [one["rows"] > 150 for one in slices] == [True, False, False]
    assert all(one["ndcg"] > 0.95 and one["p_value"] > 0.05 for one in slices)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ((50, 2), (50, 2), 3),
        ((49, 2), (50, 2), 0),
        ((50, 2), (49, 2), 0),
        ((60, 60), (60, 2), 0),
        ((60, 2), (60, 60), 0),
    ],
    ids=["enough", "few rows before", "few rows now", "few groups before", "few groups now"],
)
def test_slices_of_few_rows_are_not_told(before: tuple[int, int], now: tuple[int, int], told: int) -> None:
    """A slice of fewer than fifty explained rows on either side, or of fewer than twenty groups, is not told."""
    sides = [explained(ALIKE, seed, *made) for seed, made in enumerate((before, now))]
    assert len(find(PLACES, baseline_of(sides[0]), sides[1], 0.05)) == told


def test_a_slice_that_is_all_rows_is_not_told() -> None:
    """A slice that is all rows of both sides is told with all rows; one that is all of the window's only is a slice."""
    alone = explained({"north": SCALE}, 1)
    assert find(PLACES, baseline_of(alone), alone, 0.05) == []
    assert [one["slice"] for one in find(PLACES, BASELINE, alone, 0.05)] == ["north"]


@settings(max_examples=20)
@given(st.integers(0, 1_000), st.integers(50, 120), st.integers(1, 3))
def test_the_baselines_own_rows_have_gain_one(seed: int, rows: int, run: int) -> None:
    """A window of the baseline's own rows has every slice's ranking, and nothing is as good by chance."""
    same = explained(ALIKE, seed, rows, run)
    for one in find(PLACES, baseline_of(same), same, 0.05):
        assert one["ndcg"] == pytest.approx(1)
        assert one["p_value"] == 1


@settings(max_examples=10)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(random: Any) -> None:
    """What is told of slices is the same in whatever order rows come, if they keep their groups."""
    window = explained(ALIKE | {"north": SCALE[::-1]}, 1, rows=80)
    orders = [random.sample(range(count), count) for count in (240, 600)]
    whole = baseline_of(take(explained(ALIKE, 0), np.array(orders[1])))
    for one, other in zip(
        find(PLACES, BASELINE, window, 0.05),
        find(PLACES, whole, take(window, np.array(orders[0])), 0.05),
        strict=True,
    ):
        assert one == {name: pytest.approx(value) for name, value in other.items()}


def test_what_matters_seldom_is_no_drift() -> None:
    """Where few rows have what contributes most, small p-values without drift are no more frequent than they say."""

    def some(seed: int) -> Explained:
        random = np.random.default_rng(seed)
        values = random.normal(size=(200, 12)) * SCALE
        values[:, :4] *= 20 * (random.random((200, 4)) < 0.02)
        where = ["north", "south"] * 100
        groups = Groups(np.arange(200), 200)
        return Explained(sparse.csr_matrix(values), groups, PLACES.members([{"where": name} for name in where]))

    smallest = [
        min(one["p_value"] for one in find(PLACES, baseline_of(some(2 * seed)), some(2 * seed + 1), 0.05))
        for seed in range(100)
    ]
    assert np.mean(np.array(smallest) <= 0.1) < 0.2


@pytest.mark.parametrize("level", [0.05, 0.001])
def test_a_p_value_can_be_as_small_as_the_level(level: float) -> None:
    """However small the level, a ranking that no dealt window has is found, corrected for the number of slices."""
    slices = find(PLACES, BASELINE, explained(ALIKE | {"east": SCALE}, 1), level)
    assert [one["facet_value"] for one in violations(slices, "label", "weights", level)] == ["east"]


@pytest.mark.parametrize(
    ("gain", "chance", "listed"), [(0.89, 0.05, True), (0.9, 0.001, False), (0.5, 0.051, False)], ids=str
)
def test_only_what_is_low_and_no_chance_is_listed(gain: float, chance: float, *, listed: bool) -> None:
    """A slice is a violation where its gain is below Clarify's bound and its p-value is at most the level."""
    one = {"column": "where", "slice": "north", "ndcg": gain, "ndcg_without_drift": 0.99, "p_value": chance}
    assert bool(violations([one], "label", "shap", 0.05)) == listed


def test_rows_of_a_group_stay_together() -> None:
    """Windows are dealt in whole groups: of long runs of like rows their gains are lower than of single rows."""
    random = np.random.default_rng(0)
    single = sparse.csr_matrix(np.repeat(random.normal(size=(40, 12)), 10, axis=0))
    of_runs, of_rows = (np.median(deal(single, groups, 200, 100)) for groups in (np.arange(400) // 10, np.arange(400)))
    assert of_runs < of_rows - 0.01


@given(st.lists(st.integers(1, 30), min_size=2, max_size=30), st.integers(1, 300))
def test_neither_side_is_empty(sizes: list[int], rows: int) -> None:
    """However uneven the groups and however many rows are asked for, both sides of every deal have some."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    # A feature for each group: what one side has the other lacks, so only a side without any agrees with the other.
    gains = deal(sparse.csr_matrix(np.eye(len(sizes))[groups]), groups, rows, 20)
    assert gains.shape == (20,)
    assert (gains < 1 - 1e-9).all()
