"""When alarms are evaluated: soon after they are put, and then every minute, those of high resolution every 10 seconds.

Each minute is one timer for all alarms together, and none where there are no alarms. The data points of an alarm are
those of the periods before the minute, whole ones, wherever its own minutes lie in the hour: the window slides (Source:
CloudWatch User Guide, "Alarm evaluation"). An evaluation that changes nothing writes nothing, and one whose metrics
have nothing newer than its window reads nothing.
"""

import threading
from datetime import UTC, datetime

from localcloud.clock import Clock, Timer
from localcloud.cloudwatch.alarm import Alarm
from localcloud.cloudwatch.alarm_store import AlarmStore, Key
from localcloud.cloudwatch.evaluation import decide
from localcloud.cloudwatch.metrics import Metrics
from localcloud.cloudwatch.reasons import reason, reason_data
from localcloud.cloudwatch.transitions import Transitions


class Evaluator:
    """Evaluates the alarms of a store; safe to use from several threads."""

    def __init__(
        self, store: AlarmStore, metrics: Metrics, transitions: Transitions, clock: Clock, *, first: float
    ) -> None:
        """``first``: seconds from an alarm put to its first evaluation."""
        self._store = store
        self._metrics = metrics
        self._transitions = transitions
        self._clock = clock
        self._first = first
        self._lock = threading.Lock()
        self._timer: Timer | None = None
        self._stopped = False

    def start(self) -> None:
        """Evaluate from now on."""
        self._arm(after=0)

    def stop(self) -> None:
        """Evaluate nothing more."""
        with self._lock:
            self._stopped = True
            if self._timer is not None:
                self._clock.cancel(self._timer)

    def put(self, alarm: Alarm) -> None:
        """Take notice of an alarm that was created or changed."""
        self._clock.after(self._first, lambda: self._evaluate_key(alarm.key))
        self._arm(after=0)

    def evaluate(self, alarm: Alarm, moment: int) -> None:
        """Evaluate an alarm as of a moment, in seconds since 1970."""
        end = moment - moment % alarm.step
        start = end - alarm.rule.range * alarm.period
        (series,) = alarm.queries.evaluate(self._metrics, start, end)[alarm.watched]
        points = [(time, series.points.get(time)) for time in range(start, end, alarm.period)]
        verdict = decide(points, alarm.rule)
        if verdict is None or verdict.state == alarm.state.value:
            return
        reading = alarm.reading
        data = reason_data(
            verdict,
            alarm.rule,
            stat=reading.stat.name if reading else None,
            unit=reading.unit if reading else None,
            period=alarm.period,
            now=self._clock.now(),
        )
        self._transitions.change(alarm, verdict.state, reason(verdict, alarm.rule), data)

    def _evaluate_key(self, key: Key) -> None:
        alarm = self._store.find(*key)
        if alarm is not None and not self._stopped:
            self.evaluate(alarm, int(self._clock.now().timestamp()))

    def _tick(self, moment: int) -> None:
        self._arm(after=moment)
        for alarm in self._store.all():
            if moment % alarm.step == 0:
                self.evaluate(alarm, moment)

    def _arm(self, after: int) -> None:
        """Set the timer for the next moment at which an alarm is due, later than ``after``."""
        with self._lock:
            if self._timer is not None:
                self._clock.cancel(self._timer)
                self._timer = None
            step = min((alarm.step for alarm in self._store.all()), default=0)
            if not step or self._stopped:
                return
            latest = max(after, int(self._clock.now().timestamp()))
            moment = latest - latest % step + step
            self._timer = self._clock.at(datetime.fromtimestamp(moment, UTC), lambda: self._tick(moment))
