import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.channels import LabelledRow
from training.errors import RefusedDataError
from training.learners.folds import assign
from training.rows import Row


def make(groups: list[str | None]) -> list[LabelledRow]:
    return [LabelledRow(str(place), Row({"text": "x"}, "positive", group)) for place, group in enumerate(groups)]


@given(st.lists(st.tuples(st.none() | st.sampled_from("abc"), st.booleans()), max_size=30), st.integers(2, 6))
def test_every_fold_leaves_both_labels(rows: list[tuple[str | None, bool]], count: int) -> None:
    """Whatever the groups, the rest of each fold has both labels; only too few rows of a label are refused."""
    positive = np.array([label for _, label in rows], np.bool_)
    if min(positive.sum(), (~positive).sum()) < 2:
        with pytest.raises(RefusedDataError, match="at least two training rows"):
            assign(make([group for group, _ in rows]), positive, count)
        return
    folds = assign(make([group for group, _ in rows]), positive, count)
    for fold in set(folds.tolist()):
        assert set(positive[folds != fold].tolist()) == {True, False}


def test_groups_stay_together_where_they_can() -> None:
    """Rows of one group are in one fold when the groups are enough."""
    groups = [f"g{place % 12}" for place in range(120)]
    folds = assign(make(list(groups)), np.arange(120) % 2 == np.arange(120) // 12 % 2, 5)
    assert len({(group, fold) for group, fold in zip(groups, folds.tolist(), strict=True)}) == 12
    assert len(set(folds.tolist())) == 5
