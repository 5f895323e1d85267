"""Whether the model got worse, where labels came later: a window's labelled rows against the baseline's held-out ones.

One metric decides, the one that the pipeline compares models by. The loss since the baseline is tested one-sided, the
baseline's own error counted with the window's: Welch's test (1947) of two bootstrap standard errors over groups, with
his degrees of freedom. ``worse`` is said with a chance of at most the level where nothing got worse, and ``not worse``
means that no loss is shown, not that there is none; the loss and its error are told beside.

Where the labelled rows are not like the others (see `selection`), they are weighted to stand for all; where no weight
can do that, or where hardly any row has a label, the verdict is ``withheld``, with its reason. Where rows, groups or
the read part of the window are few, it is ``not enough data``. Weights are taken for known when errors are estimated,
which overstates these a little (Lunceford and Davidian 2004).

The metrics themselves are told in SageMaker's model-quality layout, of the labelled rows as they are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chalicelib.core.measures import ERRORS
from training.errors import InputError
from training.held_out import Answers, HeldOut, statistics
from training.monitor import selection
from training.monitor.expected import ASSUMES, Expected
from training.monitor.labelled import Labelled
from training.quality import finite, measure, render
from training.resampling import Estimate, estimate

Verdict = Literal["worse", "not worse", "not enough data", "withheld"]

LEAST_GROUPS = 20  # of the labelled rows, as of a window
SELECTION_LEVEL = 0.01


@dataclass(frozen=True)
class QualityPolicy:
    """What a window's labels must be to judge the model by, and how often ``worse`` may be false.

    ``quality_level`` is that chance. ``least_labels`` is how many labelled rows there must be, ``least_labelled`` which
    share of the window's rows.
    """

    quality_level: float = 0.05
    least_labels: int = 100
    least_labelled: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        numbers = (self.quality_level, self.least_labels, self.least_labelled)
        if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
            raise InputError("a policy of labels is made of numbers")
        if not (0 < self.quality_level < 0.5 and self.least_labels >= 0 and 0 <= self.least_labelled <= 1):  # noqa: PLR2004 - a coin's
            raise InputError("quality_level is below 0.5, least_labels a count and least_labelled a share")


@dataclass(frozen=True)
class Judged:
    """What labels say of the model, and what it rests on, JSON-ready."""

    verdict: Verdict
    reasons: tuple[str, ...]
    statistics: Mapping[str, Any]


def describe_baseline(held_out: HeldOut, answers: Answers, expected: Expected) -> dict[str, Any]:
    """Return what a baseline keeps of its model's quality: metrics with their deviations, and those to be expected."""
    if not held_out.spec.regression:
        expected.add(answers.numbers, answers.called)
    return {
        "rows": len(held_out.ids),
        "groups": held_out.groups.count,
        "metrics": render(estimate(statistics(held_out, answers), held_out.groups)),
        "expected": {name: finite(value) for name, value in expected.metrics().items()},
    }


def judge(
    labelled: Labelled, baseline: Mapping[str, Any] | None, policy: QualityPolicy, lacking: Sequence[str] = ()
) -> Judged:
    """Judge a window that was counted to its end.

    Parameters
    ----------
    baseline
        What `describe_baseline` gave; None if the baseline was made before it did.
    lacking
        Why the window itself says too little, if it does.
    """
    if not labelled.rows:
        return Judged("not enough data", (*lacking, "no row of the window has a label"), {})
    held_out, answers, cells = labelled.measured()
    spec, table = held_out.spec, labelled.table
    metric = spec.gate.compared_by(spec.task)
    stands_for, why_not, selected = _stand_for(table, policy)
    weights = None if stands_for is None else stands_for[cells]
    estimates = estimate(statistics(held_out, answers, weights), held_out.groups)
    loss = _loss(metric, estimates[metric], baseline)
    told: dict[str, Any] = measure(held_out, answers) | {"selection": selected, "baseline": baseline}
    if weights is not None:
        told["weighted"] = render(estimates)
    reasons = [*lacking, *_few(labelled, held_out, policy), *_unknown(metric, loss, baseline)]
    if reasons or loss is None:
        return Judged("not enough data", tuple(reasons), told)
    p_value = loss.exceeds(0.0)
    told["test"] = {
        "metric": metric,
        "weighted": weights is not None,
        "loss": loss.value,
        "standard_error": loss.error,
        "p_value": p_value,
        "level": policy.quality_level,
    }
    if why_not:
        return Judged("withheld", tuple(why_not), told)
    return Judged("worse" if p_value <= policy.quality_level else "not worse", (), told)


