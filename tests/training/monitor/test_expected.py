import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import metrics
from training.monitor.edges import find_edges
from training.monitor.expected import Expected

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=60).map(np.array)


def expect(scores: np.ndarray, called: np.ndarray, edges: np.ndarray) -> dict[str, float]:
    expected = Expected(edges)
    expected.add(scores, called)
    return expected.metrics()


@given(SCORES, st.floats(0, 1))
def test_a_score_is_a_chance(scores: np.ndarray, threshold: float) -> None:
    """The metrics are those of every row counted as positive by its score and as negative by the rest of it."""
    called = scores >= threshold
    found = expect(scores, called, find_edges(scores))
    both = np.repeat([True, False], len(scores))
    chances = np.concatenate([scores, 1 - scores])
    twice = np.tile(scores, 2)
    assert found["accuracy"] == pytest.approx(metrics.confusion(both, np.tile(called, 2), chances).accuracy)
    assert found["auc"] == pytest.approx(metrics.auc(both, twice, chances), nan_ok=True)


def test_calibrated_scores_tell_the_metrics() -> None:
    """Where scores are the chances that labels are drawn by, the metrics are expected as they come out."""
    random = np.random.default_rng(0)
    scores = random.beta(0.6, 0.9, 40_000)
    positive, called = random.random(40_000) < scores, scores >= 0.4
    found = expect(scores, called, find_edges(random.beta(0.6, 0.9, 2_000)))
    assert found["accuracy"] == pytest.approx((positive == called).mean(), abs=0.01)
    assert found["auc"] == pytest.approx(metrics.auc(positive, scores), abs=0.01)


@given(SCORES, st.integers(0, 60))
def test_parts_are_the_whole(scores: np.ndarray, cut: int) -> None:
    """However answers are cut into parts, what is expected is the same."""
    called, edges = scores >= 0.5, np.array([0.25, 0.5])
    expected = Expected(edges)
    for some in (slice(cut), slice(cut, None)):
        expected.add(scores[some], called[some])
    assert expected.metrics() == pytest.approx(expect(scores, called, edges), nan_ok=True)


def test_nothing_is_expected_of_nothing() -> None:
    """Without an answer there is no metric."""
    assert Expected(np.zeros(0)).metrics() == {}
