"""How things look."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from rich.console import Console, RenderableType

from chalicelib.core.findings import Finding
from chalicelib.services.stories import Rejected
from cli import render
from tests.cli.fakes import LIVE, at, job, story

Show = Callable[[RenderableType], str]
ROWS = {**LIVE.rows, "rejected": 3}


@pytest.fixture
def show() -> Show:
    """Give what a renderable looks like on 100 columns without colours."""

    def shown(renderable: RenderableType) -> str:
        console = Console(file=io.StringIO(), width=100, markup=False, highlight=False)
        with console.capture() as capture:
            console.print(renderable)
        return capture.get()

    return shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 00 s"), (125, "2 min 05 s"), (4200, "1 h 10 min")],
)
def test_duration(seconds: float | None, words: str) -> None:
    """Durations are said in units that fit."""
    assert render.duration(seconds) == words


@pytest.mark.parametrize(
    ("moment", "words"),
    [(None, ""), (at(100), "0 s ago"), (at(41), "59 s ago"), (at(-500), "10 min ago"), (at(-90_000), "1 d ago")],
)
def test_age(moment: datetime | None, words: str) -> None:
    """Ages are said in their largest unit, and a clock ahead of ours is no age."""
    assert render.age(moment, at(100)) == words


def test_progress_live(show: Show) -> None:
    """A finished run shows every step with its time, the rows, the quality and the version."""
    shown = show(render.progress("run", "a.csv", LIVE, now=at(80), settled_at=at(75))).splitlines()
    assert [line.rstrip() for line in shown] == [
        "a.csv",
        "✓  prepare         2.0 s  1,500 rows: 1,200 train, 150 validation, 150 test",
        "✓  train      1 min 00 s",
        "✓  score           6.0 s",
        "✓  evaluate        1.0 s  accuracy 0.9100, AUC 0.9700",
        "✓  register               version 3",
        "✓  roll out        3.0 s",
        "live  version 3 after 1 min 15 s",
    ]


def test_progress_set_aside(show: Show) -> None:
    """Rows that were set aside are counted below, each reason with its first lines."""
    rejected = (
        Rejected("a.csv", Finding("column 'text' is empty", (3, 9), 2)),
        Rejected("a\x1b.csv", Finding("not JSON", (4,))),
    )
    shown = show(render.progress("run", "a.csv", replace(LIVE, rejected=rejected, rows=ROWS), now=at(80)))
    assert [line.rstrip() for line in shown.splitlines()[-3:]] == [
        "note  3 of 1,500 rows were set aside",
        "  a.csv: lines 3, 9: column 'text' is empty",
        "  a\N{REPLACEMENT CHARACTER}.csv: line 4: not JSON",
    ]
    assert "set aside" not in show(render.progress("run", "a.csv", LIVE, now=at(80)))


def test_reasons_are_summed_up(show: Show) -> None:
    """Of many reasons the first few are told."""
    many = tuple(Rejected("a.csv", Finding(f"reason {number}", (number,))) for number in range(1, 9))
    shown = show(render.progress("run", "a.csv", replace(LIVE, rejected=many, rows=ROWS), now=at(80)))
    assert shown.splitlines()[-1].rstrip() == "  and 3 more"


def test_progress_report(show: Show) -> None:
    """Where a check's report is opened is said below, whole, however long it is."""
    address = f"http://127.0.0.1:4566/bucket/{'a' * 200}/report.html"
    drifted = story("drift", reason="the p-value is 0.004", report=address)
    shown = show(render.progress("check", "drift reviews", drifted, now=at(2)))
    assert "".join(shown.splitlines()).endswith(f"report {address}")
    assert "report" not in show(render.progress("check", "drift reviews", story("drift"), now=at(2)))


def test_progress_failed(show: Show) -> None:
    """A failed run shows which step failed, and why."""
    failed = story("failed", reason="no rows", jobs={"prepare": job("prepare", "Failed", end=1)})
    shown = show(render.progress("run", "a.csv", failed, now=at(2)))
    assert "✗  prepare" in shown
    assert "failed  no rows" in shown


def test_progress_waiting(show: Show) -> None:
    """Before the event arrived that is said."""
    assert "waiting to be looked at" in show(render.progress("batch", "a.csv", None, now=at(0)))


def test_foreign_text(show: Show) -> None:
    """Names and reasons of others are neither markup nor commands to the terminal."""
    hostile = story("failed", reason="[red]\x1b[2Jbad\nline")
    shown = show(render.progress("run", "[bold]\x1b]0;title\x07.csv", hostile, now=at(0)))
    shown += show(render.runs([hostile], now=at(0), width=100)) + show(render.change("a\x1b[31m", hostile, seconds=1))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[red]" in shown
    assert "[bold]" in shown


def test_runs(show: Show) -> None:
    """A run is one line with what came out of it."""
    (line,) = [line for line in show(render.runs([LIVE], now=at(3700), width=100)).splitlines() if "a.csv" in line]
    words = ("fedcba9876543210", "live", "1,500", "0.9100", "0.9700", "3", "1 h ago", "1 min 12 s")
    assert [word for word in words if word not in line] == []


def test_runs_of_two_tasks(show: Show) -> None:
    """Runs show the metrics that they have, of labels and of numbers; another's stay empty."""
    numbers = replace(LIVE, id="aaaabbbbccccdddd", metrics={"rmse": 2.5, "mae": 2.0, "r2": 0.8})
    shown = show(render.runs([LIVE, numbers], now=at(0), width=130))
    assert all(word in shown for word in ("accuracy", "AUC", "RMSE", "R²", "0.9100", "2.5000", "0.8000"))
    assert "RMSE" not in show(render.runs([LIVE], now=at(0), width=130))


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_narrow(width: int) -> None:
    """Whatever the width, file and state of a run are there, and nothing is cut."""
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    failed = story("rolling out", jobs=LIVE.jobs, metrics=LIVE.metrics, rows=LIVE.rows)
    with console.capture() as capture:
        console.print(render.runs([failed, LIVE], now=at(100_000), width=width))
    shown = capture.get()
    assert "a.csv" in shown
    assert "rolling out" in shown
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    assert all(word in shown for word in ("file", "state"))
    assert all(len(line) <= width for line in shown.splitlines())


def test_metrics(show: Show) -> None:
    """The metrics that people know are shown by name, in a fixed order."""
    head, _, values = show(render.metrics(LIVE)).splitlines()
    assert head.split() == ["accuracy", "AUC"]
    assert values.split() == ["0.9100", "0.9700"]


def test_predictions(show: Show) -> None:
    """A prediction is its label, the positive label's probability and the text."""
    shown = show(render.predictions([("negative", 0.0312, "bad [film]")], "positive"))
    assert "P(positive)" in shown
    assert shown.splitlines()[-1].split() == ["negative", "0.031", "bad", "[film]"]
