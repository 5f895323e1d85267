"""What the rows that a model was fitted on are like, in a few numbers, so that other rows can be told from them.

Lies in the model's `metrics.json`: the mean of the target (of a label, the positive share), how many groups it rests
on, and of each column how often it is missing and, of a category, which values there are. Never a text.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chalicelib.core.spec import PipelineSpec
from training.channels import LabelledRow
from training.rows import cluster

MOST_CATEGORIES = 1_000  # of a column; with more, a new one is nothing new


def describe(spec: PipelineSpec, rows: Sequence[LabelledRow]) -> dict[str, Any]:
    """Return the profile of the rows, JSON-ready."""
    targets = [row.row.label if spec.regression else row.row.label == spec.positive_label for row in rows]
    columns: dict[str, dict[str, Any]] = {}
    for column in spec.columns:
        values = [row.row.columns[column.name] for row in rows]
        columns[column.name] = {"missing": sum(value is None for value in values) / len(values)}
        if column.kind == "categorical":
            known = sorted({str(value) for value in values if value is not None})
            columns[column.name]["categories"] = known if len(known) <= MOST_CATEGORIES else None
    return {
        "target": float(np.mean(np.array(targets, np.float64))),
        "groups": len({cluster(row.id, row.row.group) for row in rows}),
        "columns": columns,
    }
