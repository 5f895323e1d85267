import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.monitor.edges import count, find_edges
from training.monitor.histograms import histogram

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80)


@given(VALUES, VALUES)
def test_shares_add_up(before: list[float], now: list[float]) -> None:
    """Whatever the numbers are, ends rise and the shares of both sides are positive and add up to one."""
    edges = find_edges(np.array(before))
    (one,), (other,) = (count([np.array(values)[:, None]], [edges]) for values in (before, now))
    found = histogram(edges, one, other)
    assert found is not None
    assert (np.diff(found.ends) >= 0).all()
    for shares in (found.before, found.now):
        assert (shares >= -1e-12).all()
        assert abs(shares.sum() - 1) < 1e-9


def test_bins_have_the_shares_of_their_values() -> None:
    """Bins of many values have, within a hundredth, the shares that numpy counts, what is beyond in the outermost."""
    random = np.random.default_rng(0)
    before, now = random.normal(size=20_000), random.normal(0.5, 1.5, 5_000)
    edges = find_edges(before)
    (one,), (other,) = (count([values[:, None]], [edges]) for values in (before, now))
    found = histogram(edges, one, other)
    assert found is not None
    for shares, values in ((found.before, before), (found.now, now)):
        clipped = np.clip(values, found.ends[0], found.ends[-1])
        assert np.abs(shares - np.histogram(clipped, found.ends)[0] / len(values)).max() < 0.01


def test_few_values_have_a_bin_each() -> None:
    """A number of few distinct values has a bin around each of them."""
    before, now = np.repeat([1.0, 2.0, 4.0], [50, 30, 20]), np.repeat([1.0, 4.0], [10, 10])
    edges = find_edges(before)
    (one,), (other,) = (count([values[:, None]], [edges]) for values in (before, now))
    found = histogram(edges, one, other)
    assert found is not None
    assert np.allclose(found.before, [0.5, 0.3, 0.2])
    assert np.allclose(found.now, [0.5, 0, 0.5])


def test_nothing_is_drawn_of_nothing() -> None:
    """A side without a value has no distribution."""
    edges = find_edges(np.arange(5.0))
    (one,), (other,) = (count([values[:, None]], [edges]) for values in (np.arange(5.0), np.full(3, np.nan)))
    assert histogram(edges, one, other) is None
