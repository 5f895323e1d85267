import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from training.monitor.selection import LEAST_IN_CELL, chance, distance, weights

CELLS = 10
COUNTS = st.lists(st.integers(0, 40), min_size=CELLS, max_size=CELLS)


def table(scores: np.ndarray, labelled: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    """Return rows as they are counted; without groups each is one of its own."""
    of_row = np.arange(len(scores)) if groups is None else groups
    counted = np.zeros((of_row.max() + 1, 2, CELLS))
    np.add.at(counted, (of_row, labelled.astype(int), (scores * CELLS).astype(int)), 1)
    return counted


@given(st.lists(st.tuples(st.integers(0, CELLS - 1), st.booleans()), min_size=2, max_size=60))
def test_the_distance_is_the_usual_one(rows: list[tuple[int, bool]]) -> None:
    """The distance of labelled and other rows is scipy's Kolmogorov-Smirnov distance of their cells."""
    cells, labelled = (np.array(part) for part in zip(*rows, strict=True))
    found = distance(table(cells / CELLS + 0.01, labelled))
    if labelled.all() or not labelled.any():
        return
    assert found == pytest.approx(ks_2samp(cells[labelled], cells[~labelled]).statistic)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_rows_that_are_all_alike_do_not_differ(share: float) -> None:
    """Where all rows have a label, or none, nothing differs."""
    scores = np.random.default_rng(0).random(100)
    assert chance(table(scores, np.full(100, bool(share)))) == 1.0


@pytest.mark.parametrize("together", [False, True])
def test_labels_by_chance_seldom_differ(together: bool) -> None:  # noqa: FBT001 - a case
    """Rows, or groups of rows alike, that got labels by chance differ as rarely as the level says."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(80), 5)
    found = []
    for _ in range(200):
        scores = 0.5 * random.random(80)[groups] + 0.5 * random.random(400)
        labelled = (random.random(80) < 0.3)[groups] if together else random.random(400) < 0.3
        found.append(chance(table(scores, labelled, groups)) <= 0.05)
    assert 1 <= sum(found) <= 20  # of 10 expected


def test_labels_by_score_differ() -> None:
    """Rows that got labels because of their score differ."""
    random = np.random.default_rng(0)
    scores = random.random(500)
    assert chance(table(scores, random.random(500) < 0.2 + 0.4 * scores)) < 0.01


@given(COUNTS, COUNTS)
def test_labelled_rows_stand_for_all(labelled: list[int], others: list[int]) -> None:
    """The weights of labelled rows sum to all rows of the cells that are not left out."""
    some = np.array(labelled)
    rows = some + np.array(others)
    found, left_out = weights(some, rows)
    assert (found * some).sum() == pytest.approx(rows.sum() * (1 - left_out))
    assert not found[some < LEAST_IN_CELL].any()
