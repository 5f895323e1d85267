"""What a pipeline's owner decides about the live model: how its traffic is watched, and what asks for a new one.

Nothing of it is part of the recipe: the same rows and recipe make the same model however it is watched.
"""

from dataclasses import dataclass
from math import isfinite

from chalicelib.core.alarm_rule import HIGHEST_LEVEL, AlarmRule, alarm_rule
from chalicelib.core.schedules import parse

# How much windows have in common through their baseline is known only once both are: taken is what a window as large as
# the baseline has.
_COMMON = 0.5
_ALARMS = 2  # that share what is allowed: of drift and of quality


@dataclass(frozen=True)
class DriftPolicy:
    """How captured requests are compared with the baseline.

    ``schedule`` says when (an EventBridge expression; empty: only by hand); a check looks at the time since the slot
    before. ``capture_percent`` of the requests are captured (0: none, and nothing can be checked).
    ``false_alarms_per_month`` bounds how often the two alarms together may ring without drift and without loss of
    quality, half of it each (`rule`, `quality_level`). A window with fewer than
    ``least_rows``, or of which less than ``least_coverage`` could be read, is not judged.
    """

    schedule: str = "rate(1 day)"
    capture_percent: int = 100
    false_alarms_per_month: float = 1.0
    least_rows: int = 200
    least_coverage: float = 0.8

    @property
    def rule(self) -> AlarmRule:
        """How strict each check is, and how many of how many confirm a drift; those by hand are taken one by one."""
        if not self.schedule:
            return AlarmRule(HIGHEST_LEVEL, 1, 1)
        per_month = parse(self.schedule).per_month()
        return alarm_rule(per_month, false_alarms=self.false_alarms_per_month, common=_COMMON, alarms=_ALARMS)

    @property
    def quality_level(self) -> float:
        """How strict each check is of the model's quality: one that finds it worse is an alarm."""
        if not self.schedule:
            return HIGHEST_LEVEL
        return min(HIGHEST_LEVEL, self.false_alarms_per_month / _ALARMS / parse(self.schedule).per_month())

    def checks(self) -> tuple[tuple[object, str], ...]:
        """Return what must hold, each with what to do where it does not."""
        return (
            (0 <= self.capture_percent <= 100, f"capture_percent lies between 0 and 100, got {self}"),  # noqa: PLR2004
            (
                isfinite(self.false_alarms_per_month) and self.false_alarms_per_month > 0,
                f"false_alarms_per_month must be positive, got {self}",
            ),
            (self.least_rows > 0, f"least_rows must be positive, got {self}"),
            (0 < self.least_coverage <= 1, f"least_coverage is a share above 0, got {self}"),
        )


@dataclass(frozen=True)
class RetrainPolicy:
    """What asks for a run besides new uploads.

    ``schedule`` is an EventBridge expression (empty: none). With ``on_alarm`` a drift or quality alarm asks too, once
    there is something new to learn from: ``least_labels`` more labels (as the sizes of their files show at least) than
    the live version knows, or other uploads. It does so at most once in ``cool_down_hours``, which double with each run
    in a row that was asked for like this and brought no new live version; after ``most_fruitless`` of these a person
    is asked instead.
    """

    schedule: str = ""
    on_alarm: bool = True
    cool_down_hours: float = 24.0
    most_fruitless: int = 3
    least_labels: int = 50

    def checks(self) -> tuple[tuple[object, str], ...]:
        """Return what must hold, each with what to do where it does not."""
        return (
            (isfinite(self.cool_down_hours) and self.cool_down_hours > 0, f"a cool-down must be positive, got {self}"),
            (min(self.most_fruitless, self.least_labels) > 0, f"least counts must be positive, got {self}"),
        )
