"""Reads Parquet files row by row: only the wanted columns, few rows in memory at a time, however large a row group.

Values are those that JSON would hold: strings, numbers, true and false, null. A string that is not UTF-8, or too long,
costs its row; a column of another kind, or bytes that cannot be read on, refuse the file. What a file unpacks to is
bounded twice: by what its footer says, before anything is read, and by what comes out, since a long string that is
stored once may stand in a million rows. The price: one page of a column is unpacked whole, as large as its writer made
it (usually a megabyte; the format allows 2 GB), and the line of a finding is the number of a row.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import types
from pyarrow.parquet import ParquetFile

from chalicelib.core.spec import Intake
from training import lines
from training.lines import UnreadableError, excess

BATCH = 64  # rows, each of which may be long
BUFFER = 1_048_576  # bytes of a column that are read at once
MAGIC = b"PAR1"


@dataclass(frozen=True)
class _Unusable:
    """Stands for a string that cannot be used, and says why."""

    reason: str


def read_parquet(
    path: Path, intake: Intake, needed: Collection[str], optional: Collection[str]
) -> Iterator[tuple[Mapping[str, object], str | None]]:
    """Yield each row's values, of ``needed`` columns and of ``optional`` ones that the file has, and what is wrong.

    Raises
    ------
    UnreadableError
        If the file is damaged or too large, lacks a needed column, or holds neither text nor numbers in one of them.
    """
    number, size, given = 0, path.stat().st_size, 0
    with path.open("rb") as raw:
        if raw.read(len(MAGIC)) != MAGIC:
            raise UnreadableError(1, "the file is not Parquet, as its name says")
        try:
            file = ParquetFile(raw, buffer_size=BUFFER, pre_buffer=False)
            names = _find(file.schema_arrow, needed, optional)
            if reason := excess(max(_unpacked(file), size), size, intake):
                raise UnreadableError(1, reason)
            for batch in file.iter_batches(BATCH, columns=names, use_threads=False):
                given += batch.nbytes
                if reason := excess(given, size, intake):
                    raise UnreadableError(number + 1, reason)
                columns = [_values(column) for column in batch.columns]
                for values in zip(*columns, strict=True):
                    number += 1
                    problem = next((value.reason for value in values if isinstance(value, _Unusable)), None)
                    yield dict(zip(names, values, strict=True)), problem
        except (pa.ArrowException, UnicodeDecodeError) as error:  # the latter where a name in the footer is none
            raise UnreadableError(number + 1, "the Parquet file is damaged") from error
        except OSError as error:
            if error.errno is not None:  # the disk's, not the format's
                raise
            raise UnreadableError(number + 1, "the Parquet file is damaged") from error


def _unpacked(file: ParquetFile) -> int:
    """Return how many bytes the file's columns have, unpacked, as its footer says."""
    groups = map(file.metadata.row_group, range(file.num_row_groups))
    return sum(group.total_byte_size for group in groups)


def _find(schema: pa.Schema, needed: Collection[str], optional: Collection[str]) -> Sequence[str]:
    """Return the names of the columns to read."""
    if missing := [repr(name) for name in needed if name not in schema.names]:
        raise UnreadableError(1, f"the file does not have the column {' and '.join(missing)}")
    names = [name for name in (*needed, *optional) if name in schema.names]
    for name in names:
        if len(schema.get_all_field_indices(name)) > 1:
            raise UnreadableError(1, f"the file has the column {name!r} twice")
        if not _plain(schema.field(name).type):
            raise UnreadableError(1, f"column {name!r} holds neither text nor numbers: write it as one of them")
    return names


def _plain(kind: pa.DataType) -> bool:
    if types.is_dictionary(kind):
        kind = kind.value_type
    checks = (_text, types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null)
    return any(check(kind) for check in checks)


def _text(kind: pa.DataType) -> bool:
    return any(check(kind) for check in (types.is_string, types.is_large_string, types.is_string_view))


def _values(column: pa.Array) -> list[object]:
    """Return a column's values."""
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _text(column.type):
        return [None if value is None else _decode(value) for value in column.cast(pa.large_binary()).to_pylist()]
    if types.is_decimal(column.type):
        column = column.cast(pa.float64())
    values: list[object] = column.to_pylist()
    return values


def _decode(value: bytes) -> str | _Unusable:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return _Unusable("the text is not UTF-8")
    return text if len(text) <= lines.MAX_ROW else _Unusable(f"a value has more than {lines.MAX_ROW:,} characters")
