import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import Column
from tests.training.monitor.captured import SPEC, make_rows
from tests.training.monitor.windows import make_background, make_baseline, make_window
from training import cuts
from training.monitor.parts import Part, Parting, Partition, Sums, Tally, is_missing, is_outside
from training.resampling import Groups, estimate, mean
from training.rows import digest

ROWS = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), min_size=8, max_size=40)


def count(members: np.ndarray, answers: np.ndarray, groups: np.ndarray, step: int = 1_000) -> Sums:
    tally = Tally(members.shape[1])
    for first in range(0, len(groups), step):
        some = slice(first, first + step)
        tally.add(members[some], answers[some], groups[some])
    return tally.sums()


@given(ROWS, st.integers(1, 9))
def test_sums_do_not_depend_on_chunks(rows: list[tuple[bool, bool, int]], step: int) -> None:
    """However rows are cut into batches, also within a group, the sums are the same."""
    members = np.array([[part, not part] for part, _, _ in rows])
    answers = np.array([float(answer) for _, answer, _ in rows])
    groups = np.cumsum([jump > 0 for _, _, jump in rows])
    whole, parts = count(members, answers, groups), count(members, answers, groups, step)
    assert np.allclose(whole.totals, parts.totals)
    assert np.allclose(whole.products, parts.products)
    assert (whole.present == parts.present).all()
    assert whole.groups == parts.groups == len(set(groups.tolist()))


def test_a_mean_of_all_rows_is_the_clustered_one() -> None:
    """The overall mean and its error are those that the formula for a mean gives from the rows themselves."""
    random = np.random.default_rng(0)
    groups = np.sort(random.integers(0, 30, 300))
    answers = random.normal(5, 2, 300) + groups / 10
    groups_of = Groups.of([str(group) for group in groups.tolist()])
    found = count(np.ones((300, 1), np.bool_), answers, groups).overall()
    assert found.value == pytest.approx(mean(answers, groups_of).value)
    assert found.error == pytest.approx(mean(answers, groups_of).error)


def test_errors_are_those_of_the_bootstrap() -> None:
    """Share, mean and difference of a part have, within a tenth, the errors that drawing whole groups gives."""
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(200), random.integers(1, 8, 200))
    lean = random.random(200)[groups]
    part = random.random(len(groups)) < lean
    answers = (random.random(len(groups)) < 0.3 + 0.4 * lean).astype(np.float64)
    of = Groups(groups, 200)
    rows, positive, every, everywhere = (
        of.sums(values) for values in (part, part * answers, np.ones(len(part)), answers)
    )

    def difference(weights: np.ndarray) -> np.ndarray:
        n, s, all_rows, all_answers = (weights @ sums for sums in (rows, positive, every, everywhere))
        found: np.ndarray = (all_answers - s) / (all_rows - n) - s / n
        return found

    drawn = estimate(
        {
            "share": lambda weights: (weights @ rows) / (weights @ every),
            "answer": lambda weights: (weights @ positive) / (weights @ rows),
            "difference": difference,
        },
        of,
    )
    sums = count(part[:, None], answers, groups)
    for name, found in (("share", sums.share(0)), ("answer", sums.answer(0)), ("difference", sums.difference(0))):
        assert found.value == pytest.approx(drawn[name].value)
        assert found.error == pytest.approx(drawn[name].error, rel=0.1)


def test_one_group_has_no_error() -> None:
    """Of a single group no error can be told."""
    sums = count(np.ones((5, 1), np.bool_), np.ones(5), np.zeros(5, np.int64))
    assert np.isnan(sums.share(0).error)


@pytest.mark.parametrize(
    ("column", "value", "missing", "outside"),
    [
        (Column("x", "numeric", lowest=0, highest=1), None, True, False),
        (Column("x", "numeric", lowest=0, highest=1), 0.0, False, False),
        (Column("x", "numeric", lowest=0, highest=1), 1.5, False, True),
        (Column("x", "numeric", lowest=0), -1.0, False, True),
        (Column("x", "numeric"), -1.0, False, False),
        (Column("x", "text", max_length=3), "abcd", False, True),
        (Column("x", "text", max_length=3), " \n ", True, False),
        (Column("x", "categorical", categories=("a",)), "b", False, True),
        (Column("x", "categorical", categories=("a",)), None, True, False),
        (Column("x", "categorical", required=True), None, True, False),
    ],
)
def test_what_is_wrong_with_a_value(column: Column, value: float | str | None, missing: bool, outside: bool) -> None:  # noqa: FBT001
    """A value is missing, outside the spec's limits, or neither; never both."""
    assert (is_missing(column, value), is_outside(column, value)) == (missing, outside)


def test_members_of_parts() -> None:
    """A row is in one slice of each column, and in the parts of what is wrong with it."""
    rows, _ = make_rows(200, 0)
    partition = Partition(
        SPEC,
        [cuts.learn(column, [cuts.reduce(column, row[column.name]) for row in rows]) for column in SPEC.columns],
        {"where": {digest("north"), digest("south")}, "by": {digest("a")}},
    )
    members = partition.members(rows)
    for column in SPEC.columns:
        places = [place for place, part in enumerate(partition.parts) if part[:2] == (column.name, "slice")]
        assert (members[:, places].sum(axis=1) == 1).all()
    for part, test in (
        (Part("price", "missing"), [row["price"] is None for row in rows]),
        (Part("where", "slice", "east"), [row["where"] == "east" for row in rows]),
        (Part("where", "unseen"), [row["where"] == "east" for row in rows]),
        (Part("by", "unseen"), [row["by"] == "b" for row in rows]),
    ):
        assert members[:, partition.parts.index(part)].tolist() == test
    assert Part("price", "outside") not in partition.parts


def test_a_window_is_counted_by_what_was_called() -> None:
    """Of labels the answer to a row is whether the model called it positive, whatever its score."""
    baseline = make_baseline()
    partition = make_background(baseline).partition
    rows, scores = make_rows(250, 8)
    parting = Parting(partition)
    make_window(baseline, rows, scores, 3, [parting])
    assert parting.sums().overall().value == pytest.approx(np.mean([score >= 0.5 for score in scores]))
