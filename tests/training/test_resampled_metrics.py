import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from training import metrics, regression_metrics
from training.resampled_metrics import gain, of_labels, of_values
from training.resampling import Groups, measure

ROWS = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.5, 0.9, 1.0]), st.integers(0, 4)),
    min_size=2,
    max_size=40,
).filter(lambda rows: len({row[0] for row in rows}) == 2)
WEIGHTS = st.lists(st.integers(0, 3), min_size=5, max_size=5).map(lambda drawn: np.array(drawn, np.float64))


@given(ROWS, WEIGHTS)
def test_labels_are_measured_as_row_by_row(rows: list[tuple[bool, bool, float, int]], weights: np.ndarray) -> None:
    """On any draw of groups, each metric is that of the rows counted as often as their group was drawn."""
    positive, called = (np.array([row[place] for row in rows], np.bool_) for place in (0, 1))
    scores, of_row = np.array([row[2] for row in rows], np.float64), np.array([row[3] for row in rows])
    by_row = weights[of_row]
    if not by_row.sum():
        by_row, weights = np.ones(len(rows)), np.ones(5)
    table = metrics.confusion(positive, called, by_row)
    expected = {
        "accuracy": table.accuracy,
        "precision": table.precision,
        "f1": table.f1,
        "log_loss": metrics.log_loss(positive, scores, by_row),
        "brier": metrics.brier(positive, scores, by_row),
        "auc": metrics.auc(positive, scores, by_row),
        "recall": table.recall if by_row[positive].sum() else np.nan,
        "false_positive_rate": table.false_positive_rate if by_row[~positive].sum() else np.nan,
    }
    found = of_labels(positive, called, scores, Groups(of_row, 5))
    for name, value in expected.items():
        assert found[name](weights[None, :])[0] == pytest.approx(value, nan_ok=True), name


@given(ROWS, st.data())
def test_a_weight_is_so_many_rows(rows: list[tuple[bool, bool, float, int]], data: st.DataObject) -> None:
    """A row that stands for several is measured as so many copies of it, for labels and for values."""
    times = np.array(data.draw(st.lists(st.integers(1, 3), min_size=len(rows), max_size=len(rows))), np.int64)
    positive, called = (np.array([row[place] for row in rows], np.bool_) for place in (0, 1))
    scores, of_row = np.array([row[2] for row in rows], np.float64), np.array([row[3] for row in rows])
    copies, weights = np.repeat(np.arange(len(rows)), times), times.astype(np.float64)
    groups, copied = Groups(of_row, 5), Groups(of_row[copies], 5)
    pairs = [
        (
            of_labels(positive, called, scores, groups, weights),
            of_labels(positive[copies], called[copies], scores[copies], copied),
        ),
        (
            of_values(scores, of_row + 0.5, groups, weights),
            of_values(scores[copies], of_row[copies] + 0.5, copied),
        ),
    ]
    for weighted, expected in pairs:
        for name, statistic in expected.items():
            assert measure(weighted[name], groups) == pytest.approx(measure(statistic, copied), nan_ok=True, abs=1e-9)


def test_auc_is_the_usual_one() -> None:
    """The AUC of all rows is scikit-learn's, ties included."""
    random = np.random.default_rng(0)
    positive = random.random(300) < 0.3
    scores = np.round(random.random(300) * 0.6 + 0.4 * positive, 1).astype(np.float64)
    groups = Groups(np.arange(300), 300)
    found = measure(of_labels(positive, scores > 0.5, scores, groups)["auc"], groups)
    assert found == pytest.approx(roc_auc_score(positive, scores))


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.integers(0, 4)), min_size=5, max_size=40), WEIGHTS
)
def test_values_are_measured_as_row_by_row(rows: list[tuple[float, float, int]], weights: np.ndarray) -> None:
    """On any draw of groups, each metric is that of the rows counted as often as their group was drawn."""
    truth, predicted = (np.array([row[place] for row in rows]) for place in (0, 1))
    of_row = np.array([row[2] for row in rows])
    by_row = weights[of_row]
    if not by_row.sum():
        by_row, weights = np.ones(len(rows)), np.ones(5)
    found = of_values(truth, predicted, Groups(of_row, 5))
    for name in ("mae", "mse", "rmse"):
        expected = regression_metrics.METRICS[name](truth, predicted, by_row)
        assert found[name](weights[None, :])[0] == pytest.approx(expected), name
    spread = np.average((truth - np.average(truth, weights=by_row)) ** 2, weights=by_row)
    if spread > 1e-3:  # below, both are quotients of rounding errors
        assert found["r2"](weights[None, :])[0] == pytest.approx(
            regression_metrics.r2(truth, predicted, by_row), rel=1e-6
        )


def test_no_variance_has_no_share() -> None:
    """R² of values that are all the same is not known."""
    alike = of_values(np.full(4, 0.1), np.arange(4.0), Groups(np.arange(4), 4))
    assert np.isnan(alike["r2"](np.ones((1, 4)))[0])


@pytest.mark.parametrize(("relative", "expected"), [(False, -0.5), (True, 0.2)])
def test_gain_is_positive_where_the_challenger_is_better(*, relative: bool, expected: float) -> None:
    """Of shares the gain is the difference, of errors the part of the other's that is gone."""
    found = gain(lambda _: np.array([2.0]), lambda _: np.array([2.5]), relative=relative)
    assert found(np.ones((1, 1)))[0] == pytest.approx(expected)
