"""A small baseline, and windows like it and unlike it."""

from collections.abc import Sequence

import numpy as np

from tests.training.monitor.captured import SPEC, Row, make_rows
from training.captured import Captured
from training.monitor.baseline import Baseline, make
from training.monitor.window import Window
from training.resampling import Groups


def make_baseline(count: int = 1_000, seed: int = 0, run: int = 1) -> Baseline:
    """Return the baseline of rows in groups of ``run``."""
    rows, scores = make_rows(count, seed)
    return make(
        SPEC, make_rows(600, seed + 1)[0], rows, np.array(scores), Groups(np.arange(count) // run, -(-count // run))
    )


def make_window(baseline: Baseline, rows: Sequence[Row], scores: Sequence[float], of_request: int = 1) -> Window:
    """Return rows as a window that was counted to its end."""
    window = Window(SPEC, baseline.cells, baseline.null.runs)
    for captured in requests(rows, scores, of_request):
        window.add(captured.rows, captured.scores)
    window.settle()
    return window


def requests(rows: Sequence[Row], scores: Sequence[float], of_request: int = 1) -> list[Captured]:
    """Return rows in requests of so many."""
    return [
        Captured(rows[first : first + of_request], scores[first : first + of_request])
        for first in range(0, len(rows), of_request)
    ]
