"""Reads uploaded files, row by row: CSV (RFC 4180, with a header) and JSON Lines, each plain or gzip.

Nothing is held in memory but one row. A file is read as UTF-8 with or without a byte order mark, and strictly: an
unclosed quote, a ragged row or broken bytes are errors with their line, never a guess. The price of strictness is that
files other tools would silently mend are refused.
"""

import csv
import gzip
import io
import itertools
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from training.errors import BadRow, BadValueError, RefusedFileError

MAX_LINE = 4_194_304  # characters; one row of a batch must fit into one request of 6 MiB
MAX_LISTED = 5  # bad rows named in a message; it has 1,024 bytes
SUFFIXES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz")
_OTHER_SEPARATORS = ";\t|"  # what spreadsheets write instead of commas

T = TypeVar("T")


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


def parse_records(path: Path, parse: Callable[[Mapping[str, object]], T]) -> Iterator[T]:
    """Yield a file's rows as ``parse`` returns them; a row it cannot read raises `BadValueError` there.

    Raises
    ------
    RefusedFileError
        At the end, if the file had bad rows; at once, if it cannot be read on.
    """
    listed: list[BadRow] = []
    more = 0
    for record in read_records(path):
        try:
            row = parse(record.read())
        except BadValueError as error:
            if len(listed) < MAX_LISTED:
                listed.append(BadRow(record.line, str(error)))
            else:
                more += 1
        else:
            yield row
    if listed:
        raise RefusedFileError(path.name, listed, more)


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
    try:
        with path.open("rb") as raw, _plain(raw, compressed=name.endswith(".gz")) as stream:
            lines = _lines(stream)
            yield from _read_csv(lines) if ".csv" in name[-7:] else _read_json_lines(lines)
    except _UnreadableError as error:
        raise RefusedFileError(path.name, [error.row]) from error


class _UnreadableError(Exception):
    """The file cannot be read on from this line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(line, reason)
        self.row = BadRow(line, reason)


def _plain(raw: BinaryIO, *, compressed: bool) -> io.TextIOWrapper:
    stream = gzip.GzipFile(fileobj=raw) if compressed else raw
    # Text is decoded in blocks of many lines: escaped, a broken byte is found on its own line (see `_lines`).
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _lines(stream: io.TextIOWrapper) -> Iterator[str]:
    """Yield lines of bounded length, so that a file without line ends cannot fill the memory."""
    for number in itertools.count(1):
        try:
            line = stream.readline(MAX_LINE + 1)
            line.encode()
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:  # their words may hold bytes of the file
            raise _UnreadableError(number, "the gzip stream is damaged or cut short") from error
        except UnicodeEncodeError as error:
            raise _UnreadableError(number, f"the text is not UTF-8, from character {error.start + 1} on") from error
        if len(line) > MAX_LINE:
            raise _UnreadableError(number, f"a line has more than {MAX_LINE} characters")
        if not line:
            return
        yield line


def _read_csv(lines: Iterator[str]) -> Iterator[Record]:
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(lines, strict=True)
    start = 1
    try:
        header = next(reader, [])
        _check_header(header)
        start = reader.line_num + 1
        for fields in reader:
            line, start = start, reader.line_num + 1
            if len(fields) == len(header):
                yield Record(line, dict(zip(header, fields, strict=True)))
            elif fields:  # no field at all is a blank line
                yield Record(line, {}, f"{len(fields)} fields where the header has {len(header)}")
    except csv.Error as error:
        raise _UnreadableError(start, _in_words(error)) from error


def _check_header(header: Sequence[str]) -> None:
    if not header:
        raise _UnreadableError(1, "the file has no header")
    if len(set(header)) != len(header):
        raise _UnreadableError(1, "the header names a column twice")
    for separator in _OTHER_SEPARATORS:
        if len(header) == 1 and separator in header[0]:
            raise _UnreadableError(1, f"the columns are separated by {separator!r}: separate them by commas")


def _in_words(error: csv.Error) -> str:
    """Say in words for people what the reader found in the row."""
    found = str(error)
    if found == "unexpected end of data":
        return "a quote is opened and never closed"
    if "expected after" in found:
        return "a closing quote is followed by more: a quote within a value is doubled"
    if "field limit" in found:
        return f"a value has more than {MAX_LINE} characters: is a quote never closed?"
    return found


def _read_json_lines(lines: Iterator[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):  # not JSON, a number of thousands of digits, or nested without end
                yield Record(number, {}, "not JSON")
            else:
                yield Record(number, value) if isinstance(value, dict) else Record(number, {}, "not a JSON object")
