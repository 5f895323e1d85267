"""Reads uploaded files, row by row: CSV (RFC 4180, with a header) and JSON Lines, each plain or gzip, and Parquet.

Nothing is held in memory but one row. What damages one row costs that row: too many or too few fields, bytes that are
not of the encoding, a line that is no JSON object. What leaves it unsure where the next row begins refuses the file: a
quote that is never closed or followed by more, a damaged gzip stream, a row without end. Nothing is guessed; the price
of that strictness is that files other tools would silently mend are refused.
"""

import csv
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from chalicelib.core.findings import Finding
from chalicelib.core.places import ACCEPTED
from chalicelib.core.spec import Encoding, Intake
from training import lines
from training.errors import BadValueError, RefusedFileError
from training.lines import Lines, UnreadableError, open_lines
from training.quarantine import Quarantine

_SEPARATORS = ",;\t|"  # what programs write between columns
_ENCODINGS: Mapping[Encoding, str] = {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252", "latin-1": "Latin-1"}
_DEFAULT = Intake()

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


def parse_records(
    path: Path, parse: Callable[[Mapping[str, object]], T], intake: Intake = _DEFAULT, needed: Collection[str] = ()
) -> Iterator[T]:
    """Yield a file's rows as ``parse`` returns them; a row it cannot read raises `BadValueError` there.

    Raises
    ------
    RefusedFileError
        At the end, if the file had bad rows; at once, if it cannot be read on.
    """
    quarantine = Quarantine(path.name)
    for record in read_records(path, intake, needed):
        try:
            row = parse(record.read())
        except BadValueError as error:
            quarantine.add(record.line, str(error))
        else:
            yield row
    if quarantine.rejected:
        raise RefusedFileError(path.name, quarantine.findings())


def read_records(
    path: Path, intake: Intake = _DEFAULT, needed: Collection[str] = (), optional: Collection[str] = ()
) -> Iterator[Record]:
    """Yield a file's rows; a file with named columns must have the ``needed`` ones, and may have the ``optional``.

    Raises
    ------
    RefusedFileError
        If the file's type is none that is accepted, or it cannot be read on: bytes, compression, columns or quoting.
    """
    name = path.name.lower()
    if not name.endswith(ACCEPTED):
        raise RefusedFileError(path.name, [Finding(f"the file's name must end in {', '.join(ACCEPTED)}", (1,))])
    try:
        if name.endswith(".parquet"):
            yield from _read_parquet(path, intake, needed, optional)
            return
        table = name.endswith((".csv", ".csv.gz"))
        encoding = intake.encoding if table else "utf-8-sig"
        with open_lines(path, intake, encoding=encoding, compressed=name.endswith(".gz")) as found:
            yield from _read_csv(found, intake, needed) if table else _read_json_lines(found)
    except UnreadableError as error:
        raise RefusedFileError(path.name, [Finding(error.reason, (error.line,))]) from error


def _read_parquet(path: Path, intake: Intake, needed: Collection[str], optional: Collection[str]) -> Iterator[Record]:
    # Its library takes half a second and 40 MB, which only a Parquet file should cost.
    from training.parquet import read_parquet  # noqa: PLC0415

    for number, (values, problem) in enumerate(read_parquet(path, intake, needed, optional), start=1):
        yield Record(number, values, problem)


def _read_csv(found: Lines, intake: Intake, needed: Collection[str]) -> Iterator[Record]:
    csv.field_size_limit(lines.MAX_ROW + 1)  # never met: a whole row is bounded by less
    reader = csv.reader(found, strict=True, delimiter=intake.delimiter, quotechar=intake.quote)
    not_decoded = f"the text is not {_ENCODINGS[intake.encoding]}"
    try:
        header = next(reader, [])
        if found.broken:
            raise UnreadableError(1, f"{not_decoded}: save the file as {_ENCODINGS[intake.encoding]}")
        _check_header(header, intake.delimiter, needed)
        found.begin_row()
        for fields in reader:
            if found.broken:
                yield Record(found.start, {}, not_decoded)
            elif len(fields) == len(header):
                yield Record(found.start, dict(zip(header, fields, strict=True)))
            elif fields:  # no field at all is a blank line
                yield Record(found.start, {}, f"{len(fields)} fields where the header has {len(header)}")
            found.begin_row()
    except csv.Error as error:
        raise UnreadableError(found.start, _in_words(error)) from error


def _check_header(header: Sequence[str], delimiter: str, needed: Collection[str]) -> None:
    """Refuse a header that cannot name the columns of what follows."""
    if not header:
        raise UnreadableError(1, "the file has no header")
    if any("\0" in name for name in header):
        raise UnreadableError(1, "the header holds NUL characters: save the file as UTF-8 text")
    for other in _SEPARATORS.replace(delimiter, ""):
        if len(header) == 1 and other in header[0]:
            raise UnreadableError(1, f"the columns are separated by {other!r}: separate them by {delimiter!r}")
    if len(set(header)) != len(header):
        raise UnreadableError(1, "the header names a column twice")
    if missing := [repr(name) for name in needed if name not in header]:
        raise UnreadableError(1, f"the header does not name the column {' and '.join(missing)}")


def _in_words(error: csv.Error) -> str:
    """Say in words for people what the reader found in the row."""
    found = str(error)
    if found == "unexpected end of data":
        return "a quote is opened and never closed"
    if "expected after" in found:
        return "a closing quote is followed by more: a quote within a value is doubled"
    return found


def _read_json_lines(found: Lines) -> Iterator[Record]:
    for line in found:
        if found.broken:
            yield Record(found.start, {}, "the text is not UTF-8")
        elif line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):  # not JSON, a number of thousands of digits, or nested without end
                yield Record(found.start, {}, "not JSON")
            else:
                yield Record(found.start, value) if isinstance(value, dict) else _not_an_object(found.start)
        found.begin_row()


def _not_an_object(line: int) -> Record:
    return Record(line, {}, "not a JSON object")
