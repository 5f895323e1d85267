"""What a pipeline's owner decides beforehand: which data a run learns from, and what it takes to go live.

Neither is part of the recipe: the same rows and recipe make the same model under any policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Selection = Literal["all", "latest", "days"]
Approval = Literal["automatic", "manual"]


@dataclass(frozen=True)
class DataPolicy:
    """Which accepted uploads make a dataset version, and how many of their rows.

    ``uploads`` takes the newest accepted version of every key (``all``), only the newest upload (``latest``), or those
    of the last ``days``. ``max_rows`` bounds the rows of all sides together (None: no bound).
    """

    uploads: Selection = "all"
    days: int | None = None
    max_rows: int | None = None

    def checks(self) -> tuple[tuple[object, str], ...]:
        """Return what must hold, each with what to do where it does not."""
        return (
            (self.uploads in get_args(Selection), f"a data policy takes {', '.join(get_args(Selection))}, got {self}"),
            (
                (self.days is not None and self.days > 0) == (self.uploads == "days"),
                f"name a positive number of days with the data policy 'days', and only with it, got {self}",
            ),
            (self.max_rows is None or self.max_rows > 0, f"max_rows must be positive, got {self}"),
        )


@dataclass(frozen=True)
class GatePolicy:
    """What a challenger must show to be promoted.

    ``metric`` is what champion and challenger are compared by (empty: accuracy of labels, RMSE of values), and
    ``margin`` how much of it may be lost to chance. ``thresholds`` are absolute bounds by metric: a least value, or a
    largest one for errors. Fewer than ``min_rows`` held-out rows that can be compared, or ``min_groups`` groups, of
    any class is HOLD. ``approval`` says who has the last word on a PROMOTE: the gate, or a person.
    """

    metric: str = ""
    margin: float = 0.01
    thresholds: Mapping[str, float] = field(default_factory=dict)
    min_rows: int = 30
    min_groups: int = 10
    approval: Approval = "automatic"

    def checks(self) -> tuple[tuple[object, str], ...]:
        """Return what must hold, each with what to do where it does not."""
        return (
            (self.margin >= 0, f"a margin is at least 0, got {self}"),
            (min(self.min_rows, self.min_groups) > 0, f"least counts must be positive, got {self}"),
            (self.approval in get_args(Approval), f"approval is one of {', '.join(get_args(Approval))}, got {self}"),
        )
