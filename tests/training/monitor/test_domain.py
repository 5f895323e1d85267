import numpy as np
import pytest

from tests.training.monitor.captured import make_rows
from tests.training.monitor.windows import make_baseline, make_window
from training.monitor import domain
from training.monitor.baseline import Baseline
from training.monitor.domain import Domain, Side, told
from training.monitor.window import Window


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    return make_baseline()


def tell(baseline: Baseline, window: Window) -> Domain:
    found = domain.tell_apart(
        Side(baseline.null.features, baseline.null.groups), Side(*window.sample()), window.references
    )
    assert found is not None
    return found  # fmt: skip


def test_alike_rows_cannot_be_told_apart() -> None:
    """Of most windows like their baseline the interval of 95 % holds a half."""
    inside = 0
    for seed in range(10, 70, 10):
        like = make_baseline(500, seed)
        lower, upper = tell(like, make_window(like, *make_rows(400, seed + 2))).area.bounds(0.025)
        inside += lower < 0.5 < upper
    assert inside >= 5


def test_rows_that_moved_are_told_apart(baseline: Baseline) -> None:
    """The more a window has moved, the better it is told apart, and what moved is named."""
    one, other = (tell(baseline, make_window(baseline, *make_rows(400, 8, moved))) for moved in (0.4, 1.2))
    assert one.area.bounds(0.025)[0] > 0.5
    assert one.area.value < other.area.value
    window = make_window(baseline, *make_rows(400, 8, 1.2))
    features = told(other, baseline.cells, window.words, 5)["features"]
    assert {one["feature"] for one in features[:8]} >= {"price", "where"}
    highest = max((one for one in features if one["feature"] == "price"), key=lambda one: one["strength"])
    assert float(highest["is"].split(" ")[-1]) > 1


def test_rows_farthest_away_are_named(baseline: Baseline) -> None:
    """The rows that look least like the baseline's are named by request and place, the strangest among them."""
    rows, scores = make_rows(400, 8)
    for row in rows[40:60]:
        row |= {"price": 90.0, "where": None, "text": "word1 " * 300}
    found = tell(baseline, make_window(baseline, rows, scores, 2))
    strange = {f"request {row - row % 2}" for row in range(40, 60)}
    assert {name.request for name in found.farthest} <= strange
    assert {name.place for name in found.farthest} == {0, 1}


def test_words_of_few_rows_are_not_named(baseline: Baseline) -> None:
    """A word that fewer rows of the window hold than the floor is not named, however strong it is."""
    window = make_window(baseline, *make_rows(400, 8, 1.2))
    found = tell(baseline, window)
    words = {one["is"] for one in told(found, baseline.cells, window.words, 1)["features"] if "words" in one["feature"]}
    assert words
    assert not [one for one in told(found, baseline.cells, window.words, 401)["features"] if "words" in one["feature"]]


def test_few_groups_are_not_tried() -> None:
    """With fewer groups than folds on a side nothing is told."""
    baseline = make_baseline(400, run=100)
    window = make_window(baseline, *make_rows(600, 8))
    sides = Side(baseline.null.features, baseline.null.groups), Side(*window.sample())
    assert domain.tell_apart(*sides, window.references) is None


def test_folds_are_cut_by_group() -> None:
    """No group is in two folds, and folds have like numbers of rows where groups are many."""
    side = Side(make_baseline(600, run=6).null.features, make_baseline(600, run=6).null.groups)
    folds = side.folds(seed=0)
    assert all(len(set(folds[side.groups.of_row == group].tolist())) == 1 for group in range(side.groups.count))
    assert np.bincount(folds).tolist() == [120] * 5


def test_sides_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a side with many rows no more than the bound are taken, whole groups but for the last one."""
    monkeypatch.setattr(domain, "ROWS", 100)
    made = make_baseline(600, run=6)
    some, places = Side(made.null.features, made.null.groups).some(seed=0)
    assert some.features.shape[0] == len(places) == 100
    assert some.groups.count == 17
