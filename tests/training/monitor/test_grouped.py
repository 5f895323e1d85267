import numpy as np
import pytest
from scipy import sparse

from training.monitor.grouped import Grouped
from training.resampling import Groups, mean

FEATURES = 40


def make(sizes: list[int], seed: int = 0, alike: float = 0.5) -> tuple[sparse.csr_matrix, Groups]:
    """Return rows in groups of these sizes, which hold features alike with such a chance, and else for themselves."""
    random = np.random.default_rng(seed)
    of_row = np.repeat(np.arange(len(sizes)), sizes)
    of_group, own = random.random((len(sizes), FEATURES)), random.random((len(of_row), FEATURES))
    level = np.where(random.random(len(of_row))[:, None] < alike, of_group[of_row], own)
    return sparse.csr_matrix((level < np.linspace(0.1, 0.9, FEATURES)).astype(np.float32)), Groups(of_row, len(sizes))


def test_the_variance_is_that_of_groups() -> None:
    """A share's variance is the squared clustered error of a mean."""
    features, groups = make([1, 2, 3, 7] * 10)
    found = Grouped.of(features, groups).variance
    expected = [mean(values, groups).error ** 2 for values in features.toarray().T.astype(np.float64)]
    assert found == pytest.approx(expected)


def test_rows_in_another_order_change_nothing() -> None:
    """Rows that are shuffled with their groups have the same sums and variances."""
    features, groups = make([1, 2, 3, 7] * 10)
    order = np.random.default_rng(0).permutation(features.shape[0])
    one, other = Grouped.of(features, groups), Grouped.of(features[order], Groups(groups.of_row[order], groups.count))
    assert (one.sums.toarray() == other.sums.toarray()).all()
    assert one.variance == pytest.approx(other.variance)


@pytest.mark.parametrize("kept", [0.1, 1.0])
def test_windows_deviate_as_the_formula_says(kept: float) -> None:
    """Rows kept of groups with one chance, or whole groups, deviate by the variance that their sizes tell."""
    sizes = [1, 2, 3, 5, 8, 13] * 40
    found = []
    for seed in range(40):
        baseline = Grouped.of(*make(sizes, seed))
        features, groups = make(sizes, seed + 1_000)
        rows = np.flatnonzero(np.random.default_rng(seed).random(features.shape[0]) < kept)
        window = Grouped.of(features[rows], groups.take(rows))
        deviation = (window.shares - np.linspace(0.1, 0.9, FEATURES)) ** 2
        found.append((deviation / baseline.window(window.sizes).features[0]).mean())
    assert np.mean(found) == pytest.approx(1, abs=3.5 * np.std(found) / np.sqrt(len(found)))


def test_rows_of_one_group_tell_less() -> None:
    """As many rows in whole groups deviate by more than single ones."""
    baseline = Grouped.of(*make([10] * 50))
    assert (
        baseline.window(np.full(10, 10)).features[0] > 2 * baseline.window(np.ones(100, np.int64)).features[0]
    ).mean() > 0.9


def test_single_rows_deviate_as_shares_do() -> None:
    """Where no rows come together, the variance of a window's share is that of a binomial one."""
    baseline = Grouped.of(*make([1] * 500))
    share = baseline.shares
    assert baseline.window(np.ones(100, np.int64)).features[0] == pytest.approx(share * (1 - share) / 100)


def test_groups_larger_than_any_before_are_like_the_largest() -> None:
    """A window of a group larger than the baseline's has a variance too, and a larger one than of single rows."""
    baseline = Grouped.of(*make([1, 2, 8] * 30))
    found = baseline.window(np.array([40])).features[0]
    assert np.isfinite(found).all()
    assert (found > baseline.window(np.ones(40, np.int64)).features[0]).mean() > 0.9


def test_sums_of_cells_vary_as_the_formula_of_each_says() -> None:
    """A sum of a single cell has that cell's variances, and the sum of all cells, in which each row is, has none."""
    random = np.random.default_rng(0)
    of_row = np.repeat(np.arange(60), random.integers(1, 8, 60))
    cells = random.integers(4, size=len(of_row))
    rows = sparse.csr_matrix((np.ones(len(cells), np.float32), cells, np.arange(len(cells) + 1)), (len(cells), 4))
    formula = Grouped.of(rows, Groups(of_row, 60)).window(np.array([1, 1, 2, 5]))
    weights = np.column_stack([np.eye(4), np.ones(4)])
    for found, by_cell in zip(formula.combined(slice(0, 4), weights), formula.features, strict=True):
        assert found[:4] == pytest.approx(by_cell)
        assert found[4] == pytest.approx(0, abs=1e-12)
