"""Where the rows of all files wait, each on its side, and no more of them than the pipeline's policy allows.

Above the limit those rows are kept whose inputs come first in an order that is a function of the inputs and the split's
salt alone (bottom-k sampling; Cohen and Kaplan 2007): a uniform sample of the distinct inputs, the same whatever the
order and number of the files, in memory for twice the rows that it keeps. The order is independent of the split, so
the shares of the sides stay what they are on average, and no row changes sides. Rows of equal inputs stay or go
together: a text under two titles can never be learnt from because the copy of it that is held out was left out. The
price: where many rows share their inputs, a few rows less than the limit are kept.
"""

import contextlib
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from training.rows import SIDES, Digests, Side, digest
from training.spool import Keys, Spool


@dataclass(frozen=True)
class Settled:
    """The digests of the distinct rows that are kept, and how many rows went: copies, leaked ones, those left out.

    ``leaked`` rows are among ``rows``: their inputs are also held out from the side they are on.
    """

    rows: Keys
    duplicates: int
    leaked: int
    left_out: int


class Sides:
    """The rows of each side; ``limit`` bounds those of all sides together (None: no bound)."""

    def __init__(self, limit: int | None, salt: str) -> None:
        self._limit = limit
        self._salt = np.uint64(digest(["sample", salt]))
        self._bound: int | None = None  # rows whose inputs rank here or later are left out
        self._added = 0
        self._stack = contextlib.ExitStack()
        self.spools = {side: self._stack.enter_context(Spool()) for side in SIDES}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, side: Side, digests: Digests, target: float, line: bytes, source: int = 0) -> None:
        """Put a row on its side, or leave it out."""
        self._added += 1
        if self._bound is not None and digests.inputs ^ int(self._salt) >= self._bound:
            return
        self.spools[side].add(digests, target, line, source)
        if self._limit is not None and sum(map(len, self.spools.values())) > 2 * self._limit:
            self._trim(self._limit)

    def settle(self) -> Settled:
        """Drop copies, then what is also held out from a side: test keeps all, validation what test has not."""
        if self._limit is not None:
            self._trim(self._limit)
        for spool in self.spools.values():
            spool.settle()
        came = sum(int(spool.times.sum()) for spool in self.spools.values())
        rows = np.concatenate([self.spools[side].ids for side in SIDES])
        leaked = self.spools["validation"].drop(np.sort(self.spools["test"].inputs))
        leaked += sum(self.spools["train"].drop(np.sort(self.spools[side].inputs)) for side in ("validation", "test"))
        return Settled(rows, came - len(rows), leaked, self._added - came)

    def _trim(self, limit: int) -> None:
        """Keep of the distinct rows those that rank first."""
        for spool in self.spools.values():
            spool.settle()
        ranks = np.concatenate([self._ranks(spool) for spool in self.spools.values()])
        if len(ranks) <= limit:
            return
        self._bound = int(np.partition(ranks, limit)[limit])
        for spool in self.spools.values():
            spool.keep(self._ranks(spool) < self._bound)

    def _ranks(self, spool: Spool) -> npt.NDArray[np.uint64]:
        # The digests are random already, so another salt only has to put them into another order.
        return spool.inputs ^ self._salt
