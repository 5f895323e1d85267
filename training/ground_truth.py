"""Labels that came after the prediction, and which captured instance each is of.

A label is a line of SageMaker's ground-truth layout, as `/feedback` or a person wrote it: ``groundTruthData`` holds it
as the one field of a CSV, ``eventMetadata`` has in ``eventId`` the captured request's inference id (its event id, where
it has none), and in ``instanceIndex``, ours, which of its instances is meant, 0 if absent. Only such lines are labels;
what a model answered never is. The hour in which a label was collected is that of its file's path, if that ends in
``yyyy/mm/dd/hh/<name>`` as SageMaker has it: the line itself has no time.

Nothing in a file is fatal: what cannot be used is counted by its reason. The same label twice is one. Two different
ones of the same instance are none: nobody can say which is right. A request that was captured twice, by a repeat or by
a shadow variant, is joined once, as it was captured first in the order of the files' names.

All labels are read first and held in memory, 25 bytes each (some 100 while they are sorted), whatever their ids'
length; captured requests then pass once. The price: ids are compared by 64 bits of their digest, so that among ten
million labels one may be given to another's request with odds of 1 in 370,000; and an id that a caller used for two
requests labels whichever of them comes first.
"""

import csv
import io
import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chalicelib.core.spec import PipelineSpec
from training.captured import Captured
from training.errors import BadValueError
from training.events import UnusableError, as_object, parse_event, read_lines
from training.records import list_files
from training.rows import digest, parse_target

HOUR = 3_600  # seconds
CONTRADICTION = "two different labels of one instance"
NO_INSTANCE = "the request has no such instance"
_MOST_INSTANCES = 2**32  # a request of 6 MiB has fewer
_UNKNOWN = np.iinfo(np.int32).max  # an hour
_COLLECTED = re.compile(r"(?:.*/)?([0-9]{4})/([0-9]{2})/([0-9]{2})/([0-9]{2})/[^/]+")
_WAITS, _JOINED, _BEYOND = range(3)


@dataclass(frozen=True)
class Taken:
    """The label of one of a request's instances: a label of the spec's, or of a regression its number."""

    index: int
    value: str | float


@dataclass
class Read:
    """What was read: files, lines, and why lines were refused."""

    files: int = 0
    lines: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Labels:
    """Labels by request and instance; `take` gives each out once, to the request that is captured of it."""

    def __init__(self, spec: PipelineSpec, read: Read, columns: Sequence["array[Any]"]) -> None:
        self._spec = spec
        self._read = read
        self._keys, self._indexes, self._values, self._hours = _distinct(columns, read)
        self._state = np.full(len(self._keys), _WAITS, np.uint8)
        self._delays = array("f")
        self._captured = self._labelled = 0
        self._kept = len(self._keys)

    def __bool__(self) -> bool:
        """Return whether there is anything to join, or to tell."""
        return self._read.files > 0

    def take(self, request: Captured) -> list[Taken]:
        """Return the labels of a request's instances that were not given out yet, in the order of the instances."""
        self._captured += len(request.rows)
        if not request.id:
            return []
        key = np.uint64(digest(request.id))
        first, last = (int(np.searchsorted(self._keys, key, side)) for side in ("left", "right"))
        taken = []
        for place in range(first, last):
            index = int(self._indexes[place])
            if index >= len(request.rows):
                self._state[place] = self._state[place] or _BEYOND
                continue
            self._labelled += 1
            if self._state[place] != _JOINED:
                self._state[place] = _JOINED
                self._note_delay(int(self._hours[place]), request.asked)
                taken.append(Taken(index, self._label(float(self._values[place]))))
        return taken

    def summary(self) -> dict[str, Any]:
        """Return what became of the labels, JSON-ready.

        Of the ``labels`` (lines), each is ``joined``, ``repeated``, ``unmatched`` (no request was captured of it) or
        ``refused``, by reason. ``coverage`` is the labelled share of all captured instances; ``delay_s`` how long after
        the request the label came, in seconds, where that is known: to half an hour, since a label's hour is.
        """
        states = np.bincount(self._state, minlength=3).tolist()
        refused = self._read.refused + Counter({NO_INSTANCE: states[_BEYOND]})
        told: dict[str, Any] = {
            "files": self._read.files,
            "labels": self._read.lines,
            "joined": states[_JOINED],
            "repeated": self._read.lines - self._kept - self._read.refused.total(),
            "unmatched": states[_WAITS],
            "refused": dict(refused),
            "captured": self._captured,
            "coverage": self._labelled / self._captured if self._captured else 0.0,
        }
        if self._delays:
            median, late = np.quantile(np.frombuffer(self._delays, np.float32), (0.5, 0.9)).tolist()
            told["delay_s"] = {"median": median, "p90": late}
        return told

    def _label(self, value: float) -> str | float:
        return value if self._spec.regression else self._spec.labels[int(value)]

    def _note_delay(self, hour: int, asked: datetime | None) -> None:
        if asked is not None and hour != _UNKNOWN:
            self._delays.append(max(0.0, (hour + 0.5) * HOUR - asked.timestamp()))


