"""Reads uploaded files, row by row: CSV (RFC 4180, with a header) and JSON Lines, each plain or gzip.

Nothing is held in memory but one row. A file is read as UTF-8 with or without a byte order mark, and strictly: an
unclosed quote, a ragged row or broken bytes are errors with their line, never a guess. The price of strictness is that
files other tools would silently mend are refused.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Never

from training.errors import BadRow, BadValueError, RefusedFileError

MAX_LINE = 4_194_304  # characters; one row of a batch must fit into one request of 6 MiB
SUFFIXES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class Record:
    """One row as it stands in a file: the line on which it starts (from 1) and its values, or why it is unreadable."""

    line: int
    values: Mapping[str, object]
    problem: str | None = None

    def read(self) -> Mapping[str, object]:
        """Return the values.

        Raises
        ------
        BadValueError
            If the row is unreadable.
        """
        if self.problem is not None:
            raise BadValueError(self.problem)
        return self.values


def list_files(folder: Path) -> list[Path]:
    """Return the folder's files, at any depth, in the order of their names; hidden ones are not uploads."""
    return sorted(
        (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")),
        key=lambda path: path.relative_to(folder).as_posix(),
    )


def read_records(path: Path) -> Iterator[Record]:
    """Yield a file's rows.

    Raises
    ------
    RefusedFileError
        If the file's type is none of `SUFFIXES`, or it cannot be read on: bytes, compression, header or quoting.
    """
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        raise RefusedFileError(path.name, [BadRow(1, f"the file's name must end in {', '.join(SUFFIXES)}")])
    position = _Position()
    try:
        with path.open("rb") as raw, _plain(raw, compressed=name.endswith(".gz")) as stream:
            lines = _lines(stream, position)
            yield from _read_csv(lines) if ".csv" in name[-7:] else _read_json_lines(lines)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        _refuse(path, position.line + 1, f"the gzip stream is damaged or cut short ({error})", error)
    except UnicodeDecodeError as error:
        _refuse(path, position.line + 1, "the text is not UTF-8", error)
    except (csv.Error, _UnreadableError) as error:
        _refuse(path, max(position.line, 1), str(error), error)


class _UnreadableError(Exception):
    """The file cannot be read on; the message says why."""


@dataclass
class _Position:
    """How far a file has been read: the number of its last complete line."""

    line: int = 0


def _refuse(path: Path, line: int, reason: str, cause: Exception) -> Never:
    raise RefusedFileError(path.name, [BadRow(line, reason)]) from cause


def _plain(raw: BinaryIO, *, compressed: bool) -> io.TextIOWrapper:
    stream = gzip.GzipFile(fileobj=raw) if compressed else raw
    return io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")


def _lines(stream: io.TextIOWrapper, position: _Position) -> Iterator[str]:
    """Yield lines of bounded length, so that a file without line ends cannot fill the memory."""
    while line := stream.readline(MAX_LINE + 1):
        position.line += 1
        if len(line) > MAX_LINE:
            raise _UnreadableError(f"a line has more than {MAX_LINE} characters")
        yield line


def _read_csv(lines: Iterator[str]) -> Iterator[Record]:
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(lines, strict=True)
    header = next(reader, None)
    if not header:
        raise _UnreadableError("the file has no header")
    if len(set(header)) != len(header):
        raise _UnreadableError("the header names a column twice")
    start = reader.line_num + 1
    for fields in reader:
        line, start = start, reader.line_num + 1
        if len(fields) == len(header):
            yield Record(line, dict(zip(header, fields, strict=True)))
        elif fields:  # no field at all is a blank line
            yield Record(line, {}, f"{len(fields)} fields where the header has {len(header)}")


def _read_json_lines(lines: Iterator[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):  # not JSON, a number of thousands of digits, or nested without end
                yield Record(number, {}, "not JSON")
            else:
                yield Record(number, value) if isinstance(value, dict) else Record(number, {}, "not a JSON object")
