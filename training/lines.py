"""From a file's bytes to its lines, plain or gzip, in memory that does not grow with the file.

Bounded are: the characters of one row (also a row of many lines, so neither a file without line ends nor a quote that
is never closed can fill the memory), the bytes of a file, and how much larger than its gzip it may become. A byte that
is not of the encoding costs only the row it stands in. The price: a gzip stream is found damaged only when its reading
has come that far, so a line named for it is where reading stopped.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from chalicelib.core.spec import Encoding, Intake

MAX_ROW = 4_194_304  # characters; one row of a batch must fit into one request of 6 MiB
UNSUSPICIOUS = 16_777_216  # bytes that a file may unpack to, however small it is
# What a file is by its first bytes, whatever its name says.
_FOREIGN = {
    b"\x1f\x8b": "the file is gzip: its name must end in .gz",
    b"PK\x03\x04": "the file is a zip archive or a spreadsheet: unpack or export it, as CSV or JSON Lines",
    b"PAR1": "the file is Parquet: its name must end in .parquet",
    b"\xff\xfe": "the file is UTF-16: save it as UTF-8",
    b"\xfe\xff": "the file is UTF-16: save it as UTF-8",
}


class UnreadableError(Exception):
    """The file cannot be read on from this line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(line, reason)
        self.line = line
        self.reason = reason


class Lines:
    """A file's lines with their ends, and what is known of the row that they are part of.

    ``number`` is that of the line given last (from 1), ``broken`` the first line of the row whose text is not of the
    encoding, 0 if there is none. Whoever puts rows together says where the next one begins.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self._left = MAX_ROW
        self.number = 0
        self.start = 1
        self.broken = 0

    def begin_row(self) -> None:
        """Let the next line be the first one of a row."""
        self._left = MAX_ROW
        self.start = self.number + 1
        self.broken = 0

    def __iter__(self) -> Iterator[str]:
        """Yield the lines.

        Raises
        ------
        UnreadableError
            If a row is too long, the compression is damaged, or the file too large.
        """
        while line := self._read():
            self.number += 1
            if not line.isascii() and not self.broken and not encodable(line):
                self.broken = self.number
            yield line

    def _read(self) -> str:
        try:
            line = self._stream.readline(self._left + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:  # their words may hold bytes of the file
            raise UnreadableError(self.number + 1, _in_words(error, self._stream)) from error
        except _TooLargeError as error:
            raise UnreadableError(self.number + 1, str(error)) from error
        self._left -= len(line)
        if self._left < 0:
            raise UnreadableError(self.start, f"a row has more than {MAX_ROW:,} characters: is a quote never closed?")
        return line


@contextmanager
def open_lines(path: Path, intake: Intake, *, encoding: Encoding, compressed: bool) -> Iterator[Lines]:
    """Open a file's lines.

    Raises
    ------
    UnreadableError
        If its first bytes are those of another format, or it is too large.
    """
    with path.open("rb") as raw:
        begin = raw.read(4)
        raw.seek(0)
        size = path.stat().st_size
        if reason := excess(size, size, intake):
            raise UnreadableError(1, reason)
        for magic, reason in () if compressed else _FOREIGN.items():
            if begin.startswith(magic):
                raise UnreadableError(1, reason)
        buffer = _Gzip(raw, intake) if compressed else raw
        # Text is decoded in blocks of many lines: escaped, a broken byte is found on its own line.
        with io.TextIOWrapper(buffer, encoding=encoding, errors="surrogateescape", newline="") as stream:
            yield Lines(stream)


def encodable(text: str) -> bool:
    """Return whether a text is free of lone surrogates: bytes that are not of the encoding, or halves of a pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _TooLargeError(Exception):
    """More was unpacked than a file may hold."""


class _Gzip(gzip.GzipFile):
    """A gzip stream that stops when it has unpacked more than it may."""

    def __init__(self, raw: BinaryIO, intake: Intake) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self._raw = raw
        self._intake = intake
        self.given = 0

    def read1(self, size: int = -1) -> bytes:
        """Read on, as `io.TextIOWrapper` does it."""
        data = super().read1(size)
        self.given += len(data)
        if reason := excess(self.given, self._raw.tell(), self._intake):
            raise _TooLargeError(reason)
        return data


def excess(unpacked: int, packed: int, intake: Intake) -> str | None:
    """Say why a file is too large, of so many bytes that unpack to so many; None if it is not."""
    if unpacked > intake.max_bytes:
        return f"the file has more than {intake.max_bytes:,} bytes: split it"
    if unpacked > UNSUSPICIOUS and unpacked > intake.max_expansion * packed:
        return f"the file unpacks to more than {intake.max_expansion} times its size"
    return None


def _in_words(error: Exception, stream: io.TextIOWrapper) -> str:
    """Say what is wrong with a gzip stream; the three classes that Python raises do not tell."""
    if isinstance(error, EOFError):
        return "the gzip stream is cut short: upload the file again"
    if "CRC" in str(error) or "length" in str(error):
        return "the gzip stream is damaged: its checksum is wrong"
    if str(error).startswith("Not a gzipped file"):
        begun = isinstance(stream.buffer, _Gzip) and stream.buffer.given
        return "the gzip stream is followed by other bytes" if begun else "the file is not gzip, as its name says"
    return "the gzip stream is damaged"
