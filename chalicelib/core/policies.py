"""What a pipeline's owner decides beforehand: which data a run learns from, and what it takes to go live.

Neither is part of the recipe: the same rows and recipe make the same model under any policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from statistics import NormalDist
from typing import Any, Literal, Self, get_args

from chalicelib.core.measures import METRICS, Task, first_metric

Selection = Literal["all", "latest", "days"]
Approval = Literal["automatic", "manual"]
Alert = Literal["target_shift", "schema_drift"]

# Rows to learn from (of 2,000, where a tenth is held out); with fewer, a recipe is also cross-validated, and must pass.
SMALL_DATASET = 1_800
POWER = 0.8  # share of equally good challengers that the widened margin lets pass


@dataclass(frozen=True)
class DataPolicy:
    """Which accepted uploads make a dataset version, and how many of their rows.

    ``uploads`` takes the newest accepted version of every key (``all``), only the newest upload (``latest``), or those
    of the last ``days``. ``max_rows`` bounds the rows of all sides together (None: no bound). With ``feedback``,
    captured requests of the last ``feedback_days`` that somebody gave a label are learned from too.
    """

    uploads: Selection = "all"
    days: int | None = None
    max_rows: int | None = None
    feedback: bool = True
    feedback_days: int = 90

    def checks(self) -> tuple[tuple[object, str], ...]:
        """Return what must hold, each with what to do where it does not."""
        return (
            (self.uploads in get_args(Selection), f"a data policy takes {', '.join(get_args(Selection))}, got {self}"),
            (
                (self.days is not None and self.days > 0) == (self.uploads == "days"),
                f"name a positive number of days with the data policy 'days', and only with it, got {self}",
            ),
            (self.max_rows is None or self.max_rows > 0, f"max_rows must be positive, got {self}"),
            (self.feedback_days > 0, f"feedback_days must be positive, got {self}"),
        )


@dataclass(frozen=True)
class GatePolicy:
    """What a challenger must show to be promoted.

    ``metric`` is what models are compared by (empty: accuracy of labels, RMSE of values). ``margin`` is how much of it
    a challenger may lose, and ``level`` the chance to promote one that truly loses more: a difference of shares
    (accuracy, AUC, ...), of errors (RMSE, log loss, ...) a part of the other model's. Where the rows are too few to
    exclude so small a loss even for an equal model, the margin is the smallest they can, up to ``widest_margin``.

    ``thresholds`` are absolute bounds by metric: a least value, or a largest one for errors; ``slice_floors`` and
    ``source_floors`` the same for every slice of a column and every uploaded file that has enough rows. Fewer than
    ``min_rows`` held-out rows, or ``min_groups`` groups, of any class is HOLD, as is an alert of ``hold_on``.
    ``approval`` says who has the last word on a PROMOTE: the gate, or a person.
    """

    metric: str = ""
    margin: float = 0.01
    widest_margin: float = 0.15
    level: float = 0.05
    thresholds: Mapping[str, float] = field(default_factory=dict)
    slice_floors: Mapping[str, float] = field(default_factory=dict)
    source_floors: Mapping[str, float] = field(default_factory=dict)
    min_rows: int = 10
    min_groups: int = 5
    hold_on: tuple[Alert, ...] = ("target_shift", "schema_drift")
    approval: Approval = "automatic"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a policy from JSON; what it did not say before it could has its default."""
        return cls(**{**data, **({"hold_on": tuple(data["hold_on"])} if "hold_on" in data else {})})

    def compared_by(self, task: Task) -> str:
        """Return the metric that models are compared by."""
        return self.metric or first_metric(task)

    def margin_at(self, uncertainty: float) -> float:
        """Return the loss to be excluded where the estimate's lower bound lies so far below it.

        An estimate passes if its lower bound is above the negative margin. An equal model's does in `POWER` of all
        cases if the margin is ``(z_level + z_power) / z_level`` times the distance to the bound (the usual sample size
        of a non-inferiority test, Chow, Shao and Wang 2008, section 3.2, solved for the margin).
        """
        widened = uncertainty * (1 + NormalDist().inv_cdf(POWER) / NormalDist().inv_cdf(1 - self.level))
        return min(self.widest_margin, max(self.margin, widened))

    def checks(self, task: Task) -> tuple[tuple[object, str], ...]:
        """Return what must hold, each with what to do where it does not."""
        known = METRICS.get(task, ())
        bounds = {**self.thresholds, **self.slice_floors, **self.source_floors}
        return (
            (0 <= self.margin <= self.widest_margin < 1, f"margins lie between 0 and 1, the widest last, got {self}"),
            (0 < self.level < 0.5, f"a level lies between 0 and 0.5, got {self}"),  # noqa: PLR2004 - a coin's
            (min(self.min_rows, self.min_groups) > 0, f"least counts must be positive, got {self}"),
            (
                {self.compared_by(task), *bounds} <= {*known} if known else True,
                f"a gate's metrics for {task} are {', '.join(known)}, got {self}",
            ),
            (
                all(_is_number(bound) for bound in bounds.values()),
                f"thresholds and floors must be finite numbers, got {self}",
            ),
            (set(self.hold_on) <= set(get_args(Alert)), f"alerts are {', '.join(get_args(Alert))}, got {self}"),
            (self.approval in get_args(Approval), f"approval is one of {', '.join(get_args(Approval))}, got {self}"),
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
