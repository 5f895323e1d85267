import pytest

from chalicelib.core.measures import METRICS
from training.monitor.label_metrics import of_labels

PLAIN = {"accuracy": {"value": 0.7}, "auc": {"value": None}, "confusion_matrix": {}}
SELECTION = {"coverage": 0.25}


def test_metrics_of_a_verdict_are_told() -> None:
    """A window that was judged tells the metrics of its labelled rows; what could not be told is left out."""
    statistics = {"quality": {"selection": SELECTION, "binary_classification_metrics": PLAIN}}
    assert of_labels("worse", statistics) == {"LabelCoverage": 0.25, "ModelQualityAccuracy": 0.7}


def test_weighted_metrics_go_first() -> None:
    """Where labelled rows had to be weighted, the weighted metrics are the window's."""
    quality = {"selection": SELECTION, "binary_classification_metrics": PLAIN, "weighted": {"accuracy": {"value": 0.8}}}
    assert of_labels("not worse", {"quality": quality})["ModelQualityAccuracy"] == 0.8


@pytest.mark.parametrize("verdict", ["withheld", "not enough data"])
def test_what_speaks_for_nothing_is_no_metric(verdict: str) -> None:
    """Without a verdict on quality only coverage is told: an alarm must neither start nor end by such figures."""
    statistics = {"quality": {"selection": SELECTION, "regression_metrics": {"rmse": {"value": 3.0}}}}
    assert of_labels(verdict, statistics) == {"LabelCoverage": 0.25}


def test_what_is_expected_needs_no_label() -> None:
    """What the scores let expect is told without labels; of a window without rows there is nothing to tell."""
    estimate = {"assumes": "much", "accuracy": {"estimated": 0.9}, "auc": {"estimated": None}}
    assert of_labels(None, {"estimate": estimate}) == {"EstimatedAccuracy": 0.9}
    assert of_labels(None, {"estimate": {"assumes": "much"}}) == {}


def test_every_metric_has_a_name() -> None:
    """Whatever a pipeline may be compared by has a name in CloudWatch."""
    for metrics in METRICS.values():
        for metric in metrics:
            found = of_labels("worse", {"quality": {"a_metrics": {metric: {"value": 1.0}}}})
            assert list(found.values()) == [1.0]
