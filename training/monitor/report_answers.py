"""What a check's page says of the answers: how they changed by slice, and what the model looks at now.

Of a slice no feature is named: only what its ranking is worth.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalicelib.core.spec import PipelineSpec
from training.monitor.attribution import LEAST_GAIN
from training.monitor.report_inputs import unit
from training.report import drift_plots, sections
from training.report.pages import chance, number
from training.report.sections import Block, Plots, Section, Table, Text

MOST_SLICES = 40  # drawn: those that changed most
MOST_FEATURES = 20


def answers(spec: PipelineSpec, statistics: Mapping[str, Any]) -> list[Section]:
    """Return the section of bias drift."""
    every, slices = statistics["bias"]["all"], statistics["bias"]["slices"]
    what = "mean value" if spec.regression else f"share of {spec.positive_label}"
    overall = Text(f"Of all rows the {what} was {number(every['before'])} and is {number(every['now'])}.")
    if not slices:
        return [Section("Answers by slice", [overall, Text("No slice has rows enough to be told.", muted=True)])]
    drawn = sorted(slices, key=lambda one: -abs(one["change"]))[:MOST_SLICES]
    plot = drift_plots.changes(
        [f"{one['column']}: {one['slice']}" for one in drawn],
        np.array([[one[bound] for one in drawn] for bound in ("change", "lower", "upper")], np.float64),
        f"Change of the {what}",
    )
    heads = ["Column", "slice", "rows", "before", "now", "change", "bounds"]
    heads += ["others less slice, before", "now", "p, corrected"]
    rows = [
        [
            one["column"],
            one["slice"],
            f"{one['rows']:,}",
            *(number(one[name], 3) for name in ("before", "now", "change")),
            f"{number(one['lower'], 3)} to {number(one['upper'], 3)}",
            *(number(one["difference"][name], 3) for name in ("before", "now")),
            chance(one["difference"]["p_value"]),
        ]
        for one in slices
    ]
    explained = "the difference in positive proportions (DPPL)" if not spec.regression else "the difference of means"
    return [
        Section(
            "Answers by slice",
            [
                overall,
                Plots({f"Change of the {what}": plot}),
                Table(heads, rows, 2),
                Text(
                    f"Slices are cut by the baseline's rows. Others less slice is {explained}; its p-value is corrected"
                    " for all slices. Bounds are of 95 %, whole groups counted as one.",
                    muted=True,
                ),
            ],
        )
    ]


def looked_at(spec: PipelineSpec, statistics: Mapping[str, Any]) -> list[Section]:
    """Return the section of feature-attribution drift."""
    title, one = "What the model looks at", statistics["attribution"]
    if "missing" in one:
        return [Section(title, [Text(f"Not told: {one['missing']}.", muted=True)])]
    features = one["features"][:MOST_FEATURES]
    usual = one["ndcg_without_drift"]
    said = f"Of windows without drift it is {number(usual, 3)} in the middle; p-value {chance(one['p_value'])}."
    return [
        Section(
            title,
            [
                Text(
                    f"The ranking of the features by their mean absolute contribution is worth {number(one['ndcg'], 3)}"
                    " of the baseline's (normalised discounted cumulative gain; 1 is the same order)."
                    f" {said if usual is not None else ''}"
                ),
                Plots(
                    {
                        "Mean absolute contribution": drift_plots.ranks(
                            [feature["feature"] for feature in features],
                            np.array([[feature[side] for feature in features] for side in ("before", "now")]),
                            f"Mean absolute contribution, {unit(spec)}",
                        )
                    }
                    if features
                    else {}
                ),
                Table(
                    ("Feature", "rank before", "rank now", "before", "now", "change of the mean"),
                    [
                        [
                            feature["feature"],
                            str(feature["rank_before"]),
                            str(feature["rank"]),
                            *(number(feature[name], 3) for name in ("before", "now", "shift")),
                        ]
                        for feature in features
                    ],
                ),
                *_by_slice(one["slices"]),
            ],
        )
    ]


def _by_slice(slices: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Return a table of what the ranking of each slice is worth."""
    rows = [
        [
            one["column"],
            one["slice"],
            *(f"{one[side]:,}" for side in ("rows_before", "rows")),
            *(number(one[gain], 3) for gain in ("ndcg", "ndcg_without_drift")),
            chance(one["p_value"]),
        ]
        for one in slices
    ]
    heads = ("Column", "slice", "rows explained before", "now", "worth of the ranking", "without drift", "p, corrected")
    otherwise = "No slice has explained rows enough for a ranking of its own."
    explained = (
        "Each slice's ranking is held against the baseline's of the same slice. p is corrected for all slices; a small"
        f" one is told exactly only where the worth is below {LEAST_GAIN}."
    )
    return [
        sections.paired(heads, rows, names=2, otherwise=otherwise),
        *([Text(explained, muted=True)] if rows else []),
    ]
