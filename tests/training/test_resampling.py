import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import resampling
from training.resampling import Estimate, Floats, Groups, Statistic, estimate, mean

RANDOM = np.random.default_rng(1)


def mean_of(values: Floats, groups: Groups) -> Statistic:
    sums, rows = groups.sums(values), groups.sums(np.ones(len(values)))
    return lambda weights: (weights @ sums) / (weights @ rows)


def make(groups: int, rows: int, seed: int = 0, between: float = 1.0) -> tuple[Floats, Groups]:
    """Return numbers around 0 in groups that differ, and the groups."""
    random = np.random.default_rng(seed)
    of_row = np.repeat(np.arange(groups), rows)
    return between * random.normal(size=groups)[of_row] + random.normal(size=len(of_row)), Groups(of_row, groups)


def test_draws_are_of_whole_groups() -> None:
    """Each draw has as many groups as there are, some of them several times, and draws differ."""
    drawn = np.concatenate(list(Groups.of(list("aabbbcde")).draws(50, seed=3)))
    assert drawn.shape == (50, 5)
    assert (drawn.sum(axis=1) == 5).all()
    assert len(np.unique(drawn, axis=0)) > 10


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many draws are in memory at once, they are the same."""
    groups = Groups.of(list("abcdefgh"))
    (whole,) = groups.draws(30, seed=0)
    monkeypatch.setattr(resampling, "CELLS", 24)
    blocks = list(groups.draws(30, seed=0))
    assert len(blocks) == 10
    assert (np.concatenate(blocks) == whole).all()


@pytest.mark.parametrize("count", [5, 80])
def test_bootstrap_and_formula_agree(count: int) -> None:
    """The resampled error of a mean is that of the clustered formula, also of few groups."""
    values, groups = make(count, 5)
    resampled = estimate({"mean": mean_of(values, groups)}, groups)["mean"]
    assert resampled.value == pytest.approx(mean(values, groups).value)
    assert resampled.error == pytest.approx(mean(values, groups).error, rel=0.05)


def test_copies_within_a_group_make_nothing_surer() -> None:
    """Ten copies of each row, in its group, leave the error as it was; as rows of their own they would shrink it."""
    values, groups = make(40, 1)
    copies = np.repeat(values, 10)
    inside = Groups(np.repeat(groups.of_row, 10), 40)
    apart = Groups(np.arange(400), 400)
    statistics = (estimate({"mean": mean_of(copies, grouping)}, grouping)["mean"].error for grouping in (inside, apart))
    clustered, naive = statistics
    assert clustered == pytest.approx(mean(values, groups).error, rel=0.05)
    assert naive < clustered / 2


def test_bounds_hold_what_they_promise() -> None:
    """Of 400 samples of few groups, the truth lies below the lower bound of 5 % in about 5 %."""
    below = 0
    for seed in range(400):
        values, groups = make(12, 6, seed)
        below += mean(values, groups).bounds(0.05)[0] > 0
    assert 8 <= below <= 34  # 20 expected; beyond these ends with odds of one in a thousand


@given(st.floats(-1, 1), st.floats(0.001, 1), st.integers(2, 500), st.floats(0.001, 0.499))
def test_p_value_and_bound_are_one_test(value: float, error: float, groups: int, level: float) -> None:
    """The p-value against the lower bound is the level that the bound was made for."""
    one = Estimate(value, error, groups)
    assert one.exceeds(one.bounds(level)[0]) == pytest.approx(level, rel=1e-6)


@pytest.mark.parametrize(("bound", "p"), [(-0.01, 0.0), (0.0, 1.0), (0.01, 1.0)])
def test_certain_figures_have_certain_p_values(bound: float, p: float) -> None:
    """Two models that agree on every row differ by 0, whatever is drawn."""
    assert Estimate(0.0, 0.0, 9).exceeds(bound) == p


def test_one_group_tells_no_error() -> None:
    """From a single group nothing is known of others: no error, no p-value."""
    groups = Groups.of(["a"] * 5)
    values = RANDOM.normal(size=5)
    assert math.isnan(estimate({"mean": mean_of(values, groups)}, groups)["mean"].error)
    assert math.isnan(mean(values, groups).error)
    assert math.isnan(mean(values, groups).exceeds(0))


def test_statistics_without_a_value_tell_no_error() -> None:
    """A statistic that most draws do not have has no error."""
    groups = Groups.of(list("abcdef"))
    rarely = estimate({"x": lambda weights: np.where(weights[:, 0] > 1, 1.0, np.nan)}, groups)["x"]
    assert math.isnan(rarely.error)


def test_taken_rows_are_numbered_anew() -> None:
    """Some rows have the groups that are left among them, without gaps."""
    some = Groups.of(list("abcabc")).take(np.array([1, 2, 4]))
    assert some.count == 2
    assert some.of_row.tolist() == [0, 1, 0]
