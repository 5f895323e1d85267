"""What is odd about the held-out rows, whatever the model says of them: each alert has its kind and a sentence.

- ``few_rows``: fewer rows, or groups, of a class than the pipeline's gate asks for.
- ``target_shift``: their mean target (of a label, the positive share) is not that of the rows the model was fitted on,
  by more than groups explain. Few groups differ much by chance, so both sides' errors count: that of the held-out mean
  is clustered by group, the other one taken from it, as if the error fell with the root of the number of groups.
- ``schema_drift``: a column is missing more or less often than in the rows the model was fitted on, beyond chance and
  by more than `NOTABLE`; or so many of its categories are new.

The price: with a chance of `RARE` for each column and the target, an alert is false.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from training import resampling
from training.held_out import HeldOut
from training.resampling import Estimate, Groups
from training.slices import Table

RARE = 0.001
NOTABLE = 0.05


def find(held_out: HeldOut, profile: Mapping[str, Any] | None, tables: Sequence[Table]) -> list[dict[str, str]]:
    """Return the alerts.

    Parameters
    ----------
    profile
        That of the rows the model was fitted on (see `profile`); None if it is not known.
    tables
        The held-out rows' columns; empty if they are not known.
    """
    found = list(_few_rows(held_out))
    if profile is not None:
        found += _target_shift(held_out, profile)
        for table in tables:
            found += _schema_drift(table, held_out.groups, profile)
    return [{"kind": kind, "message": message} for kind, message in found]


_Found = Iterator[tuple[str, str]]


def _few_rows(held_out: HeldOut) -> _Found:
    gate = held_out.spec.gate
    for name, count in held_out.counts().items():
        if count["rows"] < gate.min_rows or count["groups"] < gate.min_groups:
            yield (
                "few_rows",
                (
                    f"{count['rows']:,} held-out rows in {count['groups']:,} groups ({name}) are fewer than the"
                    f" {gate.min_rows:,} rows and {gate.min_groups:,} groups asked for: add data"
                ),
            )


def _target_shift(held_out: HeldOut, profile: Mapping[str, Any]) -> _Found:
    fitted = float(profile["target"])
    mean = resampling.mean(held_out.target, held_out.groups)
    least = 0.0 if held_out.spec.regression else _least_error(fitted, len(held_out.ids))
    if _differs(mean, fitted, int(profile["groups"]), least):
        yield (
            "target_shift",
            (
                f"the mean of {held_out.spec.target!r} is {mean.value:.4g} on held-out rows and {fitted:.4g} on those"
                " the model was fitted on, more than their groups explain: has the data's origin changed?"
            ),
        )


def _schema_drift(table: Table, groups: Groups, profile: Mapping[str, Any]) -> _Found:
    name = table.column.name
    known = profile["columns"][name]
    missing = np.array([value is None for value in table.values], np.bool_)
    fitted = float(known["missing"])
    mean = resampling.mean(missing.astype(np.float64), groups)
    least = _least_error(fitted, len(missing))
    if abs(mean.value - fitted) > NOTABLE and _differs(mean, fitted, int(profile["groups"]), least):
        yield (
            "schema_drift",
            (
                f"column {name!r} is missing in {mean.value:.1%} of the held-out rows and in {fitted:.1%} of those the"
                " model was fitted on"
            ),
        )
    if known.get("categories") is not None:
        new = np.mean([value is not None and str(value) not in known["categories"] for value in table.values])
        if new > NOTABLE:
            yield "schema_drift", f"column {name!r} holds categories new to the model in {new:.1%} of the held-out rows"


def _least_error(share: float, rows: int) -> float:
    """Return the standard error of a share of independent rows: also where all held-out rows are alike."""
    return math.sqrt(share * (1 - share) / rows)


def _differs(mean: Estimate, fitted: float, fitted_groups: int, least: float) -> bool:
    """Return whether the difference of two means is beyond chance."""
    if not math.isfinite(mean.error):
        return False
    error = max(mean.error, least) * math.sqrt(1 + mean.groups / max(1, fitted_groups))
    chance = Estimate(mean.value, error, mean.groups).exceeds(fitted)
    return 2 * min(chance, 1 - chance) < RARE
