"""Evaluation documents of the pipeline `reviews` as the evaluate job writes them, for a good challenger."""

from collections.abc import Sequence
from typing import Any

from chalicelib.pipelines.reviews import SPEC

_COUNTS = {label: {"rows": 1000, "groups": 100} for label in SPEC.labels}
_COMPARED = {
    "metric": SPEC.gate.compared_by(SPEC.task),
    "level": SPEC.gate.level,
    "counts": _COUNTS,
    "gain": 0.01,
    "lower": 0.005,
    "upper": 0.015,
}


def evaluation(roles: Sequence[str]) -> dict[str, Any]:
    """Return the document of a challenger that is good enough beside the models of these roles."""
    return {
        "version": 0.0,
        "dataset": {"counts": _COUNTS},
        "binary_classification_metrics": {name: {"value": 0.97} for name in ("accuracy", "auc")},
        "data": {"rows": {"train": 8000, "validation": 1000}},
        "alerts": [],
        "comparison": dict.fromkeys(roles, _COMPARED),
    }