def read_labels(folder: Path, spec: PipelineSpec) -> Labels:
    """Read the labels in all files below a folder; what cannot be used is counted."""
    columns: tuple[array[Any], ...] = (array("Q"), array("I"), array("d"), array("i"))
    read = Read()
    for path in list_files(folder):
        read.files += 1
        hour = _hour(path.relative_to(folder).as_posix())
        for line in read_lines(path):
            read.lines += 1
            try:
                found = _parse(spec, parse_event(line))
            except (UnusableError, BadValueError) as error:
                read.refused[str(error)] += 1
                continue
            for column, value in zip(columns, (*found, hour), strict=True):
                column.append(value)
    return Labels(spec, read, columns)


def _parse(spec: PipelineSpec, event: Mapping[str, Any]) -> tuple[int, int, float]:
    """Return the digest of a label's request, its instance, and the label's place in the spec or its number."""
    metadata = as_object(event.get("eventMetadata"), "there is no eventMetadata")
    named, index = metadata.get("eventId"), metadata.get("instanceIndex", 0)
    if not isinstance(named, str) or not named:
        raise UnusableError("there is no eventId")
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise UnusableError("instanceIndex is not a whole number from 0")
    if index >= _MOST_INSTANCES:
        raise UnusableError(NO_INSTANCE)
    data = as_object(event.get("groundTruthData"), "there is no groundTruthData")
    label = parse_target(spec, _field(data))
    return digest(named), index, label if isinstance(label, float) else spec.labels.index(label)


def _field(data: Mapping[str, Any]) -> str:
    content = data.get("data")
    if data.get("encoding") != "CSV" or not isinstance(content, str):
        raise UnusableError("groundTruthData is not CSV")
    try:
        rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    except csv.Error as error:
        raise UnusableError("groundTruthData is not CSV") from error
    if len(rows) != 1 or len(rows[0]) != 1:
        raise UnusableError("groundTruthData is not one label")
    return rows[0][0]


def _hour(path: str) -> int:
    """Return the hour of a file's path, in hours since 1970; `_UNKNOWN` if it names none."""
    match = _COLLECTED.fullmatch(path)
    if match is None:
        return _UNKNOWN
    try:
        year, month, day, hour = map(int, match.groups())
        return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp() // HOUR)
    except ValueError:  # no date of any calendar
        return _UNKNOWN


def _distinct(columns: Sequence["array[Any]"], read: Read) -> list[npt.NDArray[Any]]:
    """Return one label for each instance that has one, sorted by request and instance; others are counted."""
    keys, indexes, values, hours = (np.frombuffer(column, np.dtype(column.typecode)) for column in columns)
    if not len(keys):
        return [keys, indexes, values, hours]
    order = np.lexsort((hours, indexes, keys))  # of equal labels the one that came first
    keys, indexes, values, hours = (column[order] for column in (keys, indexes, values, hours))
    begins = np.ones(len(keys), np.bool_)
    begins[1:] = (keys[1:] != keys[:-1]) | (indexes[1:] != indexes[:-1])
    first = np.flatnonzero(begins)
    agree = np.minimum.reduceat(values, first) == np.maximum.reduceat(values, first)
    sizes = np.diff(np.append(first, len(keys)))
    read.refused += Counter({CONTRADICTION: int(sizes[~agree].sum())})
    return [column[first[agree]] for column in (keys, indexes, values, hours)]
