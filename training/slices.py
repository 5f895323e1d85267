"""Cuts the held-out rows by what their columns hold and by the file they came in, and measures each part.

A category is a slice for each value, a number for each quarter of the held-out rows, a text for each quarter by its
length. Values of few rows are put together, so that no slice shows what a single person said. The price: a number's
quarters move with the data, so slices of two runs are alike, not the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chalicelib.core.measures import METRICS
from chalicelib.core.spec import Column
from chalicelib.core.values import Value
from training.channels import read_json_lines
from training.errors import ScoresError
from training.held_out import Answers, HeldOut, statistics
from training.metrics import Floats
from training.quality import finite
from training.resampling import estimate

LEAST_ROWS = 10  # of a value that is shown by its name
MOST_VALUES = 20  # of a column
QUARTERS = 4
RESAMPLES = 200
MISSING = "(missing)"
OTHERS = "(all other values)"


@dataclass(frozen=True)
class Table:
    """One column of the held-out rows, in their order: categories, or numbers (a text's length), None if missing."""

    column: Column
    values: Sequence[Value]


def read_table(path: Path, held_out: HeldOut) -> list[Table]:
    """Read the columns of the held-out rows; of a text, only its length stays in memory.

    Raises
    ------
    ScoresError
        If the rows are not those of the truth.
    """
    columns = held_out.spec.columns
    rows = {
        str(row.get("id")): [_reduce(column, row.get(column.name)) for column in columns]
        for row in read_json_lines(path)
    }
    if rows.keys() != set(held_out.ids):
        raise ScoresError(f"{path.name}: the rows are not those of the truth")
    return [Table(column, [rows[key][place] for key in held_out.ids]) for place, column in enumerate(columns)]


def by_column(held_out: HeldOut, answers: Answers, tables: Sequence[Table]) -> list[dict[str, Any]]:
    """Return the metrics of every slice of every column."""
    return [
        {"column": table.column.name, "slice": name, **measured}
        for table in tables
        for name, measured in _measure(held_out, answers, *_cut(table))
    ]


def by_source(held_out: HeldOut, answers: Answers) -> list[dict[str, Any]]:
    """Return the metrics of the rows of every uploaded file; nothing if the files are not known."""
    names = sorted(set(held_out.sources) - {""})
    return [{"source": name, **measured} for name, measured in _measure(held_out, answers, held_out.sources, names)]


def _reduce(column: Column, value: Value) -> Value:
    return float(len(str(value))) if column.kind == "text" else value


def _cut(table: Table) -> tuple[Sequence[str], Sequence[str]]:
    """Return the name of each row's slice, and the slices in the order in which they are shown."""
    if table.column.kind == "categorical":
        return _categories([None if value is None else str(value) for value in table.values])
    numbers = np.array([np.nan if value is None else float(value) for value in table.values])
    return _quarters(numbers, " characters" if table.column.kind == "text" else "")


def _categories(values: Sequence[str | None]) -> tuple[Sequence[str], Sequence[str]]:
    counted = Counter(value for value in values if value is not None)
    frequent = [value for value, rows in counted.most_common(MOST_VALUES) if rows >= LEAST_ROWS]
    names = [MISSING if value is None else value if value in frequent else OTHERS for value in values]
    return names, [*frequent, *(name for name in (OTHERS, MISSING) if name in names)]


def _quarters(numbers: Floats, unit: str) -> tuple[Sequence[str], Sequence[str]]:
    known = np.isfinite(numbers)
    edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, QUARTERS + 1))) if known.any() else np.zeros(1)
    begins, ends = (edges[:-1], edges[1:]) if len(edges) > 1 else (edges, edges)
    order = [f"{begin:g} to {end:g}{unit}" for begin, end in zip(begins, ends, strict=True)]
    place = np.clip(np.searchsorted(begins, numbers, side="right") - 1, 0, len(begins) - 1)
    names = [order[of] if there else MISSING for of, there in zip(place.tolist(), known.tolist(), strict=True)]
    return names, [name for name in (*order, MISSING) if name in set(names)]


def _measure(
    held_out: HeldOut, answers: Answers, names: Sequence[str], order: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each slice's name, and its rows, groups and metrics."""
    places: dict[str, list[int]] = {name: [] for name in order}
    for place, name in enumerate(names):
        if name in places:
            places[name].append(place)
    for name, listed in places.items():
        chosen = np.array(listed, np.int64)
        rows = held_out.take(chosen)
        found = statistics(rows, answers.take(chosen))
        wanted = {metric: found[metric] for metric in METRICS[held_out.spec.task]}
        metrics = {
            metric: {"value": finite(one.value), "standard_deviation": finite(one.error)}
            for metric, one in estimate(wanted, rows.groups, resamples=RESAMPLES).items()
        }
        yield name, {"rows": len(listed), "groups": rows.groups.count, "metrics": metrics}
