import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from training.monitor.distances import (
    Ints,
    chi_squared,
    holm,
    jensen_shannon,
    kolmogorov_smirnov,
    merge,
    population_stability,
    presences,
)

PAIRS = st.lists(st.tuples(st.integers(10, 500), st.integers(10, 500)), min_size=2, max_size=30).map(
    lambda pairs: np.array(pairs).T
)
COUNTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=30).map(
    lambda pairs: np.array([*pairs, (1, 1)]).T
)


@given(PAIRS)
def test_chi_squared_is_scipys(pair: Ints) -> None:
    """Statistic and p-value of frequent cells are those of scipy's test of a table."""
    expected = stats.contingency.expected_freq(pair)
    if expected.min() < 5:
        return
    statistic, chance = chi_squared(*pair)
    oracle = stats.chi2_contingency(pair, correction=False)
    assert statistic == pytest.approx(oracle.statistic)
    assert chance == pytest.approx(oracle.pvalue)


@given(COUNTS)
def test_jensen_shannon_is_scipys(pair: Ints) -> None:
    """The distance is scipy's to base 2, also with empty cells."""
    exact = distance.jensenshannon(pair[0].astype(float), pair[1].astype(float), base=2)
    assert jensen_shannon(*pair) == pytest.approx(exact, abs=1e-6)


@given(COUNTS)
def test_distances_are_within_their_bounds(pair: Ints) -> None:
    """All distances are finite and zero between equals, both ways alike, and p-values are chances."""
    for measure in (population_stability, jensen_shannon):
        assert measure(pair[0], pair[0]) == pytest.approx(0, abs=1e-6)
        assert 0 <= measure(*pair) < math.inf
        assert measure(*pair) == pytest.approx(measure(*pair[::-1]))
    for test in (chi_squared, kolmogorov_smirnov):
        value, chance = test(*pair)
        assert value >= 0
        assert 0 <= chance <= 1


def test_kolmogorov_smirnov_is_scipys() -> None:
    """Distance and p-value of numbers in cells of one value each are scipy's asymptotic ones."""
    random = np.random.default_rng(3)
    baseline, window = random.integers(0, 30, 5_000), random.integers(0, 31, 3_000)
    found = kolmogorov_smirnov(np.bincount(baseline, minlength=31), np.bincount(window, minlength=31))
    oracle = stats.ks_2samp(baseline, window, method="asymp")
    assert found[0] == pytest.approx(oracle.statistic)
    assert found[1] == pytest.approx(stats.kstwobign.sf(oracle.statistic * math.sqrt(5_000 * 3_000 / 8_000)), rel=1e-6)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 200)), min_size=1, max_size=20))
def test_many_presences_are_compared_as_one_is(held: list[tuple[int, int]]) -> None:
    """Features that rows have or lack are compared all at once as each alone, and not where they are rare."""
    one, other = (np.array(counts) for counts in zip(*held, strict=True))
    before, now = np.stack([one, 300 - one], axis=1), np.stack([other, 200 - other], axis=1)
    for place, found in enumerate(zip(*presences(before, now), strict=True)):
        stability, divergence, chance = found
        assert stability == pytest.approx(population_stability(before[place], now[place]))
        assert divergence == pytest.approx(jensen_shannon(before[place], now[place]))
        rare = (before[place] + now[place]).min() * 200 / 500 < 5
        assert chance == pytest.approx(1 if rare else chi_squared(before[place], now[place])[1])


def test_rare_cells_are_counted_as_one() -> None:
    """A hundred categories seen once each are one cell, not a hundred degrees of freedom."""
    baseline, window = np.array([1_000, 1_000, *[1] * 100]), np.array([100, 100, *[0] * 100])
    assert chi_squared(baseline, window)[1] == chi_squared(np.array([1_000, 1_000, 100]), np.array([100, 100, 0]))[1]


def test_stability_of_shares() -> None:
    """The index of shares that went from 50:50 to 60:40 is that of its formula."""
    found = population_stability(np.array([5_000_000, 5_000_000]), np.array([6_000_000, 4_000_000]))
    assert found == pytest.approx(0.1 * math.log(0.6 / 0.5) - 0.1 * math.log(0.4 / 0.5), rel=1e-4)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=200))
def test_bins_hold_equal_shares(cells: list[int]) -> None:
    """Bins hold all rows, and each as much of the baseline as it can without cutting a cell."""
    baseline = np.array(cells)
    bins = merge(baseline, baseline)
    assert bins.sum() == baseline.sum()
    assert bins.max() <= baseline.sum() / 10 + baseline.max()


def test_null_of_chi_squared() -> None:
    """Of equal distributions a twentieth is below the level of 5 %."""
    random = np.random.default_rng(0)
    chances = [
        chi_squared(random.multinomial(2_000, [0.1] * 10), random.multinomial(500, [0.1] * 10))[1] for _ in range(2_000)
    ]
    assert 0.035 < np.mean(np.array(chances) < 0.05) < 0.065


@pytest.mark.parametrize(
    ("chances", "corrected"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([0.01, 0.04], [0.02, 0.04]),
        ([0.03, 0.01, 0.02], [0.04, 0.03, 0.04]),  # never below that of a smaller one
        ([0.9, 0.8], [1.0, 1.0]),
    ],
)
def test_holm(chances: list[float], corrected: list[float]) -> None:
    """Each p-value is multiplied by how many are no smaller, and their order is kept."""
    assert holm(chances) == pytest.approx(corrected)
