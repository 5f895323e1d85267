"""Parts of the rows, and how many rows and answers each has in baseline and window: what shares are compared by.

A part is what a column's slice holds (`training.cuts`), what is missing in it, a category that no fitted row had, or
what lies outside the spec's limits. Of each part are kept, over groups, the sums of ``x = (rows of the part, their
answers, all rows, all answers)`` and of all products of two of these; nothing of any row. That is enough for every
share and mean below and its standard error clustered by group: a statistic of the totals with the gradient ``c`` has
the variance ``G / (G - 1) * c' P c``, ``P`` the products, since none of these statistics changes when the totals are
multiplied (linearisation, Cochran 1977, section 6.4; clusters as in Cameron and Miller 2015, section II.B).

An answer is 1 where the model called the row positive, else 0; of a regression it is the value. The price: of few
groups the standard error is rough.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from chalicelib.core.spec import Column, PipelineSpec
from chalicelib.core.values import Value
from training.cuts import Cut, reduce
from training.monitor.window import Batch
from training.resampling import Estimate
from training.rows import digest
from training.validation import find_problem

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Kind = Literal["slice", "missing", "unseen", "outside"]


class Part(NamedTuple):
    """Some rows, by a column: a slice by its name, else what is wrong with the value."""

    column: str
    kind: Kind
    name: str = ""


@dataclass(frozen=True)
class Partition:
    """Which parts there are: a cut of each column, and the digests of all categories of the fitted rows by column."""

    spec: PipelineSpec
    cuts: Sequence[Cut]
    seen: Mapping[str, Collection[int]]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All parts, in the order of `members`."""
        return tuple(part for column, cut in self._columns for part in _parts(column, cut))

    def members(self, rows: Sequence[Mapping[str, Value]]) -> Bools:
        """Return which rows belong to which parts, shape (rows, parts)."""
        found = np.zeros((len(rows), len(self.parts)), np.bool_)
        first = 0
        for column, cut in self._columns:
            values = [row[column.name] for row in rows]
            slices = len(cut.names) + 1
            places = cut.places([reduce(column, value) for value in values])
            found[np.arange(len(rows)), first + places] = True
            checks = [part.kind for part in _parts(column, cut)[slices:]]
            for place, kind in enumerate(checks, start=first + slices):
                found[:, place] = self._wrong(column, kind, values)
            first += slices + len(checks)
        return found

    @property
    def _columns(self) -> list[tuple[Column, Cut]]:
        return list(zip(self.spec.columns, self.cuts, strict=True))

    def _wrong(self, column: Column, kind: Kind, values: Sequence[Value]) -> list[bool]:
        """Return of which values that is true, asking once for each distinct one."""
        test = {"missing": is_missing, "outside": is_outside, "unseen": self._is_unseen}[kind]
        answers = {value: test(column, value) for value in set(values)}
        return [answers[value] for value in values]

    def _is_unseen(self, column: Column, value: Value) -> bool:
        return value is not None and digest(str(value)) not in self.seen[column.name]


def _parts(column: Column, cut: Cut) -> list[Part]:
    slices = [Part(column.name, "slice", cut.name(place)) for place in range(len(cut.names) + 1)]
    limited = column.lowest, column.highest, column.max_length, column.categories
    kinds: list[Kind] = ["missing"]
    if column.kind == "categorical":
        kinds.append("unseen")
    if any(limit is not None for limit in limited):
        kinds.append("outside")
    return slices + [Part(column.name, kind) for kind in kinds]


def is_missing(_column: Column, value: Value) -> bool:
    """Return whether there is no value; a text of nothing but blanks is none."""
    return value is None or (isinstance(value, str) and not value.strip())


def is_outside(column: Column, value: Value) -> bool:
    """Return whether a value is beyond the spec's limits of its column; a missing one is not."""
    return value is not None and find_problem(column, value) is not None


