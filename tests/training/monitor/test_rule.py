"""The null and the rule together: what is claimed of them is a rate."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from training.monitor.null import DRAWS, FIRST, Null
from training.monitor.rule import Block, Judged, Seen, decide, judge
from training.resampling import Groups

CELLS, WORDS = 8, 30
BLOCKS = (Block("number", "number", 0, CELLS), Block("words", "words", CELLS, CELLS + WORDS))
WINDOWS = 50
SHARES = np.linspace(0.1, 0.6, WORDS)


def make(groups: int, rows: int, random: np.random.Generator, moved: float = 0.0) -> tuple[sparse.csr_matrix, Groups]:
    """Return rows in groups, whose rows resemble each other much: a cell of a number, and some words."""
    of_row = np.repeat(np.arange(groups), rows)
    middle = random.normal(moved, size=groups)[of_row] + 0.5 * random.normal(size=len(of_row))
    cells = np.digitize(middle, np.linspace(-1.5, 1.5, CELLS - 1))
    taste = random.beta(1, 1, size=(groups, WORDS))[of_row]
    words = random.random((len(of_row), WORDS)) < 0.5 * SHARES + 0.5 * (taste < SHARES)
    return sparse.csr_matrix(np.hstack([np.eye(CELLS)[cells], words]).astype(np.float32)), Groups(of_row, groups)


def find(null: Null, window: sparse.csr_matrix, groups: Groups) -> Judged:
    shares = np.asarray(window.mean(axis=0)).ravel()
    *_, draws = null.rounds(window, groups)
    return judge(BLOCKS, shares - null.shares, draws, null.shares, window.shape[0])


def rate(*, groups: int, rows: int, pretend: bool = False, moved: float = 0.0, windows: int = WINDOWS) -> float:
    """Return how often windows alarm, each against a baseline of its own; ``pretend`` that rows are independent."""
    alarms = 0
    for seed in range(windows):
        random = np.random.default_rng(seed)
        features, of = make(80, 5, random)
        window, of_window = make(groups, rows, random, moved)
        if pretend:
            of, of_window = (Groups(np.arange(len(one.of_row)), len(one.of_row)) for one in (of, of_window))
        alarms += find(Null(features, of, draws=100), window, of_window).chance <= 0.1
    return alarms / windows


@pytest.mark.parametrize(("groups", "rows"), [(20, 5), (60, 1), (30, 3)])
def test_false_alarms_are_as_rare_as_the_level(groups: int, rows: int) -> None:
    """Whole groups or single rows, windows without drift alarm at the level of 10 %, within three standard errors."""
    assert rate(groups=groups, rows=rows) < 0.1 + 3 * np.sqrt(0.1 * 0.9 / WINDOWS)


def test_rows_taken_for_independent_alarm_always() -> None:
    """The same windows of whole groups, taken for independent rows, alarm most of the time."""
    assert rate(groups=20, rows=5, pretend=True, windows=10) > 0.5


def test_drift_is_seen() -> None:
    """A number that moved by a deviation is seen in nearly every window of single rows."""
    assert rate(groups=60, rows=1, moved=1.0, windows=10) > 0.8


def test_one_word_of_many_is_seen_by_its_figure() -> None:
    """A single word that comes everywhere moves the largest deviation, and is the one that is told."""
    random = np.random.default_rng(5)
    features, of = make(200, 2, random)
    window, of_window = make(150, 1, random)
    spoilt = window.tolil()
    spoilt[:, CELLS + 3] = 1.0
    null = Null(features, of)
    found = find(null, spoilt.tocsr(), of_window)
    assert found.figures["words:largest"].corrected < 0.02 < found.figures["number"].corrected
    assert np.nanargmax(found.moved) == CELLS + 3


def test_draws_can_be_repeated() -> None:
    """The same rows and seed give the same p-values; another seed gives others."""
    features, of = make(40, 3, np.random.default_rng(0))
    window = make(20, 3, np.random.default_rng(1))
    one, again, other = (find(Null(features, of, seed=seed), *window).figures for seed in (0, 0, 1))
    assert one == again
    assert one != other


def test_chances_are_bounded() -> None:
    """No p-value is below what the draws can tell."""
    features, of = make(60, 3, np.random.default_rng(0))
    for seed in range(20):
        for figure in find(
            Null(features, of, draws=100), *make(30, 2, np.random.default_rng(seed), 0.3)
        ).figures.values():
            assert 1 / 101 <= figure.chance <= 1
            assert 1 / 101 <= figure.corrected <= 1


def seen(window: sparse.csr_matrix, groups: Groups) -> Seen:
    return Seen(np.asarray(window.mean(axis=0)).ravel(), window.shape[0], window, groups)


def test_clear_windows_need_few_draws() -> None:
    """A window that is not unusual is judged by the first draws, one that drifted by all of them."""
    null = Null(*make(80, 5, np.random.default_rng(0)))
    _, few = decide(BLOCKS, null, seen(*make(60, 1, np.random.default_rng(1))), 0.05)
    judged, many = decide(BLOCKS, null, seen(*make(60, 1, np.random.default_rng(1), 1.0)), 0.05)
    assert len(few.differences) == FIRST
    assert len(many.differences) == DRAWS
    assert judged.chance == pytest.approx(1 / (DRAWS + 1))


def test_the_score_has_most_of_the_level() -> None:
    """The same small move of a number is less unusual than of the score, whose figures weigh more."""
    null = Null(*make(80, 5, np.random.default_rng(0)), draws=500)
    window, groups = make(60, 1, np.random.default_rng(4), 0.45)
    *_, draws = null.rounds(window, groups)
    difference = np.asarray(window.mean(axis=0)).ravel() - null.shares
    found = []
    for name in ("number", "score"):
        blocks = (Block(name, "number", 0, CELLS), *BLOCKS[1:])
        found.append(judge(blocks, difference, draws, null.shares, 60).chance)
    assert found[1] < found[0]


def test_draws_are_made_as_large_as_the_formula_says() -> None:
    """Where draws differ by less than windows do, a window is no more unusual: they are scaled by block."""
    null = Null(*make(80, 5, np.random.default_rng(0)))
    window, groups = make(60, 1, np.random.default_rng(3), 0.3)
    *_, draws = null.rounds(window, groups)
    difference = np.asarray(window.mean(axis=0)).ravel() - null.shares
    halved = replace(draws, differences=(draws.differences / 2).astype(np.float32))
    one, other = (judge(BLOCKS, difference, each, null.shares, 60).figures["number"] for each in (draws, halved))
    assert one.corrected == pytest.approx(other.corrected, abs=0.02)


def test_the_shift_is_of_the_score_alone() -> None:
    """Only the model's answers are also asked whether they rose or fell."""
    null = Null(*make(80, 5, np.random.default_rng(0)))
    window = make(60, 1, np.random.default_rng(1))
    assert "number:shift" not in find(null, *window).figures
    *_, draws = null.rounds(*window)
    blocks = (Block("score", "number", 0, CELLS), *BLOCKS[1:])
    difference = np.asarray(window[0].mean(axis=0)).ravel() - null.shares
    assert {"score", "score:shift"} <= judge(blocks, difference, draws, null.shares, 60).figures.keys()


def test_runs_are_the_groups() -> None:
    """A window's runs are as long as the baseline's groups, in the same order each time."""
    of_row = np.repeat([0, 1, 2], [1, 3, 8])
    runs = [Null(sparse.csr_matrix(np.ones((12, 1), np.float32)), Groups(of_row, 3)).runs.tolist() for _ in range(2)]
    assert sorted(runs[0]) == [1, 3, 8]
    assert runs[0] == runs[1]
