import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.rows import Digests
from training.spool import Spool, distinct

KEYS = st.integers(0, 8)
ROWS = st.lists(st.tuples(KEYS, KEYS, KEYS))


@given(ROWS, st.sets(KEYS))
def test_rows_come_once_and_in_order(rows: list[tuple[int, int, int]], held: set[int]) -> None:
    """Of equal rows the first is left, those whose inputs are held elsewhere are gone, the rest come by their ids."""
    # A row's digest decides the others, as it does in files.
    known = {row: (inputs, group) for row, inputs, group in reversed(rows)}
    with Spool() as spool:
        for source, (row, _, _) in enumerate(rows):
            inputs, group = known[row]
            spool.add(Digests(row, inputs, group), row % 2, f"{row}\n".encode() * (row + 1), source)
            if source == len(rows) // 2:
                spool.settle()  # may come at any time
        spool.settle()
        assert len(spool) == len(known)
        came = [row for row, _, _ in rows]
        assert spool.times.tolist() == [came.count(row) for row in sorted(known)]
        left = sorted(row for row in known if known[row][0] not in held)
        assert spool.drop(np.array(sorted(held), np.uint64)) == len(known) - len(left)
        assert spool.ids.tolist() == left
        assert spool.inputs.tolist() == [known[row][0] for row in left]
        assert spool.groups.tolist() == [known[row][1] for row in left]
        assert spool.targets.tolist() == [row % 2 for row in left]
        assert spool.sources.tolist() == [came.index(row) for row in left]
        assert list(spool.lines()) == [f"{row}\n".encode() * (row + 1) for row in left]


@given(st.lists(KEYS))
def test_distinct(keys: list[int]) -> None:
    """Keys come sorted, each once."""
    assert distinct(np.array(keys, np.uint64)).tolist() == sorted(set(keys))
