"""Measures the held-out rows by what their columns hold (cut as `cuts` says) and by the file they came in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chalicelib.core.measures import METRICS
from chalicelib.core.spec import Column
from chalicelib.core.values import Value
from training import cuts
from training.channels import read_json_lines
from training.errors import ScoresError
from training.held_out import Answers, HeldOut, statistics
from training.quality import finite
from training.resampling import estimate

RESAMPLES = 200


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
        str(row.get("id")): [cuts.reduce(column, row.get(column.name)) for column in columns]
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


def _cut(table: Table) -> tuple[Sequence[str], Sequence[str]]:
    """Return the name of each row's slice, and the slices that there are in the order in which they are shown."""
    cut = cuts.learn(table.column, table.values)
    places = cut.places(table.values)
    return [cut.name(place) for place in places.tolist()], [cut.name(place) for place in np.unique(places).tolist()]


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
