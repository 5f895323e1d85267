"""How plans, explanations and standings look."""

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from rich.console import Console, RenderableType

from chalicelib.core.actions import Call, Change, Plan, WriteJson
from chalicelib.core.ledger import Head, Pin, RunRow
from chalicelib.core.watched import Verdict, Watched
from cli import reports
from tests.cli.fakes import EXPLANATION, STANDING, TROUBLE, at, dataset_row

Show = Callable[[RenderableType], str]


@pytest.fixture
def show() -> Show:
    """Give what a renderable looks like on 100 columns without colours."""

    def shown(renderable: RenderableType) -> str:
        console = Console(file=io.StringIO(), width=100, markup=False, highlight=False)
        with console.capture() as capture:
            console.print(renderable)
        return capture.get()

    return shown


def test_plan_in_order(show: Show) -> None:
    """A plan shows why, and what would be done in its order: documents, ledger, actions."""
    planned = Plan(
        "training",
        "the rows are prepared",
        actions=(Call("create_training_job", {"TrainingJobName": "the-job"}),),
        change=Change(
            Head("reviews", 8, dataset_id="d1"), (dataset_row("d1"), RunRow("r1", "d1", "running", "", "now"))
        ),
        documents=(WriteJson("models/reviews/r1/run.json", {}),),
        evidence={"rows": {"read": 10, "test": 2}},
    )
    shown = [line.strip() for line in show(reports.plan("reviews", "learning", planned)).splitlines()]
    assert [line for line in shown if line] == [
        "reviews, learning: training",
        "reason           the rows are prepared",
        "evidence: rows   read 10, test 2",
        "write models/reviews/r1/run.json",
        "note dataset version d1 as preparing",
        "note run r1 as running",
        "note as wanted: dataset_id d1",
        "create_training_job the-job",
    ]


def test_plan_that_does_nothing(show: Show) -> None:
    """A plan that waits says that there is nothing to do."""
    assert "nothing to do now" in show(reports.plan("reviews", "serving", Plan("live", "version 3 answers")))


def test_explanation(show: Show) -> None:
    """A run's story tells its steps, the verdict, each decision with cause and outcome, and where the files are."""
    shown = show(reports.explanation(EXPLANATION, now=at(100)))
    needles = (
        "dataset version   fedcba9876543210",
        "✓  train",
        "PROMOTE",
        "- better by enough",
        "gain   0.0123",
        "2026-11-12 00:00:00  preparing  1 new upload",
        "Object Created 1234",
        "copy upload 0123456789abcdef",
        "not known (yet)",
        "s3://bucket/report.html",
    )
    assert [needle for needle in needles if needle not in shown] == []


def test_standings(show: Show) -> None:
    """A pipeline's line tells who answers and who should; below is what is out of the ordinary, and no more."""
    table = show(reports.standings([STANDING], now=at(0), width=100)).splitlines()
    assert table[-1].split()[:7] == ["reviews", "InService", "3", "3", "live", "idle", "0"]


def test_notes(show: Show) -> None:
    """Pin, bad versions, the active run, waiting files and troubles are told by name."""
    standing = replace(
        STANDING,
        head=Head("reviews", 9, dataset_id="d1", run_id="r1", pin=Pin(2, 3), bad=(1, 3)),
        plans={**STANDING.plans, "learning": Plan("training", "the job is InProgress")},
        waiting=("uploads/reviews/b.csv",),
        troubles=(TROUBLE,),
    )
    shown = show(reports.standings([standing], now=at(60), width=100))
    needles = (
        "version 2, until there is one newer than version 3",
        "versions 1, 3 must not answer again",
        "dataset version d1, run r1: training, the job is InProgress",
        "uploads/reviews/b.csv",
        "the rows are prepared, 1 min ago: CreateTrainingJob answered ResourceLimitExceeded",
    )
    assert [needle for needle in needles if needle not in shown] == []


def test_what_checks_found(show: Show) -> None:
    """What the last drift check found, of how many, and what is in the way of the next, are told by name."""
    days = [f"2026-11-{day}T00:00:00+00:00" for day in (11, 12, 13)]
    checks = tuple(Verdict(start, end, "drift", 0.01) for start, end in pairwise(days))
    standing = replace(
        STANDING,
        head=Head("reviews", 9, watched=Watched(3, checks, worse=True)),
        plans={**STANDING.plans, "watching": Plan("waiting", "the cool-down ends at noon")},
    )
    shown = " ".join(show(reports.standings([standing], now=at(60), width=100)).split())
    assert "drift until 2026-11-13T00:00, and the quality is worse; 2 of the last 2 checks of version 3" in shown
    assert "the cool-down ends at noon" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_narrow(width: int) -> None:
    """Whatever the width, pipeline, state and version are there, and nothing is cut."""
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    rolling = replace(STANDING, plans={**STANDING.plans, "serving": Plan("rolling out", "version 3 is wanted")})
    with console.capture() as capture:
        console.print(reports.standings([rolling], now=at(0), width=width))
    shown = capture.get()
    assert all(word in shown for word in ("pipeline", "version", "state", "rolling out"))
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    assert all(len(line) <= width for line in shown.splitlines())


def test_foreign_text(show: Show) -> None:
    """Keys and reasons of others do not steer the terminal."""
    hostile = replace(STANDING, waiting=("uploads/\x1b[2J[red].csv",), troubles=(replace(TROUBLE, outcome="\x07"),))
    shown = show(reports.standings([hostile], now=at(0), width=100))
    shown += show(reports.plan("reviews", "learning", Plan("refusing", "\x1b]0;title\x07", evidence={"a": "\x1b"})))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[red]" in shown
