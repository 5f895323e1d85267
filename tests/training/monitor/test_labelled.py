import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.monitor.captured import SPEC
from training.captured import Captured
from training.ground_truth import Taken
from training.monitor import labelled as module
from training.monitor.labelled import Labelled

EDGES = np.linspace(0.05, 0.95, 19)
ROWS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["", "bad", "good"]), st.integers(0, 3)), max_size=80)


def count(rows: list[tuple[float, str, int]], of_request: int = 1) -> Labelled:
    """Count rows, each a score, a label or none, and by how much its group is above the one before."""
    labelled, group = Labelled(SPEC, EDGES), 0
    for first in range(0, len(rows), of_request):
        some = rows[first : first + of_request]
        group += some[0][2]
        scores = [score for score, _, _ in some]
        taken = [Taken(index, label) for index, (_, label, _) in enumerate(some) if label]
        labelled.add(Captured([{}] * len(some), scores, called=[score >= 0.5 for score in scores]), taken, group)
    labelled.settle()
    return labelled


@given(ROWS, st.integers(1, 7))
def test_every_row_is_counted_once(rows: list[tuple[float, str, int]], of_request: int) -> None:
    """Rows with and without a label are counted in their score's cell, and those with one are kept as they are."""
    found = count(rows, of_request)
    with_label = [(score, label) for score, label, _ in rows if label]
    assert found.table.sum(axis=(0, 2)).tolist() == [len(rows) - len(with_label), len(with_label)]
    assert found.rows == len(with_label)
    held_out, answers, cells = found.measured()
    assert answers.numbers.tolist() == [score for score, _ in with_label]
    assert answers.called.tolist() == [score >= 0.5 for score, _ in with_label]
    assert held_out.positive.tolist() == [label == "good" for _, label in with_label]
    assert np.bincount(cells, minlength=10).tolist() == found.table.sum(axis=0)[1].tolist()


@given(ROWS)
def test_groups_put_together_lose_no_row(rows: list[tuple[float, str, int]]) -> None:
    """With more groups than are kept, neighbours are one, chunks change nothing, and no row is lost."""
    whole = count(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_GROUPS", 4)
        patch.setattr(module, "ROWS", 3)
        parts = count(rows)
    assert len(parts.table) <= 4
    assert (parts.table.sum(axis=0) == whole.table.sum(axis=0)).all()


def test_neighbours_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups that are put together lie next to each other, as rows that resemble each other do."""
    monkeypatch.setattr(module, "MOST_GROUPS", 4)
    found = count([(0.3, "", int(number > 0)) for number in range(10)])
    assert found.table.sum(axis=(1, 2)).tolist() == [4, 4, 2]


def test_of_very_many_labels_whole_groups_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bound, groups spread over the window are measured, each with all of its rows."""
    monkeypatch.setattr(module, "MOST_MEASURED", 30)
    held_out, answers, _ = count([(0.3, "good", number % 3 == 0) for number in range(90)]).measured()
    assert len(answers.numbers) == 30
    assert np.bincount(held_out.groups.of_row).tolist() == [3] * 10
