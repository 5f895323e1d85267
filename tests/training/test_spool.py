import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.rows import Digests
from training.spool import Spool

KEYS = st.integers(0, 8)
ROWS = st.lists(st.tuples(KEYS, KEYS, KEYS))


@given(ROWS, st.sets(KEYS))
def test_rows_come_once_and_in_order(rows: list[tuple[int, int, int]], held: set[int]) -> None:
    """Of equal rows one is left, those whose inputs are held elsewhere are gone, and the rest come by their ids."""
    # A row's digest decides the others, as it does in files.
    known = {row: (inputs, group) for row, inputs, group in reversed(rows)}
    with Spool() as spool:
        for row, _, _ in rows:
            inputs, group = known[row]
            spool.add(Digests(row, inputs, group), row % 2, f"{row}\n".encode() * (row + 1))
        assert len(spool) == len(rows)
        assert spool.settle() == len(known)
        left = sorted(row for row in known if known[row][0] not in held)
        assert spool.drop(np.array(sorted(held), np.uint64)) == len(known) - len(left)
        assert spool.ids.tolist() == left
        assert spool.inputs.tolist() == sorted({known[row][0] for row in left})
        assert spool.groups.tolist() == sorted({known[row][1] for row in left} - {0})
        assert spool.targets.tolist() == [row % 2 for row in left]
        assert list(spool.lines()) == [f"{row}\n".encode() * (row + 1) for row in left]
