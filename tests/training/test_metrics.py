import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from training import metrics

CASES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.4, 0.5, 0.9, 1.0]), st.integers(1, 3)),
    min_size=1,
    max_size=40,
)


@given(CASES)
def test_values_are_those_of_scikit_learn(cases: list[tuple[bool, float, int]]) -> None:
    """With ties and weights, every metric is what an independent implementation finds."""
    y, s, w = (np.array(column) for column in zip(*cases, strict=True))
    w = w.astype(float)
    called = s >= 0.5
    table = metrics.confusion(y, called, w)
    assert table.accuracy == pytest.approx(reference.accuracy_score(y, called, sample_weight=w))
    for name in ("precision", "recall", "f1"):
        expected = getattr(reference, f"{name}_score")(y, called, sample_weight=w, zero_division=0)
        assert getattr(table, name) == pytest.approx(expected)
    assert metrics.brier(y, s, w) == pytest.approx(float(np.average((s - y) ** 2, weights=w)))
    if len(set(y.tolist())) == 2:
        assert metrics.auc(y, s, w) == pytest.approx(reference.roc_auc_score(y, s, sample_weight=w))
        kept = np.clip(s, 1e-6, 1 - 1e-6)
        expected = reference.log_loss(y, kept, sample_weight=w)
        assert metrics.log_loss(y, kept, w) == pytest.approx(expected)
    else:
        assert math.isnan(metrics.auc(y, s, w))


@given(CASES, st.integers(2, 10))
def test_curves_are_bounded_and_complete(cases: list[tuple[bool, float, int]], points: int) -> None:
    """Curves rise from end to end and have no more points than asked for."""
    y, s, _ = (np.array(column) for column in zip(*cases, strict=True))
    false_rates, true_rates = metrics.roc_curve(y, s, points)
    assert len(false_rates) == len(true_rates) <= points
    assert (np.diff(false_rates) >= 0).all()
    assert (np.diff(true_rates) >= 0).all()
    assert (false_rates[0], true_rates[0]) == (0, 0)
    assert (false_rates[-1], true_rates[-1]) == (float(not y.all()), float(y.any()))
    precisions, recalls = metrics.precision_recall_curve(y, s, points)
    assert len(precisions) == len(recalls) <= points
    assert precisions[-1] == pytest.approx(y.mean())
