"""Feature-attribution drift of each slice: whether the features that mattered to its answers still do.

A slice is what `bias` tells (see `parts`), and its features are ranked as `attribution` ranks those of all rows: by
their mean absolute contribution to the slice's rows, against the baseline's ranking of the same slice. So what only
changed how large a slice is moves no figure here, and what changed within one is not lost among all rows.

What is usual is dealt of the slice's rows of both sides together, in whole groups, as many rows to the window as it
has, and the p-value is how many of the dealt ones are as bad. Out of the baseline's rows alone, as for all rows, it
cannot be told: of a hundred rows few or none may have what contributes most but seldom (a gain from capital), and then
no window out of them has it. On `income` one window without drift in eight had a violation that way.

Only rows that are explained count, `attribution.ROWS` on each side at most, however many the window has: a slice of
fewer than `LEAST_ROWS` of them on either side, or of few groups, is not told, nor is one that is all rows of both. The
price: in a slice of few rows only a large drift is seen, and no feature is ranked that did not matter to the baseline
as a whole.

It decides nothing. A slice is listed as a violation, as Clarify lists all rows, where its gain is below Clarify's 0.9
and that is no chance by Holm's correction over all slices told. As many windows as it takes to tell so small a p-value
are dealt only where there may be one to list: the gain is below 0.9, and hardly any of the first `DRAWS` is as bad.
Everywhere else these must do, and a p-value is a 201st at least before it is corrected.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from training.monitor.attribution import (
    DRAWS,
    LEAST_GAIN,
    LEAST_GROUPS,
    Contributions,
    Explained,
    attributions,
    ranking_gain,
)
from training.monitor.distances import holm
from training.monitor.parts import Partition

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_ROWS = 50  # explained, of a slice on each side
DEALT_BEYOND = 2  # that reach what a slice of the largest p-value that is no chance does
CELLS = 1_048_576  # in memory at once, 8 MB an array: dealt groups or features, whichever are more


def find(partition: Partition, baseline: Contributions, window: Explained, level: float) -> list[dict[str, Any]]:
    """Return every slice that may be told, JSON-ready, with its p-value corrected for their number.

    Parameters
    ----------
    partition
        Its parts are the columns of both sides' ``members``.
    baseline, window
        Contributions to rows of each, of the same features.
    level
        The largest corrected p-value that is no chance; it says how many windows must be dealt.
    """
    places = [place for place in range(len(partition.parts)) if _is_told(partition, place, baseline, window)]
    draws = max(DRAWS, math.ceil(DEALT_BEYOND * len(places) / level))
    compared = [_compare(baseline, window, place, draws) for place in places]
    corrected = holm([chance for _, _, chance in compared])
    return [
        {
            "column": partition.parts[place].column,
            "slice": partition.parts[place].name,
            "rows": int(np.count_nonzero(window.members[:, place])),
            "rows_before": int(np.count_nonzero(baseline.members[:, place])),
            "ndcg": gain,
            "ndcg_without_drift": usual,
            "p_value": chance,
        }
        for place, (gain, usual, _), chance in zip(places, compared, corrected, strict=True)
    ]


def violations(slices: Sequence[Mapping[str, Any]], label: str, method: str, level: float) -> list[dict[str, str]]:
    """Return the slices whose ranking is worth too little, in the layout of Clarify's attribution drift violations.

    Parameters
    ----------
    slices
        What `find` returned.
    label, method
        The column that is predicted, and how contributions were found.
    level
        The largest corrected p-value that is no chance.
    """
    return [
        {
            "label": label,
            "facet": one["column"],
            "facet_value": one["slice"],
            "metric_name": method,
            "constraint_check_type": "feature_attribution_drift_check",
            "description": f"the nDCG of the features' ranking in this slice is {one['ndcg']:.4f}, below {LEAST_GAIN},"
            f" and without drift {one['ndcg_without_drift']:.4f}; p-value {one['p_value']:.2g}, corrected for all"
            " slices",
        }
        for one in slices
        if one["ndcg"] < LEAST_GAIN and one["p_value"] <= level
    ]


def deal(values: sparse.csr_matrix, groups: Ints, rows: int, draws: int, seed: int = 0) -> Floats:
    """Return the gains of windows without drift: of rows that are dealt anew to window and baseline, in whole groups.

    Parameters
    ----------
    values
        Contributions to the rows of both sides, shape (rows, features).
    groups
        The group of each row, shape (rows,): numbers from 0 on, none left out. There must be two groups at least.
    rows
        How many the window has, about, since groups are whole.
    draws
        How many times.

    Returns
    -------
    array of shape (draws,)
    """
    sizes, random = np.bincount(groups), np.random.default_rng(seed)
    shape = (len(sizes), len(groups))
    sums = (sparse.csr_matrix((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape) @ abs(values)).toarray()
    step = max(1, CELLS // max(sums.shape))
    gains = [np.zeros(0)]
    for first in range(0, draws, step):
        order = random.permuted(np.tile(np.arange(len(sizes)), (min(step, draws - first), 1)), axis=1)
        dealt = sizes[order]
        wanted = np.cumsum(dealt, axis=1) - dealt / 2 < rows
        wanted[:, 0], wanted[:, -1] = True, False  # neither side is ever empty
        taken = np.empty(order.shape)
        np.put_along_axis(taken, order, wanted, axis=1)
        # Sums are no means, but in their order and proportions.
        gains.append(ranking_gain((1 - taken) @ sums, taken @ sums))
    return np.concatenate(gains)


def _is_told(partition: Partition, place: int, baseline: Contributions, window: Explained) -> bool:
    if partition.parts[place].kind != "slice":
        return False
    whole = True
    for members, groups in ((baseline.members, baseline.groups), (window.members, window.groups)):
        inside = members[:, place]
        if inside.sum() < LEAST_ROWS or len(np.unique(groups.of_row[inside])) < LEAST_GROUPS:
            return False
        whole = whole and bool(inside.all())
    return not whole


def _compare(baseline: Contributions, window: Explained, place: int, draws: int) -> tuple[float, float, float]:
    """Return a slice's gain, its median without drift, and its p-value, not corrected."""
    of_baseline, of_window = (np.flatnonzero(members[:, place]) for members in (baseline.members, window.members))
    before, now = baseline.values[of_baseline], window.values[of_window]
    groups_before, groups_now = baseline.groups.take(of_baseline), window.groups.take(of_window)
    gain = float(ranking_gain(attributions(before), attributions(now)))
    values = sparse.vstack([before, now], "csr")
    groups = np.concatenate([groups_before.of_row, groups_before.count + groups_now.of_row])
    usual = deal(values, groups, len(of_window), DRAWS)
    if gain < LEAST_GAIN and np.count_nonzero(usual <= gain) < DEALT_BEYOND:
        usual = np.concatenate([usual, deal(values, groups, len(of_window), draws - DRAWS, seed=1)])
    return gain, float(np.median(usual)), float((1 + np.count_nonzero(usual <= gain)) / (1 + len(usual)))
