"""Bias drift: how the answers to each slice of the rows have moved, and against those to all others.

Of labels the answer is whether the row was called positive, of a regression the value. Of each slice are told the mean
answer before and now and the change, and Clarify's post-training bias metrics that need no labels, the slice being its
facet d: the difference in positive proportions (DPPL, the others less the slice) and the disparate impact (DI, the
slice's share divided by the others'). Bounds are of 95 %, with standard errors clustered by group and Student's t with
one degree of freedom less than the side with fewer groups has. A slice of fewer than `LEAST_ROWS` rows on either side
is not told, nor is one that is all of its column.

It decides nothing. As Clarify's monitor does, a difference that is further from zero than the baseline's is listed as
a violation (`bias_drift_check`), but only where the change is no chance (Holm's correction over all slices) and not
small.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from training.cuts import LEAST_ROWS
from training.monitor.distances import holm
from training.monitor.parts import Part, Partition, Sums
from training.resampling import Estimate

BEYOND = 0.025  # on each side of the bounds
LEAST_CHANGE = 0.05  # of a difference that is listed: a share of the slice, or of the mean of all values


def less(now: Estimate, before: Estimate) -> Estimate:
    """Return the difference of two independent estimates."""
    return Estimate(now.value - before.value, math.hypot(now.error, before.error), min(now.groups, before.groups))


def two_sided(change: Estimate) -> float:
    """Return the two-sided p-value of no change; 1 if it cannot be told."""
    chance = change.exceeds(0.0)
    return 1.0 if math.isnan(chance) or change.value == 0 else min(1.0, 2 * min(chance, 1 - chance))


def find(partition: Partition, before: Sums, now: Sums) -> list[dict[str, Any]]:
    """Return every slice that may be told, JSON-ready, with its p-value corrected for their number."""
    places = [place for place, part in enumerate(partition.parts) if _is_told(part, place, before, now)]
    differences = [less(now.difference(place), before.difference(place)) for place in places]
    corrected = holm([two_sided(change) for change in differences])
    return [
        {
            "column": partition.parts[place].column,
            "slice": partition.parts[place].name,
            "rows": now.rows(place),
            "rows_before": before.rows(place),
            **compared(now.answer(place), before.answer(place)),
            "difference": compared(now.difference(place), before.difference(place)) | {"p_value": chance},
            **({} if partition.spec.regression else {"disparate_impact": _impacts(place, before, now)}),
        }
        for place, chance in zip(places, corrected, strict=True)
    ]


def compared(now: Estimate, before: Estimate) -> dict[str, float | None]:
    """Return a figure before and now, and the change with its bounds, JSON-ready; what cannot be told is None."""
    change = less(now, before)
    lower, upper = (None, None) if math.isnan(change.error) else change.bounds(BEYOND)
    return {"before": before.value, "now": now.value, "change": change.value, "lower": lower, "upper": upper}


def violations(slices: Sequence[Mapping[str, Any]], level: float, scale: float) -> list[dict[str, str]]:
    """Return the slices whose difference has grown, in the layout of Clarify's bias drift violations.

    ``scale`` is what a change is measured by: 1 for shares, for a regression the mean of all values.
    """
    found = []
    for one in slices:
        difference = one["difference"]
        grown = abs(difference["now"]) > abs(difference["before"])
        if grown and difference["p_value"] <= level and abs(difference["change"]) >= LEAST_CHANGE * abs(scale):
            found.append(
                {
                    "facet": one["column"],
                    "facet_value": one["slice"],
                    "metric_name": "DPPL",
                    "constraint_check_type": "bias_drift_check",
                    "description": f"the difference was {difference['before']:.4g} and is {difference['now']:.4g},"
                    f" p-value {difference['p_value']:.2g}, corrected for all slices",
                }
            )
    return found


def _is_told(part: Part, place: int, before: Sums, now: Sums) -> bool:
    return part.kind == "slice" and all(
        LEAST_ROWS <= sums.rows(place) < int(sums.totals[place, 2]) for sums in (before, now)
    )


def _impacts(place: int, before: Sums, now: Sums) -> dict[str, float | None]:
    """Return the disparate impact on each side; None where the others have no positive answer."""
    found = {}
    for name, sums in (("before", before), ("now", now)):
        mean, difference = sums.answer(place).value, sums.difference(place).value
        found[name] = mean / (mean + difference) if mean + difference > 0 else None
    return found
