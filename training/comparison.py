"""Compares the challenger with another model on held-out rows that the other has never seen.

The challenger has seen none of them: `prepare` keeps from its rows whatever is held out. The other was fitted on
earlier data, whose split may have been another; so it is compared only on rows whose inputs, and whose group where
they have one, are not among the digests of what it was fitted, tuned and calibrated on.

Both models answer the same rows, so the metric's difference is resampled, not the two metrics: what makes a row hard
for both cancels out. The p-value is that of non-inferiority, the hypothesis that the challenger loses the margin or
more (see `resampling` for the formula, `GatePolicy` for the margin). The price: with few comparable groups, only a
great loss can be excluded.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chalicelib.core import container
from chalicelib.core.measures import ERRORS
from training.channels import read_array
from training.held_out import SCORES_PATTERN, Answers, HeldOut, read_answers, statistics
from training.metrics import Bools
from training.resampled_metrics import gain
from training.resampling import estimate, measure
from training.settings import Settings
from training.spool import Keys

# Which role's answers and digests lie where.
ROLES: Mapping[str, tuple[str, str]] = {
    "champion": (container.CHAMPION_SCORES, container.CHAMPION_SEEN),
    "anchor": (container.ANCHOR_SCORES, container.ANCHOR_SEEN),
}


@dataclass(frozen=True)
class Seen:
    """The sorted 64-bit digests of the inputs and the groups that a model has seen."""

    inputs: Keys
    groups: Keys


def compare_roles(settings: Settings, held_out: HeldOut, challenger: Answers) -> dict[str, Any]:
    """Return the comparison with every model whose scores are given; ``{"missing": why}`` where it cannot be made.

    Raises
    ------
    InputError
        If scores or digests cannot be read.
    """
    compared: dict[str, Any] = {}
    for role, (scores, digests) in ROLES.items():
        folder = settings.processing_input(scores)
        if not any(folder.rglob(SCORES_PATTERN)):
            continue
        seen = _read_seen(settings.processing_input(digests))
        if seen is None:
            compared[role] = {"missing": f"the digests of what the {role} has seen are not given"}
        elif held_out.inputs is None:
            compared[role] = {"missing": "the held-out rows have no digests"}
        else:
            compared[role] = compare(held_out, challenger, read_answers(folder, held_out), seen)
    return compared


def unseen(held_out: HeldOut, seen: Seen) -> Bools:
    """Return which rows a model has not seen, neither their inputs nor their group, shape (rows,)."""
    if held_out.inputs is None:
        return np.zeros(len(held_out.ids), np.bool_)
    grouped = held_out.group_keys != 0
    fresh: Bools = ~np.isin(held_out.inputs, seen.inputs) & ~(grouped & np.isin(held_out.group_keys, seen.groups))
    return fresh


def compare(held_out: HeldOut, challenger: Answers, other: Answers, seen: Seen) -> dict[str, Any]:
    """Return how much better the challenger is than the other, and how sure that is.

    ``gain`` is in what `GatePolicy.margin` is: a difference of shares, or of errors a part of the other's.
    """
    policy = held_out.spec.gate
    metric = policy.compared_by(held_out.spec.task)
    places = np.flatnonzero(unseen(held_out, seen))
    if not len(places):
        return {"missing": "the other model has seen every held-out row"}
    rows = held_out.take(places)
    ours, theirs = (statistics(rows, answers.take(places))[metric] for answers in (challenger, other))
    found = estimate({"gain": gain(ours, theirs, relative=metric in ERRORS)}, rows.groups)["gain"]
    if not (math.isfinite(found.value) and math.isfinite(found.error)):
        return {"missing": f"the {len(places)} rows that the other model has not seen do not tell the {metric}"}
    lower, upper = found.bounds(policy.level)
    margin = policy.margin_at(found.value - lower)
    return {
        "metric": metric,
        "level": policy.level,
        "rows": len(places),
        "groups": rows.groups.count,
        "counts": rows.counts(),
        "challenger": measure(ours, rows.groups),
        "other": measure(theirs, rows.groups),
        "gain": found.value,
        "standard_error": found.error,
        "lower": lower,
        "upper": upper,
        "margin": margin,
        "p_value": found.exceeds(-margin),
        "model_versions": list(other.versions),
    }


def _read_seen(folder: Path) -> Seen | None:
    """Return a model's digests, None if they are not there."""
    paths = (folder / container.INPUTS_FILE, folder / container.GROUPS_FILE)
    return Seen(*map(read_array, paths)) if all(path.is_file() for path in paths) else None
