"""What the ledger holds of watching the live model, as frozen values: checks, what they found, and what followed.

All but the rows of checks lie in the head, so that whoever decides sees them under the fence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

CheckState = Literal["checking", "drift", "no drift", "not enough data", "failed"]
VERDICTS: frozenset[CheckState] = frozenset({"drift", "no drift", "not enough data"})


@dataclass(frozen=True)
class Ask:
    """Somebody's wish for a drift check of the last hours."""

    id: str
    cause: str
    asked: str  # ISO 8601, UTC
    hours: float


@dataclass(frozen=True)
class CheckRow:
    """A drift check: its window, the version that is checked, and how it ended.

    ``asked`` is the id of the wish for it, if it was one. ``published`` is the fence of the decision to publish its
    metrics, ``verdict`` what the job wrote.
    """

    check_id: str
    state: CheckState
    reason: str
    cause: str
    start: str  # ISO 8601, UTC
    end: str
    version: int
    run_id: str
    started: str
    asked: str = ""
    published: int | None = None
    verdict: Mapping[str, Any] | None = None
    ended: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What a drift check said of its window: ``drift``, ``no drift`` or ``not enough data``."""

    start: str  # ISO 8601, UTC
    end: str
    verdict: str
    p_value: float | None


@dataclass(frozen=True)
class Watched:
    """The last drift checks of a version, the last one last.

    ``worse`` says that the model's quality was worse when labels told of it last.
    """

    version: int
    checks: tuple[Verdict, ...]
    worse: bool

    @property
    def drifted(self) -> tuple[bool, ...]:
        """Whether they found drift: those that could tell, and of windows with requests in common the last one."""
        told: list[Verdict] = []
        for check in reversed(self.checks):
            if check.verdict != "not enough data" and (not told or check.end <= told[-1].start):
                told.append(check)
        return tuple(check.verdict == "drift" for check in reversed(told))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read it from JSON."""
        return cls(**{**data, "checks": tuple(Verdict(**check) for check in data["checks"])})


@dataclass(frozen=True)
class Retrains:
    """What alarms have asked for: the last run and the version that answered then, and how many in a row were in vain.

    ``seen`` is when the alarm that was met last had begun to ring, ``suppressed`` how many rang within a cool-down, and
    ``person`` when the one began for which a person was asked.
    """

    at: str
    version: int
    fruitless: int = 0
    seen: str = ""
    suppressed: int = 0
    person: str = ""


@dataclass(frozen=True)
class Told:
    """Which decisions people were told of: those up to ``since``; up to ``upto``, once decision ``fence`` is done."""

    since: int
    upto: int
    fence: int
