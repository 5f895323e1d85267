"""What a labelled row is: parsed against the spec, hashed, and put on its side of the split.

A text or category is a string, a number a float, a missing number or category None: so they go on as JSON.

A row's identity is the begin of the SHA-256 of its canonical JSON, so the same row has the same id in every file and
order; 64 bits of it, so that the ids of millions of rows fit into memory. Its side is a hash of its group (or of its
content, where it has none): it never depends on other rows, so a row once held out stays held out as data grow. The
price: shares are met on average only, and few groups meet them badly.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from chalicelib.core.spec import Column, PipelineSpec, Split
from chalicelib.core.values import Value, to_number
from training.errors import BadValueError

Side = Literal["train", "validation", "test"]
SIDES: tuple[Side, ...] = ("train", "validation", "test")


class Digests(NamedTuple):
    """What rows are compared by, as whole numbers of 64 bits: all of the row, its inputs alone, and its group.

    ``inputs`` is equal for a text under two titles or with two labels; ``group`` is 0 where the row has none.
    """

    row: int
    inputs: int
    group: int


@dataclass(frozen=True)
class Row:
    """One labelled row: its input columns, its label (for a regression the number), and its group if it has one."""

    columns: Mapping[str, Value]
    label: str | float
    group: str | None

    @property
    def id(self) -> str:
        """The row's digest in 16 hexadecimal characters."""
        return f"{self.digests.row:016x}"

    @cached_property
    def digests(self) -> Digests:
        """What the row is compared by."""
        return Digests(
            row=digest({"columns": dict(self.columns), "group": self.group, "label": self.label}),
            inputs=digest(dict(self.columns)),
            group=0 if self.group is None else group_digest(self.group),
        )

    def side(self, split: Split) -> Side:
        """Return where the row belongs: test below its share of the hash space, then validation, then train."""
        key = {"group": self.group} if self.group is not None else {"columns": dict(self.columns)}
        position = uniform(split.salt, key)
        if position < split.test:
            return "test"
        return "validation" if position < split.test + split.validation else "train"


def uniform(salt: str, key: object) -> float:
    """Return a number in [0, 1) that is a function of salt and key only."""
    # 53 bits: what a float holds exactly, so that the result cannot round up to 1.
    return (digest([salt, key]) >> 11) / 2**53


def group_digest(group: str) -> int:
    """Return what a group is compared by, in 64 bits."""
    return digest(group)


def cluster(row_id: str, group: str | None) -> str:
    """Return the name of what a row is drawn, dealt and counted with: a row without a group is one of its own."""
    return f"row {row_id}" if group is None else f"group {group}"


def content_digest(rows: npt.NDArray[np.uint64]) -> str:
    """Return the SHA-256 over the digests of distinct rows, shape (rows,), whatever their order and files."""
    return hashlib.sha256(np.sort(rows).astype(">u8").data).hexdigest()


def parse_columns(spec: PipelineSpec, values: Mapping[str, object], *, allow_empty: bool = False) -> dict[str, Value]:
    """Return the spec's input columns of one record.

    Raises
    ------
    BadValueError
        If one is absent, not of its kind, or an empty text where that is not allowed.
    """
    columns: dict[str, Value] = {}
    for column in spec.columns:
        if column.name not in values or (column.kind == "text" and values[column.name] is None):
            raise BadValueError(f"column {column.name!r} is missing")
        columns[column.name] = _parse_value(spec, column, values[column.name])
        if column.kind == "text" and not allow_empty and not str(columns[column.name]).strip():
            raise BadValueError(f"column {column.name!r} is empty")
    return columns


def parse_row(spec: PipelineSpec, values: Mapping[str, object]) -> Row:
    """Return one record as a labelled row.

    Raises
    ------
    BadValueError
        If a column is missing or unusable, or the label is none of the spec's.
    """
    columns = parse_columns(spec, values)
    if values.get(spec.target) is None:
        raise BadValueError(f"column {spec.target!r} is missing")
    label = parse_target(spec, values[spec.target])
    return Row(columns, label, (_plain(values.get(spec.group), spec.group) or None) if spec.group else None)


def _parse_value(spec: PipelineSpec, column: Column, value: object) -> Value:
    """Return a value as its column's kind; what stands for a missing one is None."""
    if column.kind == "text":
        if not isinstance(value, str):
            raise BadValueError(f"column {column.name!r} must be text")
        return value
    if value is None or (isinstance(value, str) and value.strip() in spec.missing):
        return None
    return _plain(value, column.name) if column.kind == "categorical" else _number(value, column.name)


def parse_target(spec: PipelineSpec, value: object) -> str | float:
    """Return a label of the spec's, or of a regression a number.

    Raises
    ------
    BadValueError
        If it is none.
    """
    if spec.regression:
        return _number(value, spec.target)
    label = _plain(value, spec.target)
    if label not in spec.labels:
        raise BadValueError(f"column {spec.target!r} must be one of {', '.join(spec.labels)}")
    return label


def _number(value: object, column: str) -> float:
    number = to_number(value)
    if number is None:
        raise BadValueError(f"column {column!r} is not a number (digits with a decimal point, within 32 bits)")
    return number


def _plain(value: object, column: str) -> str:
    """Return a label, group or category as text; JSON may hold it as a whole number."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise BadValueError(f"column {column!r} must be text or a whole number")


def digest(value: object) -> int:
    """Return 64 bits of a JSON value's SHA-256; ASCII escapes make every string encodable, lone surrogates too."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
    return int.from_bytes(hashlib.sha256(canonical).digest()[:8], "big")
