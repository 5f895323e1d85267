"""A month of a pipeline that is checked every hour: what people, traffic and AWS do in it, drawn from a seed.

Readers turn to something else and a new version fits them, or none does; labels come; trainings fail for days; alarms
follow the published figure and flap besides; nobody looks for hours; one call in twenty is refused, before its effect
or after it. The same seed is the same month, call by call, and its script is the same without the faults.

The price of speed: a sweep at which nothing can be due is looked at now and then only.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random

from botocore.exceptions import ConnectionClosedError

from chalicelib.core import places
from chalicelib.core.errors import CallError
from chalicelib.core.names import WATCHED, AlarmKind
from chalicelib.core.requests import VARIANT
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.upkeep import DriftPolicy, RetrainPolicy
from chalicelib.pipelines import PIPELINES
from tests.chalicelib.aws.account import START, When, no_fault
from tests.chalicelib.aws.programs import finish
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import PIPELINE, STAGE, World, on
from tests.chalicelib.reliability.scenario import PASSING, come_to_rest

SPEC: PipelineSpec = replace(
    PIPELINES[PIPELINE],
    drift=DriftPolicy(schedule="rate(1 hour)"),
    retrain=RetrainPolicy(cool_down_hours=6, least_labels=3),
)
HOUR, SWEEP = timedelta(hours=1), timedelta(minutes=5)
TRIES = (60, 120)  # seconds until Lambda gives an event or a sweep that failed to its function again
MOST_AT_FIRST, MOST_AN_HOUR = 100, 30  # rows of the ledger, several times as many as there are
_REFUSED = 0.05  # of all calls
_LOST = 0.2  # of all events
_IDLE = 0.1  # of the sweeps at which nothing can be due, looked at all the same


@dataclass(frozen=True)
class Script:
    """What happens whatever the application does, by hours from the beginning, each a half-open range or a moment."""

    days: int
    fits: tuple[range, ...]  # drift that the next version puts an end to
    stubborn: tuple[range, ...]  # drift that no version does
    failing: tuple[range, ...]  # trainings fail, and would fail again
    outages: tuple[range, ...]  # nobody looks
    labels: tuple[int, ...]
    uploads: tuple[tuple[int, str], ...]  # with their rows
    flaps: tuple[tuple[int, AlarmKind], ...]

    @classmethod
    def of(cls, seed: int, days: int) -> "Script":
        """Draw a script of ten days that come again and again; on the last day there is a file to learn from."""
        random, marks = Random(f"script {seed}"), [start * 24 for start in range(0, days, 10)]  # noqa: S311 - a seed
        within, last = days * 24, (days - 1) * 24

        def ranges(day: int, length: int) -> tuple[range, ...]:
            starts = [mark + day * 24 + random.randrange(3, 6) for mark in marks]
            return tuple(range(start, start + length) for start in starts if start < within)

        stubborn, fits, failing = ranges(1, 20), ranges(3, 24), ranges(6, 66)
        labels = [one.start + 2 for one in fits] + [hour for one in stubborn for hour in one[::2]]
        labels += [hour for one in failing for hour in one[::4]]
        files = [(mark + 24 * 9 + 12, "good") for mark in marks] + [(mark + 24 * 5 + 12, "bad") for mark in marks]
        kinds: tuple[AlarmKind, AlarmKind] = ("drift", "quality")
        return cls(
            days=days,
            fits=fits,
            stubborn=(*stubborn, *failing),
            failing=failing,
            outages=ranges(2, 4),
            labels=tuple(hour for hour in sorted(set(labels)) if hour < last),
            uploads=((0, "good"), *((hour, kind) for hour, kind in files if hour < last), (last + 12, "good")),
            flaps=tuple((random.randrange(day * 24 + 6, day * 24 + 24), random.choice(kinds)) for day in range(days)),
        )


@dataclass
class Refusals:
    """Refuses one call in twenty, for a reason that passes: throttled, broken, or without an answer."""

    random: Random
    struck: int = 0
    _after: int = 0  # the call that is struck once it has had its effect

    def __call__(self, when: When, number: int, operation: str) -> None:  # noqa: ARG002 - a fault's signature
        """Strike a call, or let it pass."""
        if when == "before" and self.random.random() < _REFUSED:
            self.struck += 1
            if self.random.random() < 0.5:
                raise refused("ThrottlingException") if self.random.random() < 0.5 else refused("InternalFailure", 500)
            self._after = number
        elif when == "after" and number == self._after:
            if self.random.random() < 0.5:
                raise refused("InternalFailure", 500)
            raise ConnectionClosedError(endpoint_url="https://aws")


@dataclass
class Month:
    """One month, and what was seen of it: which run answered since when, and when the endpoint was being changed."""

    seed: int
    days: int
    disturbed: bool = True
    world: World = field(init=False)
    script: Script = field(init=False)
    refusals: Refusals = field(init=False)
    answered: list[tuple[datetime, str | None]] = field(default_factory=list)
    changes: list[tuple[datetime, datetime]] = field(default_factory=list)  # of the endpoint, from when to when
    looks: int = 0
    _due: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)
    _ending: set[str] = field(default_factory=set)  # jobs whose end is settled
    _changing: datetime | None = None
    _followed: int = 0  # figures that the alarm knows
    _stale: bool = True  # something may be due

    def __post_init__(self) -> None:
        self.world, self.script = World(specs={PIPELINE: SPEC}), Script.of(self.seed, self.days)
        self.world.account.objects.page = self.world.account.tables.page = 1000  # as AWS's, nearly
        self.random = Random(f"events {self.seed}")  # noqa: S311 - a seed that can be replayed
        self.refusals = Refusals(Random(f"refusals {self.seed}"))  # noqa: S311 - the same

    def play(self) -> "Month":
        """Live through the month; then nothing is refused any more, and everything comes to rest."""
        script, account = self.script, self.world.account
        for hour in range(self.days * 24):
            self._at(hour * HOUR + HOUR / 2, self._capture)
        for hour in script.labels:
            self._at(hour * HOUR + HOUR / 3, self._label)
        for number, (hour, kind) in enumerate(script.uploads):
            content = f"1\nrow {number}\n" if kind == "good" else "bad\n1\n"
            self._at(hour * HOUR, partial(self._drop, f"{number}.csv", content))
        for hour, alarm in script.flaps:
            for minute in sorted(self.random.sample(range(60), 20)):
                self._at(hour * HOUR + timedelta(minutes=minute), partial(self._toggle, alarm))
        self._at(SWEEP, self._sweep)
        account.fault = self.refusals if self.disturbed else no_fault
        with on(self.world):
            while self._due and self._due[0][0] < START + timedelta(days=self.days):
                at, _, deed = heapq.heappop(self._due)
                account.now = max(account.now, at)
                deed()
                self._notice()
                self._claim_bounded()
            account.fault = no_fault
            come_to_rest(self.world)
        return self

    def _claim_bounded(self) -> None:
        """Fail at once where decisions follow each other without end; all else is claimed when the month is over."""
        hours = (self.world.account.now - START) / HOUR
        if len(self.world.account.tables.items) > MOST_AT_FIRST + MOST_AN_HOUR * hours:
            self.world.account.fault = no_fault
            decisions = self.world.services.pipelines.ledger.decisions(PIPELINE)
            last = [(one.area, one.state, one.reason) for one in decisions[-5:]]
            raise AssertionError(f"{len(decisions)} decisions within {hours:.0f} hours, the last ones {last}")

    def out(self, at: datetime) -> bool:
        """Say whether nobody looks at a time."""
        return self._hour(at) in {hour for outage in self.script.outages for hour in outage}

    def _hour(self, at: datetime) -> int:
        return (at - START) // HOUR

    def _at(self, since: timedelta, deed: Callable[[], None]) -> None:
        heapq.heappush(self._due, (START + since, next(self._numbers), deed))

    def _in(self, seconds: float, deed: Callable[[], None]) -> None:
        self._at(self.world.account.now - START + timedelta(seconds=seconds), deed)

    def _sweep(self) -> None:
        """Look every five minutes: where something may be due, or by chance."""
        self._in(SWEEP.total_seconds(), self._sweep)
        due = 10 <= self.world.account.now.minute < 20  # the last slot's captured requests lie in S3
        if self._stale or due or self.random.random() < _IDLE:
            self._look("sweep", TRIES)

    def _look(self, cause: str, tries: tuple[int, ...]) -> None:
        """Look, as a function of Lambda's does: where that raises, once more in a while."""
        if self.out(self.world.account.now):
            return
        self.looks += 1
        if self.looks % 300 == 0:
            self.world.start()  # functions do not live for ever
        try:
            self.world.look(cause)
        except CallError:
            self._stale = True
            if tries:
                self._in(tries[0], partial(self._look, cause, tries[1:]))
        else:
            self._stale = bool(self.world.account.machines.running() or self._changing)

    def _notice(self) -> None:
        """Let the world go on from what was done: jobs end, endpoints change, alarms and events come."""
        account, live = self.world.account, self.world.live
        for name in account.machines.running():
            if name not in self._ending:
                self._ending.add(name)
                lasts = Random(f"{self.seed} {name}").randrange(120, 1500)  # noqa: S311 - a seed
                self._in(lasts, partial(self._end, name))
        if self._changing is None and any("Wanted" in one for one in account.machines.endpoints.values()):
            self._changing = account.now
            self._in(400, self._settle)
        if not self.answered or self.answered[-1][1] != live:
            self.answered.append((account.now, live))
        self._follow()
        while account.events:
            account.events.pop()
            if self.random.random() >= _LOST:
                self._in(self.random.choice((1, 1, 30)), partial(self._look, "event", TRIES))

    def _end(self, name: str) -> None:
        """End a job: well, for a reason that passes, or in bad days for one that does not."""
        dice = Random(f"{self.seed} end of {name}").random()  # noqa: S311 - a seed
        self._stale = True
        failing = any(self._hour(self.world.account.now) in hours for hours in self.script.failing)
        if failing and "-train-" in name:
            finish(self.world.account, name, "Failed", FailureReason="AlgorithmError: exit code 1")
        elif dice < 0.05 and not name.endswith("-3"):  # the last attempt
            finish(self.world.account, name, "Failed", FailureReason=PASSING)
        else:
            finish(self.world.account, name)

    def _settle(self) -> None:
        assert self._changing is not None
        self.world.account.machines.settle()
        self.changes.append((self._changing, self.world.account.now))
        self._changing, self._stale = None, True

    def _drop(self, name: str, content: str) -> None:
        self.world.drop(name, content)

    def _capture(self) -> None:
        """Store what was asked in the last half an hour."""
        now = self.world.account.now
        folder = STAGE.bucket.captured(STAGE.names.endpoint(PIPELINE), VARIANT)
        content = b"moved" if self._moved(now) else b"the same"
        self.world.account.objects.put(f"{folder}{places.hour_folder(now)}requests.jsonl", content)

    def _moved(self, now: datetime) -> bool:
        hour = self._hour(now)
        if any(hour in hours for hours in self.script.stubborn):
            return True
        since = next((hours.start for hours in self.script.fits if hour in hours), None)
        return since is not None and self.answered[-1][0] < START + since * HOUR

    def _label(self) -> None:
        """Label as much as a run asks for."""
        now = self.world.account.now
        folder = f"{STAGE.bucket.ground_truth(PIPELINE)}{places.hour_folder(now)}"
        for number in range(SPEC.retrain.least_labels):
            self.world.account.objects.put(f"{folder}{number}.jsonl", b"label")
        self._stale = True

    def _follow(self) -> None:
        """Let the alarm follow the figure, as CloudWatch does."""
        new = self.world.account.watch.figures[self._followed :]
        self._followed += len(new)
        for value in (one["Value"] for one in new if one["MetricName"] == WATCHED["drift"]):
            self.world.account.watch.set_alarm(STAGE.names.alarm(PIPELINE, "drift"), "ALARM" if value else "OK")

    def _toggle(self, kind: AlarmKind) -> None:
        """Let an alarm flap."""
        name = STAGE.names.alarm(PIPELINE, kind)
        ringing = self.world.account.watch.alarms.get(name, {}).get("StateValue") == "ALARM"
        self.world.account.watch.set_alarm(name, "OK" if ringing else "ALARM")
        self._stale = True
