"""Content as files: written once, never changed, shared by whatever was copied from it.

A file's name is random. It is written and fsynced, with its folder, before a row names it; a file that no row names
is nothing, and is removed at the start. The database counts the uses of each; with the last one the file goes, unless
somebody still reads it. The price: the folder is one, and a copy of a part of a file keeps the whole of it.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from localcloud.database import Database
from localcloud.s3.payload import PIECE, Payload


class Piece(NamedTuple):
    """A stretch of a file."""

    blob: str
    start: int
    size: int


@dataclass(frozen=True)
class Received:
    """A body that is on the disk."""

    pieces: tuple[Piece, ...]
    size: int


class Blobs:
    """The files of one S3; safe to use from several threads."""

    def __init__(self, folder: Path, database: Database, new_name: Callable[[], str]) -> None:
        self._folder = folder
        self._database = database
        self._new_name = new_name
        self._readers: Counter[str] = Counter()  # looked at inside transactions only, one at a time
        database.define(
            "CREATE TABLE IF NOT EXISTS s3_blobs (name TEXT PRIMARY KEY, uses INTEGER NOT NULL) WITHOUT ROWID"
        )
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        _sync(folder.parent)
        named = {name for (name,) in database.rows("SELECT name FROM s3_blobs")}
        for path in folder.iterdir():
            if path.name not in named:
                path.unlink()

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._descriptor)

    @contextmanager
    def receive(self, payload: Payload) -> Iterator[Received]:
        """Write a body to the disk; what no row names at the end is removed. Raises AwsError as `Payload.pieces`."""
        name = self._new_name()
        path = self._folder / name
        try:
            size = self._write(path, payload)
            yield Received((Piece(name, 0, size),) if size else (), size)
        finally:
            if not self._database.row("SELECT 1 FROM s3_blobs WHERE name = ?", name):
                path.unlink(missing_ok=True)

    def _write(self, path: Path, payload: Payload) -> int:
        size = 0
        with path.open("xb", buffering=0) as file:
            for data in payload.pieces():
                left = memoryview(data)
                while left:  # of a disk that gets full only a part is written, and no error told
                    left = left[file.write(left) :]
                size += len(data)
            if size:
                os.fsync(file.fileno())
        if size:
            os.fsync(self._descriptor)
        return size

    def take(self, pieces: Sequence[Piece]) -> None:
        """Note one more use of each file, in the transaction around."""
        for name in {piece.blob for piece in pieces}:
            self._database.execute(
                "INSERT INTO s3_blobs VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET uses = uses + 1", name
            )

    def drop(self, pieces: Sequence[Piece]) -> None:
        """Note one use less of each file, in the transaction around; files without any go after the commit."""
        for name in {piece.blob for piece in pieces}:
            self._database.execute("UPDATE s3_blobs SET uses = uses - 1 WHERE name = ?", name)
            if self._database.execute("DELETE FROM s3_blobs WHERE name = ? AND uses < 1", name):
                self._database.after_commit(lambda name=name: self._remove_unused(name))  # type: ignore[misc]  # mypy cannot see the lambda's default

    def open(self, pieces: Sequence[Piece]) -> "Content":
        """Keep files for a reader, in the transaction that found them, until the content is closed."""
        with self._database.transaction():
            self._readers.update(piece.blob for piece in pieces)
        return Content(self._folder, pieces, self._release)

    def _release(self, pieces: Sequence[Piece]) -> None:
        with self._database.transaction():
            self._readers.subtract(piece.blob for piece in pieces)
            for name in {piece.blob for piece in pieces}:
                self._remove_unused(name)

    def _remove_unused(self, name: str) -> None:
        if self._readers[name] > 0:
            return
        del self._readers[name]
        if not self._database.row("SELECT 1 FROM s3_blobs WHERE name = ?", name):
            (self._folder / name).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Let the names in a folder be on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Content:
    """Bytes of files, one after the other; to be closed, however far it was read."""

    def __init__(self, folder: Path, pieces: Sequence[Piece], release: Callable[[Sequence[Piece]], None]) -> None:
        self._folder = folder
        self._pieces = pieces
        self._release = release
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            with (self._folder / piece.blob).open("rb", buffering=0) as file:
                file.seek(piece.start)
                left = piece.size
                while left:
                    data = file.read(min(left, PIECE))
                    if not data:
                        raise OSError(f"the file {piece.blob} is shorter than its row says")
                    left -= len(data)
                    yield data

    def close(self) -> None:
        """Let the files go."""
        if not self._closed:
            self._closed = True
            self._release(self._pieces)


def cut(pieces: Sequence[Piece], start: int, size: int) -> tuple[Piece, ...]:
    """Return the pieces of ``size`` bytes from ``start`` on."""
    found, position = [], 0
    for piece in pieces:
        first, last = max(start, position), min(start + size, position + piece.size)
        if first < last:
            found.append(Piece(piece.blob, piece.start + first - position, last - first))
        position += piece.size
    return tuple(found)
