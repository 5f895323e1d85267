import itertools
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from training.monitor import edges
from training.monitor.distances import kolmogorov_smirnov
from training.monitor.edges import CELLS, Floats, Ints, cells_of, count, find_edges

# Few distinct values and many, also next to each other, infinite and missing.
NUMBERS = st.lists(
    st.floats(width=16) | st.sampled_from([0.0, 1.0, np.nextafter(1.0, 2.0), np.inf, np.nan]), min_size=1, max_size=300
).map(np.array)
RANDOM = np.random.default_rng(0)


def tally(values: Floats, of: Floats) -> Ints:
    return count([values[:, None]], [of])[0].cells


@given(NUMBERS, NUMBERS)
def test_counts_are_of_the_stored_edges(baseline: Floats, window: Floats) -> None:
    """A cell's count is how many numbers lie above one stored edge and not above the next; nothing is lost."""
    known = find_edges(baseline)
    (found,) = count([window[:, None]], [known])
    bounds = np.concatenate([[-np.inf], known, [np.inf]])
    expected = [
        ((window > low) & (window <= high)).sum() if place else (window <= high).sum()
        for place, (low, high) in enumerate(itertools.pairwise(bounds))
    ]
    if np.isposinf(known).any():
        expected[-1] = 0
    assert found.cells.tolist() == expected
    assert found.missing == np.isnan(window).sum()
    assert (np.bincount(cells_of(window, known), minlength=len(known) + 2)[:-1] == found.cells).all()


@given(NUMBERS)
def test_no_cell_of_several_values_is_large(baseline: Floats) -> None:
    """A cell holds one value only, or no more than its share of the baseline."""
    present = baseline[~np.isnan(baseline)]
    known = find_edges(baseline)
    assert (np.diff(known) > 0).all()
    for cell in np.unique(cells_of(present, known)):
        inside = present[cells_of(present, known) == cell]
        assert len(np.unique(inside)) == 1 or len(inside) <= np.ceil(len(present) / CELLS)


@given(NUMBERS, NUMBERS)
def test_kolmogorov_smirnov_misses_little(baseline: Floats, window: Floats) -> None:
    """The distance at the edges is no larger than scipy's exact one, and smaller by a cell's share at most."""
    baseline, window = baseline[np.isfinite(baseline)], window[np.isfinite(window)]
    if min(len(baseline), len(window)) < 2:  # scipy's p-value fails of one number
        return
    known = find_edges(baseline)
    distance, _ = kolmogorov_smirnov(tally(baseline, known), tally(window, known))
    exact = stats.ks_2samp(baseline, window, method="asymp").statistic
    assert exact - np.ceil(len(baseline) / CELLS) / len(baseline) - 1e-9 <= distance <= exact + 1e-9


@pytest.mark.parametrize("shape", ["normal", "lognormal", "rounded", "half zero"])
def test_a_million_rows_as_scipy_has_them(shape: str) -> None:
    """Of a million rows, the distance of a small shift is scipy's within 0.001."""
    baseline, window = RANDOM.normal(size=(2, 1_000_000))
    window = window + 0.002
    if shape == "lognormal":
        baseline, window = np.exp(3 * baseline), np.exp(3 * window)
    elif shape == "rounded":
        baseline, window = baseline.round(1), window.round(1)
    elif shape == "half zero":
        baseline, window = np.maximum(baseline, 0), np.maximum(window, 0)
    known = find_edges(baseline)
    distance, _ = kolmogorov_smirnov(tally(baseline, known), tally(window, known))
    assert distance == pytest.approx(stats.ks_2samp(baseline, window, method="asymp").statistic, abs=0.001)


def test_chunks_change_nothing() -> None:
    """However the rows come, the counts are the same."""
    rows = RANDOM.normal(size=(40_000, 3))
    rows[::7, 1] = np.nan
    known = [find_edges(rows[:, column]) for column in range(3)]
    whole = count([rows], known)
    parts = count(np.array_split(rows, 17), known)
    for one, other in zip(whole, parts, strict=True):
        assert (one.cells == other.cells).all()
        assert one.missing == other.missing
    assert whole[1].missing == len(rows[::7])
    assert whole[1].rows == 40_000


def test_memory_is_flat() -> None:
    """A window twenty times as long takes no more memory."""
    known = [find_edges(RANDOM.normal(size=5_000)) for _ in range(20)]

    def chunks(times: int) -> Iterator[Floats]:
        for _ in range(times):
            yield RANDOM.normal(size=(edges.CHUNK, 20))

    peaks = []
    for times in (2, 40):
        tracemalloc.start()
        count(chunks(times), known)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
    assert peaks[1] < 50e6
