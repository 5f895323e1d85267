import numpy as np
import pytest

from training import calibration


def test_bins_hold_what_was_predicted_and_observed() -> None:
    """Each tenth of the scores has its mean and its share of positive rows; empty ones are left out."""
    measured = calibration.measure(np.array([True, False, True, True, False]), np.array([0.81, 0.89, 1.0, 0.95, 0.05]))
    assert measured["bins"] == [
        {"rows": 1, "predicted": pytest.approx(0.05), "observed": 0},
        {"rows": 2, "predicted": pytest.approx(0.85), "observed": 0.5},
        {"rows": 2, "predicted": pytest.approx(0.975), "observed": 1},
    ]
    assert measured["expected_error"] == pytest.approx((0.05 + 2 * 0.35 + 2 * 0.025) / 5)


def test_probabilities_that_come_true_have_little_error() -> None:
    """Scores that are probabilities err by chance only; the same scores of a coin do not."""
    random = np.random.default_rng(0)
    scores = random.random(20_000)
    assert calibration.measure(random.random(20_000) < scores, scores)["expected_error"] < 0.02
    assert calibration.measure(random.random(20_000) < 0.5, scores)["expected_error"] > 0.2
