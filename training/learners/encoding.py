"""Turns a row's numbers and categories into the numbers that trees split on, in training as in service.

A number stays one. A category becomes its place in the order of the training rows' mean target: of all ways to part
the categories of one column in two, the best by squared error is then a single threshold (Fisher 1958; Breiman et al.
1984), so ordinary splits serve and the trees' reader needs no sets. Categories of few rows share one place, whose mean
they decide together; one that was never seen goes there too, since rare is what it is most like. What is missing is
NaN, which trees send their own way.

The price: the order is made of the rows it is then fitted on, so a category needs a number of rows before it has a
place of its own.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chalicelib.core.spec import Column
from chalicelib.core.values import Value
from training.errors import ArtifactError
from training.learners.margin import Floats


@dataclass(frozen=True)
class Encoder:
    """One column: a number as it is (``codes`` is None), or a category's code, and ``other`` where it has none."""

    name: str
    codes: Mapping[str, int] | None = None
    other: float = np.nan

    def encode(self, value: Value) -> float:
        """Return the value as a number, NaN if it is missing."""
        if value is None:
            return np.nan
        return float(value) if self.codes is None else self.codes.get(str(value), self.other)

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as JSON."""
        if self.codes is None:
            return {"name": self.name}
        other = None if np.isnan(self.other) else self.other
        return {"name": self.name, "codes": dict(self.codes), "other": other}


def learn(column: Column, values: Sequence[Value], target: Floats, least_rows: int) -> Encoder:
    """Return the encoder of a column.

    Parameters
    ----------
    values, target
        The training rows' values and targets (a label as 0 or 1), shape (rows,).
    least_rows
        How many rows a category needs for a place of its own.
    """
    if column.kind == "numeric":
        return Encoder(column.name)
    counts = Counter(values)
    targets: dict[tuple[str, ...], list[float]] = {}
    for value, number in zip(values, target.tolist(), strict=True):
        if value is not None:
            targets.setdefault((str(value),) if counts[value] >= least_rows else _SHARED, []).append(number)
    # By mean, then by name, and sums that are exact: the order of the rows must not matter.
    ordered = sorted(targets, key=lambda place: (math.fsum(targets[place]) / len(targets[place]), place))
    codes = {place[0]: code for code, place in enumerate(ordered) if place != _SHARED}
    return Encoder(column.name, codes, float(ordered.index(_SHARED)) if _SHARED in targets else np.nan)


_SHARED = ()  # the place of all categories of few rows


def encode(encoders: Sequence[Encoder], rows: Sequence[Mapping[str, Value]]) -> npt.NDArray[np.float32]:
    """Return the rows as numbers, shape (rows, encoders)."""
    encoded = [[encoder.encode(row[encoder.name]) for encoder in encoders] for row in rows]
    return np.array(encoded, np.float64).astype(np.float32).reshape(len(rows), len(encoders))


def read_encoder(value: Mapping[str, Any]) -> Encoder:
    """Read what `Encoder.to_json` gave.

    Raises
    ------
    ArtifactError
        If it is anything else.
    """
    try:
        if "codes" not in value:
            return Encoder(str(value["name"]))
        codes = {str(name): int(code) for name, code in value["codes"].items()}
        other = value["other"]
        return Encoder(str(value["name"]), codes, np.nan if other is None else float(other))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(f"not an encoded column: {error!r}") from error
