"""Cuts a column's rows into slices, once, and says of any row which slice it is in.

A category is a slice for each value, a number for each quarter of the rows that it was cut by, a text for each quarter
by its length. Values of few rows are put together, so that no slice shows what a single person said. The price: a
number's quarters move with the rows it was cut by, so slices of two cuts are alike, not the same; whoever compares two
sets of rows cuts once and keeps the cut.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chalicelib.core.spec import Column
from chalicelib.core.values import Value

Ints = npt.NDArray[np.int64]

LEAST_ROWS = 10  # of a value that is shown by its name
MOST_VALUES = 20  # of a column
QUARTERS = 4
MISSING = "(missing)"
OTHERS = "(all other values)"


@dataclass(frozen=True)
class Cut:
    """The slices of one column: ``names`` in the order in which they are shown, `MISSING` not among them.

    Of a number, ``begins`` are where they begin; of a category it is None, and the last name is `OTHERS`.
    """

    column: str
    names: tuple[str, ...]
    begins: tuple[float, ...] | None = None

    def places(self, values: Sequence[Value]) -> Ints:
        """Return each value's place among the names; a missing one's is their number."""
        if self.begins is None:
            known = {name: place for place, name in enumerate(self.names[:-1])}
            others = len(self.names) - 1
            return np.array(
                [len(self.names) if value is None else known.get(str(value), others) for value in values], np.int64
            )
        numbers = np.array([np.nan if value is None else float(value) for value in values], np.float64)
        place = np.clip(np.searchsorted(self.begins, numbers, side="right") - 1, 0, len(self.names) - 1)
        return np.where(np.isfinite(numbers), place, len(self.names)).astype(np.int64)

    def name(self, place: int) -> str:
        """Return the name of the slice at a place."""
        return MISSING if place == len(self.names) else self.names[place]

    def to_json(self) -> dict[str, Any]:
        """Return the cut as JSON."""
        return {"column": self.column, "names": list(self.names), "begins": self.begins and list(self.begins)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave; anything else raises KeyError, TypeError or ValueError."""
        begins = value["begins"]
        return cls(
            str(value["column"]), tuple(map(str, value["names"])), None if begins is None else tuple(map(float, begins))
        )


def reduce(column: Column, value: Value) -> Value:
    """Return what a value is cut by: of a text its length in characters, else itself."""
    return float(len(str(value))) if column.kind == "text" else value


def learn(column: Column, values: Sequence[Value]) -> Cut:
    """Return the cut of a column by the values of some rows; those of a text are its lengths (see `reduce`)."""
    if column.kind == "categorical":
        counted = Counter(str(value) for value in values if value is not None)
        frequent = [value for value, rows in counted.most_common(MOST_VALUES) if rows >= LEAST_ROWS]
        return Cut(column.name, (*frequent, OTHERS))
    numbers = np.array([value for value in values if value is not None], np.float64)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, QUARTERS + 1))) if len(numbers) else np.zeros(1)
    begins, ends = (edges[:-1], edges[1:]) if len(edges) > 1 else (edges, edges)
    unit = " characters" if column.kind == "text" else ""
    names = tuple(f"{begin:g} to {end:g}{unit}" for begin, end in zip(begins, ends, strict=True))
    return Cut(column.name, names, tuple(begins.tolist()))
