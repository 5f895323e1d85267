"""A small baseline, and windows like it and unlike it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.training.monitor.captured import SPEC, Row, make_rows
from training.captured import Captured
from training.held_out import Answers
from training.monitor import background, stored
from training.monitor.background import Background
from training.monitor.baseline import Baseline, make
from training.monitor.window import Observer, Window
from training.resampling import Groups


def make_baseline(count: int = 1_000, seed: int = 0, run: int = 1) -> Baseline:
    """Return the baseline of rows in groups of ``run``."""
    rows, scores = make_rows(count, seed)
    return make(
        SPEC, make_rows(600, seed + 1)[0], rows, np.array(scores), Groups(np.arange(count) // run, -(-count // run))
    )


def make_background(baseline: Baseline, count: int = 1_000, seed: int = 0, run: int = 1) -> Background:
    """Return the background of the baseline that `make_baseline` makes of the same."""
    rows, scores = make_rows(count, seed)
    numbers = np.array(scores)
    return background.make(
        SPEC,
        cells=baseline.cells,
        fitted=make_rows(600, seed + 1)[0],
        rows=rows,
        answers=Answers(numbers, numbers >= 0.5, ["7"]),
        groups=Groups(np.arange(count) // run, -(-count // run)),
        model=None,
    )


def put_baseline(folder: Path, quality: dict[str, Any] | None = None) -> None:
    """Write a baseline's channel; ``quality`` is what the model's answers to its rows were worth."""
    baseline = replace(make_baseline(), quality=quality)
    stored.write(folder, baseline)
    background.write(folder, make_background(baseline))


def make_window(
    baseline: Baseline,
    rows: Sequence[Row],
    scores: Sequence[float],
    of_request: int = 1,
    observers: Sequence[Observer] = (),
) -> Window:
    """Return rows as a window that was counted to its end."""
    window = Window(SPEC, baseline.cells, baseline.null.runs, observers)
    for captured in requests(rows, scores, of_request):
        window.add(captured.rows, captured.scores, captured.id, captured.called)
    window.settle()
    return window


def requests(rows: Sequence[Row], scores: Sequence[float], of_request: int = 1) -> list[Captured]:
    """Return rows in requests of so many."""
    return [
        Captured(
            rows[first : first + of_request],
            scores[first : first + of_request],
            f"request {first}",
            called=[score >= 0.5 for score in scores[first : first + of_request]],
        )
        for first in range(0, len(rows), of_request)
    ]
