"""What moved and by how much, column by column, in figures that people know.

Population stability and Jensen-Shannon distance are effect sizes: they do not shrink as rows come, and no alarm hangs
on them, since small windows reach any fixed bound by chance. Their p-values, chi-squared's over the same bins and
Kolmogorov-Smirnov's over all cells, take rows for independent and are corrected by Holm's method for the number of
columns and tests. Where rows come in groups they are too small: read them as an order of what to look at first, not as
alarms. Fewer than `LEAST_VALUES` values on either side are not compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.monitor.distances import (
    chi_squared,
    holm,
    jensen_shannon,
    kolmogorov_smirnov,
    merge,
    population_stability,
    presences,
)
from training.monitor.edges import Counts, Floats, Ints

LEAST_VALUES = 100


@dataclass(frozen=True)
class Column:
    """One column of a window beside the baseline's; None where there are too few values to compare.

    ``chances`` are p-values by test, corrected for all columns and tests.
    """

    values: int
    missing: float
    missing_before: float
    population_stability: float | None
    jensen_shannon: float | None
    kolmogorov_smirnov: float | None
    chances: Mapping[str, float]


def compare(baseline: Mapping[str, Counts], window: Mapping[str, Counts], ordered: frozenset[str]) -> dict[str, Column]:
    """Return the columns of a window by name; those of ``ordered`` are numbers, the others categories."""
    measured = {name: _measure(baseline[name], window[name], ordered=name in ordered) for name in baseline}
    chances = {(name, test): chance for name, (_, tests) in measured.items() for test, chance in tests.items()}
    corrected = dict(zip(chances, holm([*chances.values()]), strict=True))
    return {
        name: Column(
            values=window[name].present,
            missing=window[name].missing / max(1, window[name].rows),
            missing_before=baseline[name].missing / max(1, baseline[name].rows),
            population_stability=effects.get("population_stability"),
            jensen_shannon=effects.get("jensen_shannon"),
            kolmogorov_smirnov=effects.get("kolmogorov_smirnov"),
            chances={test: corrected[name, test] for test in tests},
        )
        for name, (effects, tests) in measured.items()
    }


@dataclass(frozen=True)
class Words:
    """Many words of a window beside the baseline's, each of shape (words,); ``chances`` are corrected for all."""

    population_stability: Floats
    jensen_shannon: Floats
    chances: Floats


def compare_words(baseline: Ints, baseline_rows: int, window: Ints, rows: int) -> Words:
    """Return how far apart the shares of rows are that hold each word; ``baseline`` and ``window`` count these rows."""
    before, now = (np.stack([held, of - held], axis=1) for held, of in ((baseline, baseline_rows), (window, rows)))
    stability, divergence, chances = presences(before, now)
    return Words(stability, divergence, np.array(holm(chances)))


def _measure(baseline: Counts, window: Counts, *, ordered: bool) -> tuple[dict[str, float], dict[str, float]]:
    """Return a column's effect sizes and p-values, both empty where there are too few values."""
    if min(baseline.present, window.present) < LEAST_VALUES:
        return {}, {}
    before, now = baseline.cells, window.cells
    effects, chances = {}, {}
    if ordered:
        effects["kolmogorov_smirnov"], chances["kolmogorov_smirnov"] = kolmogorov_smirnov(before, now)
        before, now = merge(before, before), merge(now, before)
    effects["population_stability"] = population_stability(before, now)
    effects["jensen_shannon"] = jensen_shannon(before, now)
    chances["chi_squared"] = chi_squared(before, now)[1]
    return effects, chances
