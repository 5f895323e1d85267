"""How sure a figure is: whole groups are drawn with replacement, and a statistic is computed on all draws at once.

Rows of one group (one film's reviews) resemble each other: rows drawn alone would make every figure look surer than it
is. So the groups are drawn, a pairs cluster bootstrap (Efron and Tibshirani 1993, chapter 8; Cameron and Miller 2015,
section VI.C). A row without a group is one of its own.

A draw is a weight for each group, how often it was drawn, and a statistic a function from weights, shape (draws,
groups), to its values, shape (draws,). Sums over rows become sums over groups once, so 2,000 draws are one product of
matrices. An interval is the estimate and its bootstrap standard error times a quantile of Student's t with one degree
of freedom less than there are groups: percentiles of the draws are too narrow where groups are few. The price: with
few groups the standard error itself is rough, and an interval is symmetric even where the statistic is not.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Statistic = Callable[[Floats], Floats]

RESAMPLES = 2_000
CELLS = 4_194_304  # weights in memory at once: 32 MB
LEAST_USABLE = 0.5  # share of the draws that must have a value: an AUC has none where one label was not drawn


@dataclass(frozen=True)
class Groups:
    """Which group each row is of: numbers below ``count``, shape (rows,)."""

    of_row: Ints
    count: int

    @classmethod
    def of(cls, names: Sequence[str]) -> "Groups":
        """Return the groups of rows that are named so."""
        numbers: dict[str, int] = {}
        of_row = [numbers.setdefault(name, len(numbers)) for name in names]
        return cls(np.array(of_row, np.int64), len(numbers))

    def take(self, places: Ints) -> "Groups":
        """Return the groups of the rows at these places, numbered anew."""
        present, of_row = np.unique(self.of_row[places], return_inverse=True)
        return Groups(of_row.astype(np.int64), len(present))

    def sums(self, values: npt.NDArray[np.generic]) -> Floats:
        """Return the sum of the rows' values in each group, shape (groups,)."""
        return np.bincount(self.of_row, values.astype(np.float64), minlength=self.count).astype(np.float64)

    def draws(self, resamples: int, seed: int) -> Iterator[Floats]:
        """Yield blocks of draws, shape (some, groups): how often each group was drawn."""
        random = np.random.default_rng(seed)
        step = max(1, CELLS // max(1, len(self.of_row)))
        for first in range(0, resamples, step):
            some = min(step, resamples - first)
            drawn = random.integers(self.count, size=(some, self.count))
            drawn += self.count * np.arange(some)[:, None]
            times = np.bincount(drawn.ravel(), minlength=some * self.count)
            yield times.reshape(some, self.count).astype(np.float64)


@dataclass(frozen=True)
class Estimate:
    """A statistic of all rows, its bootstrap standard error (NaN if it has none), and how many groups it rests on."""

    value: float
    error: float
    groups: int

    def bounds(self, level: float) -> tuple[float, float]:
        """Return the two bounds that the truth is beyond with a chance of ``level`` each."""
        reach = float(stdtrit(max(1, self.groups - 1), 1 - level)) * self.error
        return self.value - reach, self.value + reach

    def exceeds(self, bound: float) -> float:
        """Return the one-sided p-value of the hypothesis that the truth is no more than ``bound``; NaN if unknown.

        ``P(T >= (value - bound) / error)`` for Student's T with one degree of freedom less than there are groups.
        """
        if not math.isfinite(self.error):
            return math.nan
        if self.error == 0:
            return float(self.value <= bound)
        return float(stdtr(max(1, self.groups - 1), (bound - self.value) / self.error))


def estimate(
    statistics: Mapping[str, Statistic], groups: Groups, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """Return each statistic of all rows with its standard error; all are computed on the same draws."""
    drawn: dict[str, list[Floats]] = {name: [] for name in statistics}
    for weights in groups.draws(resamples if groups.count > 1 else 0, seed):
        for name, statistic in statistics.items():
            drawn[name].append(statistic(weights))
    return {
        name: Estimate(measure(statistic, groups), _error(drawn[name], groups.count), groups.count)
        for name, statistic in statistics.items()
    }


def measure(statistic: Statistic, groups: Groups) -> float:
    """Return a statistic of all rows, each counted once."""
    return float(statistic(np.ones((1, groups.count)))[0])


def mean(values: Floats, groups: Groups) -> Estimate:
    """Return the rows' mean with its standard error clustered by group, which for a mean needs no draws.

    ``error² = G / (G - 1) * sum over groups of (sum of the group's deviations from the mean)² / rows²`` (Cameron and
    Miller 2015, section II.B, for a constant alone).
    """
    value = float(values.mean())
    if groups.count < 2:  # noqa: PLR2004 - one group has no deviation
        return Estimate(value, math.nan, groups.count)
    squares = float((groups.sums(values - value) ** 2).sum())
    return Estimate(value, math.sqrt(groups.count / (groups.count - 1) * squares) / len(values), groups.count)


def _error(blocks: Sequence[Floats], groups: int) -> float:
    """Return the draws' deviation, as if from one group less: else it is too small by that factor on average."""
    values = np.concatenate([np.zeros(0), *blocks])
    usable = values[np.isfinite(values)]
    if len(usable) < max(2, LEAST_USABLE * len(values)):
        return math.nan
    return float(np.std(usable, ddof=1) * math.sqrt(groups / (groups - 1)))
