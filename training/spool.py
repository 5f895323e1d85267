"""Rows that wait on disk until all have been read, then come once each, in the order of their ids.

Memory holds eight numbers of each row that waits, 52 bytes whatever its length, and as much again while they are
sorted: 10 million rows take 1 GB. Two rows are equal if their 64-bit digests are; among ten million rows, one is
wrongly taken for another's copy with odds of 1 in 370,000. The price: lines are read back in the order of their ids,
which is slow on a disk once they are more than its cache, and the lines of rows let go stay on the disk until the end.
"""

import os
import tempfile
from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from training.rows import Digests

Keys = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]


class _Columns(NamedTuple):
    """What memory holds of the rows; ``sources`` says which file a row came from first, ``times`` how often it came."""

    ids: "array[Any]"
    inputs: "array[Any]"
    groups: "array[Any]"
    targets: "array[Any]"
    starts: "array[Any]"
    lengths: "array[Any]"
    sources: "array[Any]"
    times: "array[Any]"


class Spool:
    """The rows of one side."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=1_048_576)  # noqa: SIM115 - closed by __exit__
        self._columns = _Columns(
            ids=array("Q"),
            inputs=array("Q"),
            groups=array("Q"),
            targets=array("d"),
            starts=array("Q"),
            lengths=array("I"),
            sources=array("I"),
            times=array("I"),
        )
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        """Return how many rows wait, copies included until they are settled."""
        return len(self._columns.ids)

    def add(self, digests: Digests, target: float, line: bytes, source: int = 0) -> None:
        """Keep a row's line; ``target`` is the number of its label, or what is to be predicted itself."""
        values = (*digests, target, self._end, len(line), source, 1)
        for column, value in zip(self._columns, values, strict=True):
            column.append(value)
        self._end += len(line)
        self._file.write(line)

    def settle(self) -> None:
        """Keep the first of equal rows, in the order of their ids."""
        if not len(self):
            return
        order = np.argsort(self.ids, kind="stable")
        first = np.flatnonzero(_begins(self.ids[order]))
        times = np.add.reduceat(self.times[order], first, dtype=np.uint32)
        self.keep(order[first])
        self._columns = self._columns._replace(times=array("I", times.tobytes()))

    def keep(self, places: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> None:
        """Let go of all rows but those at these places, or where this is true."""
        self._columns = _Columns(
            *(
                array(column.typecode, np.frombuffer(column, np.dtype(column.typecode))[places].tobytes())
                for column in self._columns
            )
        )

    def drop(self, inputs: Keys) -> int:
        """Let go of the rows whose inputs are among these, sorted; return how many."""
        if not len(inputs):
            return 0
        before, own = len(self), self.inputs
        # Half the memory of `numpy.isin`, which sorts both together.
        nearest = np.searchsorted(inputs, own)
        np.minimum(nearest, len(inputs) - 1, out=nearest)
        self.keep(inputs[nearest] != own)
        return before - len(self)

    @property
    def ids(self) -> Keys:
        """The rows' ids; sorted, once settled. This and what follows is of one order."""
        return np.array(self._columns.ids, np.uint64)

    @property
    def inputs(self) -> Keys:
        """The digests of the rows' inputs."""
        return np.array(self._columns.inputs, np.uint64)

    @property
    def groups(self) -> Keys:
        """The digests of the rows' groups, 0 where a row has none."""
        return np.array(self._columns.groups, np.uint64)

    @property
    def targets(self) -> Floats:
        """The rows' targets."""
        return np.array(self._columns.targets, np.float64)

    @property
    def sources(self) -> Counts:
        """The files that the rows came from first, by number."""
        return np.array(self._columns.sources, np.uint32)

    @property
    def times(self) -> Counts:
        """How often each row came."""
        return np.array(self._columns.times, np.uint32)

    def lines(self) -> Iterator[bytes]:
        """Yield the rows' lines."""
        self._file.flush()
        for start, length in zip(self._columns.starts, self._columns.lengths, strict=True):
            yield os.pread(self._file.fileno(), length, start)


def distinct(keys: Keys) -> Keys:
    """Return the keys sorted, each once; `numpy.unique` fills a hash table instead."""
    ordered = np.sort(keys)
    return ordered[_begins(ordered)]


def _begins(ordered: Keys) -> npt.NDArray[np.bool_]:
    """Return where another value begins than stands before."""
    begins = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    return begins
