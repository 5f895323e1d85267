from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.database import Database
from localcloud.s3.blobs import Blobs, Piece, cut
from localcloud.s3.payload import Payload
from tests.localcloud.full_disk import files_up_to

PIECES = st.lists(st.builds(Piece, st.sampled_from("abc"), st.integers(0, 5), st.integers(1, 5)), max_size=5)


def content(pieces: tuple[Piece, ...]) -> list[tuple[str, int]]:
    return [(piece.blob, piece.start + offset) for piece in pieces for offset in range(piece.size)]


@given(PIECES, st.integers(0, 30), st.integers(0, 30))
def test_cut(pieces: list[Piece], start: int, size: int) -> None:
    """A stretch of an object is the same stretch of the bytes of its files, without empty pieces."""
    found = cut(pieces, start, size)
    assert content(found) == content(tuple(pieces))[start : start + size]
    assert all(piece.size for piece in found)


def test_what_was_written_in_part_is_no_content(tmp_path: Path) -> None:
    """A body of which the last bytes found no place on the disk is refused, and nothing of it stays."""
    database = Database(tmp_path / "state.db")
    blobs = Blobs(tmp_path / "objects", database, lambda: "blob")
    payload = Payload(BytesIO(b"x" * 1000), {"content-length": "1000"})
    with files_up_to(600), pytest.raises(OSError, match="too large"), blobs.receive(payload):
        pass
    assert list((tmp_path / "objects").iterdir()) == []
    blobs.close()
    database.close()
