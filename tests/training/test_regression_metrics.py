import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from training import regression_metrics

NUMBERS = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))
CASES = st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(1, 3)), min_size=2, max_size=30)


@given(CASES)
def test_values_are_those_of_scikit_learn(cases: list[tuple[float, float, int]]) -> None:
    """With weights, every metric is what an independent implementation finds."""
    y, p, w = (np.array(column, np.float64) for column in zip(*cases, strict=True))
    assert regression_metrics.mae(y, p, w) == pytest.approx(reference.mean_absolute_error(y, p, sample_weight=w))
    assert regression_metrics.mse(y, p, w) == pytest.approx(reference.mean_squared_error(y, p, sample_weight=w))
    assert regression_metrics.rmse(y, p, w) == pytest.approx(math.sqrt(regression_metrics.mse(y, p, w)))
    if len(set(y.tolist())) > 1 and np.ptp(y) > 1:
        assert regression_metrics.r2(y, p, w) == pytest.approx(reference.r2_score(y, p, sample_weight=w))


def test_nothing_to_explain() -> None:
    """Where the truth is one number, the share of its variance that is explained is not known."""
    assert math.isnan(regression_metrics.r2(np.ones(3), np.zeros(3)))
