from hypothesis import given
from hypothesis import strategies as st

from localcloud.s3.blobs import Piece, cut

PIECES = st.lists(st.builds(Piece, st.sampled_from("abc"), st.integers(0, 5), st.integers(1, 5)), max_size=5)


def content(pieces: tuple[Piece, ...]) -> list[tuple[str, int]]:
    return [(piece.blob, piece.start + offset) for piece in pieces for offset in range(piece.size)]


@given(PIECES, st.integers(0, 30), st.integers(0, 30))
def test_cut(pieces: list[Piece], start: int, size: int) -> None:
    """A stretch of an object is the same stretch of the bytes of its files, without empty pieces."""
    found = cut(pieces, start, size)
    assert content(found) == content(tuple(pieces))[start : start + size]
    assert all(piece.size for piece in found)