def describe_expected(expected: Expected, baseline: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the metrics to be expected of a window's answers, beside the baseline's expected and measured ones."""
    before, measured = ((baseline or {}).get(name, {}) for name in ("expected", "metrics"))
    return {"assumes": ASSUMES} | {
        name: {
            "estimated": finite(value),
            "baseline_estimated": before.get(name),
            "baseline_measured": measured.get(name, {}).get("value"),
        }
        for name, value in expected.metrics().items()
    }


def _stand_for(
    table: selection.Floats, policy: QualityPolicy
) -> tuple[selection.Floats | None, list[str], dict[str, Any]]:
    """Return the weight of a labelled row by cell, None if each stands for itself; why none will do; what is told."""
    by_cell = table.sum(axis=0).astype(np.int64)
    labelled, rows = by_cell[1], by_cell.sum(axis=0)
    coverage, chance = float(labelled.sum() / rows.sum()), selection.chance(table)
    told = {
        "rows": int(rows.sum()),
        "labelled": int(labelled.sum()),
        "coverage": coverage,
        "distance": selection.distance(table),
        "p_value": chance,
        "level": SELECTION_LEVEL,
        "cells": [{"rows": int(every), "labelled": int(some)} for every, some in zip(rows, labelled, strict=True)],
    }
    why_not = []
    if coverage < policy.least_labelled:
        why_not.append(
            f"{coverage:.1%} of the window's rows have a label, and {policy.least_labelled:.1%} are asked for"
        )
    if chance > SELECTION_LEVEL:
        return None, why_not, told
    weights, left_out = selection.weights(labelled, rows)
    if left_out > selection.NEGLIGIBLE:
        why_not.append(
            f"the labelled rows are not like the others, and {left_out:.1%} of the window's rows have scores of which"
            f" fewer than {selection.LEAST_IN_CELL} rows have a label"
        )
        return None, why_not, told | {"left_out": left_out}
    return weights, why_not, told | {"left_out": left_out}


def _loss(metric: str, now: Estimate, baseline: Mapping[str, Any] | None) -> Estimate | None:
    """Return by how much the metric is worse than the baseline's; None if either is not known."""
    before = (baseline or {}).get("metrics", {}).get(metric, {})
    value, error = before.get("value"), before.get("standard_deviation")
    if value is None or error is None or not (math.isfinite(now.value) and math.isfinite(now.error)):
        return None
    loss = now.value - value if metric in ERRORS else value - now.value
    parts = ((now.error**2, now.groups), (error**2, int((baseline or {})["groups"])))
    variance = sum(part for part, _ in parts)
    spread = sum(part**2 / max(1, groups - 1) for part, groups in parts)
    freedom = math.floor(variance**2 / spread) if spread else min(groups for _, groups in parts) - 1
    return Estimate(loss, math.sqrt(variance), max(1, freedom) + 1)


def _few(labelled: Labelled, held_out: HeldOut, policy: QualityPolicy) -> list[str]:
    least = max(1, policy.least_labels)
    floors = (
        (labelled.rows >= least, f"{labelled.rows:,} rows have a label, and {least:,} are asked for"),
        (
            held_out.groups.count >= LEAST_GROUPS,
            f"the labelled rows are in {held_out.groups.count:,} groups, and {LEAST_GROUPS} are asked for",
        ),
    )
    return [reason for met, reason in floors if not met]


def _unknown(metric: str, loss: Estimate | None, baseline: Mapping[str, Any] | None) -> list[str]:
    if baseline is None:
        return ["the baseline has no metrics: make it anew"]
    return [] if loss is not None else [f"the {metric} of the labelled rows, or that of the baseline, cannot be told"]
