import numpy as np
import pytest

from training.monitor.columns import LEAST_VALUES, compare, compare_words
from training.monitor.edges import Counts, count, find_edges

RANDOM = np.random.default_rng(0)


def numbers(before: np.ndarray, now: np.ndarray) -> tuple[Counts, Counts]:
    edges = find_edges(before)
    (one,), (other,) = count([before[:, None]], [edges]), count([now[:, None]], [edges])
    return one, other


def test_what_moved_is_told_from_what_did_not() -> None:
    """A column that moved by half a deviation is far apart and beyond chance; its neighbour is neither."""
    moved = numbers(RANDOM.normal(size=5_000), RANDOM.normal(0.5, size=1_000))
    still = numbers(RANDOM.normal(size=5_000), RANDOM.normal(size=1_000))
    found = compare({"a": moved[0], "b": still[0]}, {"a": moved[1], "b": still[1]}, frozenset("ab"))
    assert found["a"].kolmogorov_smirnov == pytest.approx(0.197, abs=0.05)  # 2 * normal(0.25) - 1
    assert max(found["a"].chances.values()) < 1e-6
    assert (found["a"].population_stability or 0) > 0.15
    assert (found["b"].population_stability or 1) < 0.05
    assert min(found["b"].chances.values()) > 0.01


def test_categories_have_no_order() -> None:
    """Categories are compared by shares alone; missing ones are told beside them."""
    before, now = Counts(np.array([500, 500]), 0), Counts(np.array([900, 100]), 1_000)
    found = compare({"a": before}, {"a": now}, frozenset())["a"]
    assert found.kolmogorov_smirnov is None
    assert found.chances.keys() == {"chi_squared"}
    assert (found.missing, found.missing_before) == (0.5, 0)


def test_too_few_values_are_not_compared() -> None:
    """Below the least number of values on either side there is no figure, whatever they are."""
    few, many = Counts(np.array([0, LEAST_VALUES - 1]), 10), Counts(np.array([1_000, 0]), 0)
    for one, other in ((few, many), (many, few)):
        found = compare({"a": one}, {"a": other}, frozenset("a"))["a"]
        assert (found.population_stability, found.jensen_shannon, found.kolmogorov_smirnov) == (None, None, None)
        assert not found.chances


def test_words_are_told_with_what_moved() -> None:
    """Of many words the one whose share doubled is beyond chance after correction, and no other."""
    before, now = np.full(1_000, 300), np.full(1_000, 60)
    now[7] = 120
    found = compare_words(before, 5_000, now, 1_000)
    assert np.flatnonzero(found.chances < 0.01).tolist() == [7]
    assert np.argmax(found.population_stability) == np.argmax(found.jensen_shannon) == 7


def test_chances_are_corrected_for_all_columns() -> None:
    """The more columns there are, the larger the same column's p-values."""
    one, other = numbers(RANDOM.normal(size=2_000), RANDOM.normal(0.1, size=1_000))
    alone = compare({"0": one}, {"0": other}, frozenset("0"))["0"].chances
    names = [str(place) for place in range(10)]
    among = compare(dict.fromkeys(names, one), dict.fromkeys(names, other), frozenset(names))["0"].chances
    assert all(among[test] > alone[test] for test in alone)
