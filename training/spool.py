"""Rows that wait on disk until all have been read, then come once each, in the order of their ids.

Memory holds five numbers of eight bytes for each row read, whatever its length, and as much again while they are
sorted: 10 million rows take 0.8 GB. Two rows are equal if their 64-bit digests are; among ten million rows, one is
wrongly taken for another's copy with odds of 1 in 370,000. The price: lines are read back in the order of their ids,
which is slow on a disk once they are more than its cache.
"""

import os
import tempfile
from array import array
from collections.abc import Iterator
from typing import Self

import numpy as np
import numpy.typing as npt

from training.rows import Digests

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]


class Spool:
    """The rows of one side."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=1_048_576)  # noqa: SIM115 - closed by __exit__
        self._ids, self._inputs, self._groups = array("Q"), array("Q"), array("Q")
        self._targets = array("d")
        self._offsets = array("Q", [0])
        self._kept: npt.NDArray[np.int64] = np.empty(0, np.int64)  # places of the rows, once settled

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        """Return how many rows were added."""
        return len(self._ids)

    def add(self, digests: Digests, target: float, line: bytes) -> None:
        """Keep a row's line; ``target`` is the number of its label, or what is to be predicted itself."""
        self._ids.append(digests.row)
        self._inputs.append(digests.inputs)
        self._groups.append(digests.group)
        self._targets.append(target)
        self._offsets.append(self._offsets[-1] + len(line))
        self._file.write(line)

    def settle(self) -> int:
        """Keep one of equal rows, in the order of their ids; return how many are left."""
        self._file.flush()
        _, self._kept = np.unique(np.frombuffer(self._ids, np.uint64), return_index=True)
        return len(self._kept)

    def drop(self, inputs: Keys) -> int:
        """Let go of the rows whose inputs are among these, sorted; return how many."""
        if not len(inputs):
            return 0
        before, own = len(self._kept), self._of_kept(self._inputs)
        # Half the memory of `numpy.isin`, which sorts both together.
        nearest = np.searchsorted(inputs, own)
        np.minimum(nearest, len(inputs) - 1, out=nearest)
        self._kept = self._kept[inputs[nearest] != own]
        return before - len(self._kept)

    @property
    def ids(self) -> Keys:
        """The rows' ids, sorted."""
        return self._of_kept(self._ids)

    @property
    def inputs(self) -> Keys:
        """The distinct digests of the rows' inputs, sorted."""
        return _distinct(self._of_kept(self._inputs))

    @property
    def groups(self) -> Keys:
        """The distinct digests of the rows' groups, sorted."""
        groups = self._of_kept(self._groups)
        return _distinct(groups[groups != 0])

    @property
    def targets(self) -> Floats:
        """The rows' targets."""
        found: Floats = np.frombuffer(self._targets, np.float64)
        return found[self._kept]

    def lines(self) -> Iterator[bytes]:
        """Yield the rows' lines."""
        for place in self._kept:
            start, end = self._offsets[place], self._offsets[place + 1]
            yield os.pread(self._file.fileno(), end - start, start)

    def _of_kept(self, keys: "array[int]") -> Keys:
        found: Keys = np.frombuffer(keys, np.uint64)
        return found[self._kept]


def _distinct(keys: Keys) -> Keys:
    """Sort the keys, which are the caller's to spoil, each once; `numpy.unique` fills a hash table instead."""
    keys.sort()
    first = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    return keys[first]
