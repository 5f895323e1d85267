from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import DecisionTarget, PipelineSpec
from training import metrics
from training.threshold import choose, decide

CASES = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=1, max_size=30).filter(
    lambda cases: any(positive for positive, _ in cases)
)
TARGETS = st.builds(DecisionTarget, st.sampled_from(["precision", "recall"]), st.floats(0.05, 1))


@given(CASES, TARGETS)
def test_no_other_threshold_is_better(cases: list[tuple[bool, int]], target: DecisionTarget) -> None:
    """Of all thresholds that reach the target, none gives more of the other; where none does, none comes nearer."""
    positive = np.array([label for label, _ in cases])
    scores = np.array([score / 12 for _, score in cases])
    other = "recall" if target.metric == "precision" else "precision"
    tables = [metrics.confusion(positive, scores >= threshold) for threshold in np.unique(scores)]
    reached = [table for table in tables if getattr(table, target.metric) >= target.at_least]
    chosen = choose(positive, scores, target)
    assert chosen.met == bool(reached)
    if reached:
        assert getattr(chosen, target.metric) >= target.at_least
        assert getattr(chosen, other) == max(getattr(table, other) for table in reached)
    else:
        assert getattr(chosen, target.metric) == max(getattr(table, target.metric) for table in tables)


@pytest.mark.parametrize(
    ("target", "threshold"),
    [
        (DecisionTarget("precision", 1.0), 0.8),  # the first three are right
        (DecisionTarget("precision", 0.75), 0.4),  # 4 of 5 are; 3 of 4 would be, too, but call less
        (DecisionTarget("recall", 0.5), 0.8),
        (DecisionTarget("recall", 1.0), 0.4),
    ],
)
def test_examples(target: DecisionTarget, threshold: float) -> None:
    """By hand: four positive rows, one negative between them, one below."""
    positive = np.array([True, True, True, False, True, False])
    scores = np.array([0.95, 0.9, 0.8, 0.6, 0.4, 0.1])
    assert choose(positive, scores, target).threshold == threshold


def test_without_a_target_or_scores_nothing_is_decided(spec: PipelineSpec) -> None:
    """A pipeline without a decision target, or data without validation scores, keeps the threshold of a half."""
    targeted = replace(spec, decision=DecisionTarget("precision", 0.9))
    labels, scores = ["negative", "positive"], np.array([0.2, 0.7])
    assert decide(spec, labels, scores) is None
    assert decide(targeted, labels, None) is None
    chosen = decide(targeted, labels, scores)
    assert chosen is not None
    assert chosen.threshold == 0.7
