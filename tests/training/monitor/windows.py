"""A small baseline, and windows like it and unlike it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.training.monitor.captured import SPEC, Row, make_rows
from training.monitor import background, stored
from training.monitor.background import Background
from training.monitor.baseline import Baseline, make
from training.monitor.capture import Captured
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
        scores=numbers,
        called=numbers >= 0.5,
        groups=Groups(np.arange(count) // run, -(-count // run)),
        model=None,
    )


def put_baseline(folder: Path) -> None:
    """Write a baseline's channel."""
    baseline = make_baseline()
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
    window = Window(SPEC, baseline.cells, baseline.null.typical_group, observers)
    for captured in requests(rows, scores, of_request):
        window.add(captured.rows, captured.scores, captured.id)
    window.settle()
    return window


def requests(rows: Sequence[Row], scores: Sequence[float], of_request: int = 1) -> list[Captured]:
    """Return rows in requests of so many."""
    return [
        Captured(rows[first : first + of_request], scores[first : first + of_request], f"request {first}")
        for first in range(0, len(rows), of_request)
    ]