@dataclass(frozen=True)
class Sums:
    """Of each part the sums of ``x`` (see the module), shape (parts, 4), of its products, (parts, 4, 4), and groups.

    ``present`` are how many groups have a row of the part, shape (parts,), ``groups`` how many there are.
    """

    totals: Floats
    products: Floats
    present: Ints
    groups: int

    def rows(self, place: int) -> int:
        """Return how many rows a part has."""
        return int(self.totals[place, 0])

    def share(self, place: int) -> Estimate:
        """Return the share of all rows that belong to a part."""
        part, _, every, _ = self.totals[place]
        share = part / every
        return self._estimate(place, share, (1 / every, 0, -share / every, 0), self.groups)

    def answer(self, place: int) -> Estimate:
        """Return the mean answer to a part's rows."""
        rows, answers, _, _ = self.totals[place]
        mean = answers / rows
        return self._estimate(place, mean, (-mean / rows, 1 / rows, 0, 0), int(self.present[place]))

    def overall(self) -> Estimate:
        """Return the mean answer to all rows."""
        _, _, rows, answers = self.totals[0]
        mean = answers / rows
        return self._estimate(0, mean, (0, 0, -mean / rows, 1 / rows), self.groups)

    def difference(self, place: int) -> Estimate:
        """Return by how much the mean answer to all other rows is larger than that to a part's rows.

        Of labels that is the difference in positive proportions in predicted labels (DPPL) of SageMaker Clarify, the
        part being its facet d.
        """
        rows, answers, every, everywhere = self.totals[place]
        other, mean = every - rows, answers / rows
        rest = (everywhere - answers) / other
        gradient = (rest / other + mean / rows, -1 / other - 1 / rows, -rest / other, 1 / other)
        return self._estimate(place, rest - mean, gradient, int(self.present[place]))

    def _estimate(self, place: int, value: float, gradient: Sequence[float], groups: int) -> Estimate:
        if self.groups < 2:  # noqa: PLR2004 - one group has no deviation
            return Estimate(float(value), np.nan, groups)
        c = np.array(gradient)
        squares = max(0.0, float(c @ self.products[place] @ c))
        return Estimate(float(value), float(np.sqrt(squares * self.groups / (self.groups - 1))), groups)


class Tally:
    """Counts rows as they come, a group at a time; a group may go on from one call to the next."""

    def __init__(self, parts: int) -> None:
        self._totals = np.zeros((parts, 4))
        self._products = np.zeros((parts, 4, 4))
        self._present = np.zeros(parts, np.int64)
        self._groups = 0
        self._open = np.zeros((0, parts, 4))  # the last group so far, which may go on
        self._last = -1

    def add(self, members: Bools, answers: Floats, groups: Ints) -> None:
        """Count rows: their parts, shape (rows, parts), answers and groups, shape (rows,), which never fall."""
        if not len(groups):
            return
        begins = np.flatnonzero(np.diff(groups, prepend=groups[0] - 1))
        counted = np.stack([members, np.ones_like(members)], axis=2).astype(np.float64)
        values = np.concatenate([counted, counted * answers[:, None, None]], axis=2)[:, :, [0, 2, 1, 3]]
        sums = np.add.reduceat(values, begins, axis=0)
        if groups[0] == self._last:
            sums[0] += self._open[0]
        else:
            self._close(self._open)
        self._close(sums[:-1])
        self._open, self._last = sums[-1:], int(groups[-1])

    def sums(self) -> Sums:
        """Return what was counted."""
        self._close(self._open)
        self._open, self._last = self._open[:0], -1
        return Sums(self._totals, self._products, self._present, self._groups)

    def _close(self, sums: Floats) -> None:
        self._totals += sums.sum(axis=0)
        self._products += np.einsum("gpi,gpj->pij", sums, sums)
        self._present += np.count_nonzero(sums[:, :, 0], axis=0)
        self._groups += len(sums)


class Parting:
    """Counts the parts of a window's rows, as they come."""

    def __init__(self, partition: Partition) -> None:
        self._partition = partition
        self._tally = Tally(len(partition.parts))

    def see(self, batch: Batch) -> None:
        """Count some rows."""
        regression = self._partition.spec.regression
        answers = batch.scores if regression else batch.called.astype(np.float64)
        self._tally.add(self._partition.members(batch.rows), answers, batch.groups)

    def sums(self) -> Sums:
        """Return what was counted."""
        return self._tally.sums()
