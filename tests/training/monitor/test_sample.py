import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from training.monitor.sample import RowName, Sample

SIZES = st.lists(st.integers(1, 6), min_size=1, max_size=60)


@given(SIZES, st.integers(10, 40), st.integers(1, 9))
def test_whole_groups_and_their_names(sizes: list[int], limit: int, step: int) -> None:
    """However rows come, those kept are whole groups, no more than the limit, each with its own features and name."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    rows = sparse.csr_matrix(np.arange(1.0, len(groups) + 1)[:, None])
    names = [RowName(f"request {group}", row) for row, group in enumerate(groups.tolist())]
    sample = Sample(limit)
    for first in range(0, len(groups), step):
        some = slice(first, first + step)
        sample.add(rows[some], groups[some], names[some])
    features, kept = sample.rows()
    places = [int(value) - 1 for value in features.toarray().ravel()]
    assert [names[place] for place in places] == sample.references
    assert len(places) <= limit
    chosen = {int(groups[place]) for place in places}
    assert len(places) == sum(sizes[group] for group in chosen)
    assert kept.count == len(chosen)


def test_a_long_window_is_kept_evenly() -> None:
    """Of a window far beyond the limit, rows from its first and its last part are kept in like numbers."""
    groups = np.arange(10_000)
    sample = Sample(500)
    sample.add(sparse.csr_matrix((10_000, 1)), groups, [RowName("", group) for group in groups.tolist()])
    kept = np.array([name.place for name in sample.references])
    assert 250 < len(kept) <= 500
    assert abs(np.count_nonzero(kept < 5_000) / len(kept) - 0.5) < 0.02
