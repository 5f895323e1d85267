"""The metrics that a gate may ask for: which there are for a task, which is the first one, and which way is better.

A share lies between 0 and 1 and more of it is better; of an error less is better, and its size depends on its unit.
"""

from typing import Literal

Task = Literal["binary_classification", "regression"]

METRICS: dict[Task, tuple[str, ...]] = {
    "binary_classification": ("accuracy", "auc", "precision", "recall", "f1", "log_loss", "brier"),
    "regression": ("rmse", "mae", "mse", "r2"),
}
ERRORS = frozenset({"log_loss", "brier", "rmse", "mae", "mse"})


def first_metric(task: Task) -> str:
    """Return what models are compared by where a pipeline does not say."""
    return METRICS[task][0]


def reaches(metric: str, value: float, bound: float) -> bool:
    """Return whether a value is at least as good as a bound; NaN never is."""
    return value <= bound if metric in ERRORS else value >= bound
