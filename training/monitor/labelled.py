"""What a window's rows were answered and, where a label came later, what they are.

Of every row its score's cell is counted, with and without a label, by group; of a labelled one its label, score and
group are kept, 25 bytes. Groups next to each other are put together once there are `MOST_GROUPS`, so that the table
does not grow with the window: what rests on it is then more cautious, and no less right.
"""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from chalicelib.core.spec import PipelineSpec
from training.captured import Captured
from training.ground_truth import Taken
from training.held_out import Answers, HeldOut
from training.monitor.edges import Floats, Ints, cells_of
from training.monitor.expected import Expected
from training.resampling import Groups

CELLS = 10  # of the score, of about as many of the baseline's rows
MOST_GROUPS = 2_048
ROWS = 10_000  # counted together
MOST_MEASURED = 20_000  # labelled rows that are measured; of more, whole groups spread over the window


class Labelled:
    """What was read so far; ``edges`` are those of the baseline's scores."""

    def __init__(self, spec: PipelineSpec, edges: Floats) -> None:
        self._spec = spec
        self._edges = edges
        self._table = np.zeros((MOST_GROUPS, 2, min(CELLS, len(edges) + 1)))
        self._merged = 0  # how often neighbours were put together
        self._scores, self._called, self._has_label, self._groups = array("d"), array("b"), array("b"), array("q")
        self._kept: tuple[array[Any], ...] = (array("d"), array("d"), array("b"), array("q"))
        self.expected = Expected(edges)

    def add(self, request: Captured, taken: Sequence[Taken], group: int) -> None:
        """Count a request's rows, which are of a group, and keep those with a label; groups never fall."""
        first = len(self._scores)
        self._scores.extend(request.scores)
        self._called.extend(request.called or [False] * len(request.rows))
        self._has_label.extend([0] * len(request.rows))
        self._groups.extend([group] * len(request.rows))
        for label in taken:
            place = first + label.index
            self._has_label[place] = 1
            target = label.value if isinstance(label.value, float) else float(label.value == self._spec.positive_label)
            for kept, value in zip(self._kept, (target, self._scores[place], self._called[place], group), strict=True):
                kept.append(value)
        if len(self._scores) >= ROWS:
            self.settle()

    def settle(self) -> None:
        """Count what waits; to be called once more at the end."""
        if not self._scores:
            return
        scores, groups = np.array(self._scores), np.array(self._groups)
        while groups[-1] >> self._merged >= MOST_GROUPS:
            pairs = self._table.reshape(MOST_GROUPS // 2, 2, *self._table.shape[1:]).sum(axis=1)
            self._table = np.concatenate([pairs, np.zeros_like(pairs)])
            self._merged += 1
        np.add.at(self._table, (groups >> self._merged, np.array(self._has_label, np.int64), self._cells(scores)), 1)
        if not self._spec.regression:
            self.expected.add(scores, np.array(self._called, np.bool_))
        for waiting in (self._scores, self._called, self._has_label, self._groups):
            del waiting[:]

    @property
    def table(self) -> Floats:
        """How many rows without (0) and with a label (1) each group has in each cell, shape (groups, 2, cells)."""
        return self._table[self._table.any(axis=(1, 2))]

    @property
    def rows(self) -> int:
        """How many rows have a label."""
        return len(self._kept[0])

    def measured(self) -> tuple[HeldOut, Answers, Ints]:
        """Return the labelled rows as held-out ones, what was answered to them, and the cell of each one's score."""
        targets, scores, called, groups = (np.array(kept) for kept in self._kept)
        step = -(-len(targets) // MOST_MEASURED)
        inside = np.flatnonzero(groups % max(1, step) == 0)
        present, of_row = np.unique(groups[inside], return_inverse=True)
        held_out = HeldOut(
            self._spec,
            [str(place) for place in inside.tolist()],
            targets[inside],
            Groups(of_row.astype(np.int64), len(present)),
            np.zeros(len(inside), np.uint64),
            None,
            [""] * len(inside),
        )
        answers = Answers(scores[inside], called[inside].astype(np.bool_), [])
        return held_out, answers, self._cells(answers.numbers)

    def _cells(self, scores: Floats) -> Ints:
        fine = len(self._edges) + 1
        cells: Ints = cells_of(scores, self._edges) * self._table.shape[2] // fine
        return cells
