"""What a row to learn from may hold beyond the kinds of its values: the limits that the spec's columns declare.

A request is not held to them: a model may be asked about anything, it should learn only from what was meant.
"""

from collections.abc import Iterator

from chalicelib.core.spec import Column, PipelineSpec
from training.errors import BadValueError
from training.lines import encodable
from training.rows import Row


def check_row(spec: PipelineSpec, row: Row) -> Row:
    """Return the row.

    Raises
    ------
    BadValueError
        If a value is outside its column's limits, or a string holds what no text has.
    """
    for name, text in _strings(spec, row):
        if "\0" in text:
            raise BadValueError(f"column {name!r} holds a NUL character")
        if not encodable(text):
            raise BadValueError(f"column {name!r} holds half of a surrogate pair")
    for column in spec.columns:
        problem = find_problem(column, row.columns[column.name])
        if problem:
            raise BadValueError(f"column {column.name!r} {problem}")
    return row


def _strings(spec: PipelineSpec, row: Row) -> Iterator[tuple[str, str]]:
    if row.group is not None:
        yield str(spec.group), row.group
    for name, value in row.columns.items():
        if isinstance(value, str):
            yield name, value


def find_problem(column: Column, value: object) -> str | None:
    """Say what of a column's limits a value breaks; None if nothing."""
    if value is None:
        return "is missing" if column.required else None
    if isinstance(value, str):
        if column.max_length is not None and len(value) > column.max_length:
            return f"has more than {column.max_length:,} characters"
        if column.categories is not None and value not in column.categories:
            return f"must be one of {', '.join(column.categories)}"
    if isinstance(value, float):
        if column.lowest is not None and value < column.lowest:
            return f"is below {column.lowest:g}"
        if column.highest is not None and value > column.highest:
            return f"is above {column.highest:g}"
    return None
