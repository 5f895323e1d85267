"""The figures of labels that an alarm may hang on, by the names they have in CloudWatch: each a finite number.

`ModelQuality<Metric>` are the metrics of the labelled rows, weighted where these had to be; left out where no verdict
was given, since figures that cannot speak for the window must raise no alarm, nor end one. `LabelCoverage` is which
share of the window's rows has a label, and `Estimated<Metric>` what the scores let expect without any.
"""

import math
from collections.abc import Mapping
from typing import Any

_NAMES = {
    "accuracy": "Accuracy",
    "auc": "AUC",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "log_loss": "LogLoss",
    "brier": "Brier",
    "rmse": "RMSE",
    "mae": "MAE",
    "mse": "MSE",
    "r2": "R2",
}
_JUDGED = ("worse", "not worse")


def of_labels(verdict: str | None, statistics: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics by name; ``verdict`` is that on quality, None if there is none, ``statistics`` all figures."""
    quality, estimate = statistics.get("quality", {}), statistics.get("estimate", {})
    plain: Mapping[str, Any] = next((part for name, part in quality.items() if name.endswith("_metrics")), {})
    measured = quality.get("weighted", plain)
    found = {"LabelCoverage": quality.get("selection", {}).get("coverage")}
    for metric, name in _NAMES.items():
        found[f"Estimated{name}"] = estimate.get(metric, {}).get("estimated")
        if verdict in _JUDGED:
            found[f"ModelQuality{name}"] = measured.get(metric, {}).get("value")
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}
