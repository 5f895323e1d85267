"""Draws of windows and baselines: which rows they are made of."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from training.monitor.grouped import Grouped
from training.monitor.null import FIRST, Deal, Null
from training.resampling import Groups

SIZES = st.lists(st.integers(1, 6), min_size=3, max_size=12)


def by_group(sizes: list[int], first: int, width: int) -> Grouped:
    """Return rows whose only feature is their group's number."""
    of_row = np.repeat(np.arange(len(sizes)), sizes)
    rows = sparse.csr_matrix(
        (np.ones(len(of_row), np.float32), (np.arange(len(of_row)), first + of_row)), (len(of_row), width)
    )
    return Grouped.of(rows, Groups(of_row, len(sizes)))


@given(SIZES, SIZES)
def test_no_group_is_on_both_sides(baseline: list[int], window: list[int]) -> None:
    """In each draw a window has groups of the sizes asked for, and the baseline all rows of all others, and no more."""
    width = len(baseline) + len(window)
    deal = Deal(by_group(baseline, 0, width), by_group(window, len(baseline), width))
    sizes = np.array(baseline + window)
    windows, baselines = deal.draw(20, np.random.default_rng(0))
    assert np.allclose(windows.sum(axis=1), 1)
    assert not ((windows > 0) & (baselines > 0)).any()
    for drawn, left in zip(windows, baselines, strict=True):
        rows = np.rint(drawn * sum(window)).astype(int)
        assert sorted(rows[rows > 0]) == sorted(window)
        assert (rows <= sizes).all()
        assert np.allclose(left, np.where(rows > 0, 0, sizes) / sizes[rows == 0].sum())


def test_every_group_can_be_drawn_alike() -> None:
    """Groups of one size come into windows equally often, whichever side they are of."""
    deal = Deal(by_group([2] * 6, 0, 10), by_group([2] * 4, 6, 10))
    windows, _ = deal.draw(4_000, np.random.default_rng(0))
    assert (windows > 0).mean(axis=0) == pytest.approx(0.4, abs=0.04)


def test_rows_of_a_group_are_drawn_alike() -> None:
    """Where a window takes some rows of a group, each of its rows comes equally often, and none twice."""
    features = sparse.identity(12, np.float32, "csr")
    null = (
        Grouped.of(features[:10], Groups(np.repeat([0, 1], 5), 2)),
        Grouped.of(features[10:], Groups(np.zeros(2, np.int64), 1)),
    )
    windows, _ = Deal(*null).draw(6_000, np.random.default_rng(0))
    assert set(np.rint(windows * 2).ravel()) == {0, 1}
    assert (windows[:, :10] > 0).mean(axis=0) == pytest.approx(2 / 3 * 2 / 10, abs=0.02)


def test_many_rows_are_counted_right() -> None:
    """A window of more rows than 16 bits count has shares of at most 1."""
    ones = sparse.csr_matrix(np.ones((40_000, 1), np.float32))
    deal = Deal(*(Grouped.of(ones, Groups(np.arange(40_000), 40_000)) for _ in range(2)))
    windows, baselines = deal.draw(2, np.random.default_rng(0))
    assert windows.ravel() == pytest.approx(1)
    assert baselines.ravel() == pytest.approx(1)


def test_rounds_go_on_where_they_ended() -> None:
    """Each round has the draws of the one before, up to their centre, and about twice as many, the last one all."""
    held = np.random.default_rng(0).random((200, 5)) < np.linspace(0.1, 0.9, 5)
    features, groups = sparse.csr_matrix(held.astype(np.float32)), Groups(np.repeat(np.arange(50), 4), 50)
    rounds = [*Null(features, groups, draws=170).rounds(features[:40], groups.take(np.arange(40)))]
    assert [len(draws.differences) for draws in rounds] == [FIRST, 2 * FIRST, 170]
    for before, after in pairwise(rounds):
        one, other = (draws.differences[: len(before.differences)] for draws in (before, after))
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.99
