"""Counts, of the prepared rows, what is missing in each column, and categories that no training row has.

Sides come with the training rows first: what is unseen is known only after them.
"""

import json
from collections import Counter
from typing import Any

from chalicelib.core.spec import PipelineSpec
from training.rows import SIDES, Side


class Gaps:
    """What was counted so far; a text is never missing, so a pipeline of texts alone has nothing to count."""

    def __init__(self, spec: PipelineSpec) -> None:
        self._columns = [column.name for column in spec.columns if column.kind != "text"]
        self._known: dict[str, set[str]] = {
            column.name: set() for column in spec.columns if column.kind == "categorical"
        }
        self._rows = Counter[Side]()
        self._missing = Counter[tuple[str, Side]]()
        self._unseen = Counter[tuple[str, Side]]()

    def count(self, side: Side, line: bytes) -> None:
        """Count a row as it is written, in JSON."""
        if not self._columns:
            return
        values = json.loads(line)
        self._rows[side] += 1
        for name in self._columns:
            self._missing[name, side] += values[name] is None
        for name, known in self._known.items():
            if side == "train":
                known.add(values[name])
            elif values[name] is not None:
                self._unseen[name, side] += values[name] not in known

    def summary(self) -> dict[str, Any]:
        """Return the share of rows that lack a column's value, and how many have an unseen category, by side."""
        return {
            "missing": {
                name: {side: self._missing[name, side] / self._rows[side] for side in SIDES if self._rows[side]}
                for name in self._columns
            },
            "unseen": {name: {side: self._unseen[name, side] for side in SIDES[1:]} for name in self._known},
        }
