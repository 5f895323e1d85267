from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import ndcg_score

from chalicelib.core.values import Value
from tests.training.monitor.captured import make_rows
from tests.training.monitor.windows import make_background, make_baseline, make_window
from training.monitor import attribution
from training.monitor.attribution import Attributing, Bools, attribute, choose, ranking_gain, some_rows, told
from training.monitor.contributions import Method
from training.resampling import Groups

SIZES = st.lists(st.floats(0.01, 10), min_size=2, max_size=20, unique=True)


def make(rows: int, scale: np.ndarray, seed: int, run: int = 1) -> tuple[sparse.csr_matrix, Groups, Bools]:
    values = np.random.default_rng(seed).normal(size=(rows, len(scale))) * scale
    return sparse.csr_matrix(values), Groups(np.arange(rows) // run, -(-rows // run)), np.zeros((rows, 0), np.bool_)


@given(SIZES, st.randoms())
def test_the_gain_is_the_usual_one(before: list[float], random: Random) -> None:
    """The gain is scikit-learn's normalised discounted cumulative gain, and 1 for the same order."""
    now = sorted(before)
    random.shuffle(now)
    one, other = np.array(before), np.array(now)
    assert ranking_gain(one, other) == pytest.approx(ndcg_score(one[None], other[None]))
    assert ranking_gain(one, 3 * one) == pytest.approx(1)


def test_clarifys_example_is_far_off() -> None:
    """In the example of SageMaker's documentation, where the order is reversed, the gain is below its floor of 0.9."""
    assert ranking_gain(np.array([0.70, 0.50, 0.05]), np.array([0.10, 0.20, 0.70])) < 0.9


def test_nothing_before_is_no_drift() -> None:
    """Where nothing was attributed before, no order is wrong."""
    assert ranking_gain(np.zeros(3), np.ones(3)) == 1


SCALE = np.linspace(1, 0.1, 12)


def test_a_reversed_order_is_no_chance() -> None:
    """A window in which the features matter in the reverse order is worse than any window out of the baseline."""
    baseline = choose("m", *make(400, SCALE, 0, run=4))
    found = attribute(baseline, make(100, SCALE[::-1], 1)[0][:, baseline.features])
    assert found.gain < 0.9
    assert found.usual is not None
    assert found.usual > 0.95
    assert found.chance == pytest.approx(1 / 201)


def test_small_windows_are_judged_by_small_windows() -> None:
    """Without drift a p-value is small no more often than it says, although short windows have low gains."""
    baseline = choose("m", *make(400, np.ones(12), 0))
    chances = [
        attribute(baseline, make(40, np.ones(12), seed)[0][:, baseline.features]).chance for seed in range(1, 61)
    ]
    assert 0 <= np.mean([chance is not None and chance <= 0.2 for chance in chances]) < 0.4
    assert np.mean([chance is not None and chance <= 0.9 for chance in chances]) > 0.5


def test_few_groups_have_no_p_value() -> None:
    """Out of a baseline of few groups no windows are drawn."""
    found = attribute(choose("m", *make(100, SCALE, 0, run=10)), make(50, SCALE, 1)[0])
    assert (found.usual, found.chance) == (None, None)


def test_the_features_that_matter_most_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A baseline keeps the features of the largest attribution, the largest first, and none without any."""
    monkeypatch.setattr(attribution, "FEATURES", 3)
    scale = np.array([0.1, 0.0, 5.0, 1.0, 3.0])
    assert choose("m", *make(200, scale, 0)).features.tolist() == [2, 4, 3]
    assert choose("m", *make(200, np.array([0.0, 2.0]), 0)).features.tolist() == [1]


def test_a_model_that_says_nothing_has_not_drifted() -> None:
    """Where no feature ever contributed anything there is none to rank, and that is no drift."""
    baseline = choose("m", *make(40, np.zeros(3), 0))
    assert baseline.features.tolist() == []
    assert attribute(baseline, make(20, np.ones(3), 1)[0][:, baseline.features]).gain == 1


def test_rows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more rows are explained than the bound, whole groups but for the last one."""
    monkeypatch.setattr(attribution, "ROWS", 30)
    places = some_rows(Groups(np.arange(100) // 4, 25))
    assert len(places) == 30
    assert len(set((places // 4).tolist())) == 8


def test_hidden_features_keep_their_ranks() -> None:
    """A feature that must not be shown is left out, and the others keep their ranks among all."""
    baseline = choose("m", *make(400, SCALE, 0))
    found = attribute(baseline, make(400, SCALE, 1)[0][:, baseline.features])
    listed = told(found, [f"f{place}" for place in range(12)], [place != 1 for place in range(12)])
    assert [one["rank_before"] for one in listed] == [1, *range(3, 13)]
    assert "f1" not in {one["feature"] for one in listed}


class _Prices:
    """Explains a price by itself, and everything else by nothing."""

    method: Method = "shap"

    def explain(self, rows: Sequence[Mapping[str, Value]]) -> sparse.csr_matrix:
        return sparse.csr_matrix([[float(row["price"] or 0.0), 0.0] for row in rows])

    def names(self, features: Sequence[int]) -> list[str]:
        return [str(feature) for feature in features]


def test_a_window_is_explained_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bounded sample of a window's rows is explained, each by its own values and with its own parts and group."""
    monkeypatch.setattr(attribution, "ROWS", 100)
    baseline = make_baseline()
    partition = make_background(baseline).partition
    rows, scores = make_rows(600, 8)
    contributions = choose("m", sparse.csr_matrix(np.eye(2)), Groups(np.arange(2), 2), np.zeros((2, 0), np.bool_))
    attributing = Attributing(_Prices(), contributions, partition)
    make_window(baseline, rows, scores, 1, [attributing])
    found = attributing.explained()
    prices = found.values.toarray()[:, 0]
    assert 40 <= len(prices) <= 100
    assert found.groups.of_row.tolist() == list(range(len(prices)))  # the baseline's groups are single rows
    of_price = {row["price"]: row for row in rows}
    known = np.flatnonzero(prices)
    assert (found.members[known] == partition.members([of_price[price] for price in prices[known].tolist()])).all()
