from random import Random

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import Split
from training.rows import SIDES, Digests, Row, Side
from training.sides import Settled, Sides

KEYS = st.integers(0, 2**64 - 1)
SPLIT = Split("s", validation=0.2, test=0.3)
# A few inputs, so that many rows share theirs, on any sides.
ROWS = st.lists(st.integers(0, 12), max_size=8).flatmap(
    lambda inputs: st.lists(
        st.tuples(st.sampled_from(SIDES), st.integers(0, 40), st.sampled_from([*inputs, 2**63 + 5])), max_size=60
    )
)


Placed = list[tuple[Side, int, int]]  # rows: side, id and inputs


def settle(limit: int | None, rows: Placed, salt: str = "s") -> tuple[Settled, dict[Side, list[int]]]:
    """Settle rows; return the counts, and the ids of each side."""
    # An id decides the rest of its row, as it does in files.
    known = {row: (side, inputs) for side, row, inputs in reversed(rows)}
    with Sides(limit, salt) as sides:
        for _, row, _ in rows:
            side, inputs = known[row]
            sides.add(side, Digests(row, inputs, 0), 0.0, b"")
        settled = sides.settle()
        return settled, {side: sides.spools[side].ids.tolist() for side in SIDES}


@given(ROWS, st.integers(1, 30), st.randoms(use_true_random=False))
def test_sample_does_not_depend_on_the_order(rows: Placed, limit: int, random: Random) -> None:
    """The same rows in another order give the same sample and the same counts, never of more rows than allowed."""
    known = {row: (side, row, inputs) for side, row, inputs in reversed(rows)}
    shuffled = [known[row] for _, row, _ in rows]
    random.shuffle(shuffled)
    (one, kept), (two, kept_too) = settle(limit, rows), settle(limit, shuffled)
    assert kept == kept_too
    assert (one.duplicates, one.leaked, one.left_out) == (two.duplicates, two.leaked, two.left_out)
    assert set(one.rows.tolist()) == set(two.rows.tolist())
    assert len(one.rows) <= limit


@given(ROWS, st.integers(1, 30))
def test_sample_is_a_part_of_the_whole(rows: Placed, limit: int) -> None:
    """Every row of the sample is where it would be without a limit: equal inputs stay or go together on all sides."""
    whole, sample = settle(None, rows), settle(limit, rows)
    for side in SIDES:
        assert set(sample[1][side]) <= set(whole[1][side])
    counts = sample[0]
    kept = sum(map(len, sample[1].values()))
    assert len(rows) == kept + counts.duplicates + counts.leaked + counts.left_out
    if limit >= len(whole[0].rows):
        assert sample[1] == whole[1]


@given(st.sets(KEYS, max_size=60), st.integers(1, 70))
def test_sample_is_as_large_as_allowed(inputs: set[int], limit: int) -> None:
    """Where no two rows share their inputs, exactly as many are kept as may be."""
    settled, _ = settle(limit, [("train", place, key) for place, key in enumerate(sorted(inputs))])
    assert len(settled.rows) == min(limit, len(inputs))


@given(st.lists(KEYS, unique=True, max_size=60), st.integers(1, 30), st.integers(0, 60))
def test_samples_can_be_merged(inputs: list[int], limit: int, cut: int) -> None:
    """The sample of two parts' samples is the sample of the whole: what is left out never comes back."""
    rows: Placed = [("train", key, key) for key in inputs]
    parts = [settle(limit, part)[1]["train"] for part in (rows[:cut], rows[cut:])]
    merged = settle(limit, [("train", key, key) for part in parts for key in part])
    assert merged[1] == settle(limit, rows)[1]


def test_shares_stay_on_average() -> None:
    """The sample knows nothing of the split: of 20,000 rows 4,000 are kept, and the sides' shares are theirs."""
    rows = [Row({"text": f"text {number}"}, "x", None) for number in range(20_000)]
    with Sides(4_000, SPLIT.salt) as sides:
        for row in rows:
            sides.add(row.side(SPLIT), row.digests, 0.0, b"")
        sides.settle()
        counts = [len(sides.spools[side]) for side in SIDES]
    assert sum(counts) == 4_000
    # Four standard deviations of a binomial count.
    assert all(
        abs(count - 4_000 * share) < 4 * (4_000 * share * (1 - share)) ** 0.5
        for count, share in zip(counts, (0.5, 0.2, 0.3), strict=True)
    )


def test_salts_choose_different_samples() -> None:
    """Another salt is another sample, which shares with the first what chance gives."""
    rows: Placed = [
        ("train", digests.row, digests.inputs)
        for digests in (Row({"text": f"text {number}"}, "x", None).digests for number in range(2_000))
    ]
    one, two = (set(settle(500, rows, salt)[1]["train"]) for salt in ("a", "b"))
    assert len(one & two) < 250


def test_memory_is_bounded_by_the_limit() -> None:
    """However many rows come, no more than twice the limit wait."""
    most = 0
    with Sides(100, "s") as sides:
        for number in range(5_000):
            sides.add("train", Row({"text": str(number)}, "x", None).digests, 0.0, b"")
            most = max(most, sum(map(len, sides.spools.values())))
    assert most == 200
