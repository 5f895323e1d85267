"""The local CloudWatch put together: metrics, alarms on them, and metrics from log lines."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from localcloud.clock import Clock
from localcloud.cloudwatch.alarm_operations import AlarmOperations
from localcloud.cloudwatch.alarm_store import AlarmStore
from localcloud.cloudwatch.api import CloudWatchApi
from localcloud.cloudwatch.data import Datum, Metric, Sample, is_timely
from localcloud.cloudwatch.emf import read_line
from localcloud.cloudwatch.evaluator import Evaluator
from localcloud.cloudwatch.metric_operations import MetricOperations
from localcloud.cloudwatch.metrics import Metrics
from localcloud.cloudwatch.transitions import Transitions
from localcloud.database import Database
from localcloud.s3_events import Publish
from localcloud.settings import Settings
from localcloud.targets import Targets

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class CloudWatch:
    """A WSGI application, and what other parts of the cloud use of it in process."""

    def __init__(
        self, settings: Settings, *, database: Database, clock: Clock, publish: Publish, targets: Targets
    ) -> None:
        self._region = settings.region
        self._now: Callable[[], datetime] = clock.now
        self._metrics = Metrics(database, clock.now)
        store = AlarmStore(database)
        transitions = Transitions(store, database, publish=publish, targets=targets, now=clock.now)
        self._evaluator = Evaluator(store, self._metrics, transitions, clock, first=settings.delays.alarm_evaluation)
        alarms = AlarmOperations(store, self._metrics, transitions, self._evaluator, database=database, now=clock.now)
        self._api = CloudWatchApi({**MetricOperations(self._metrics, clock.now).table(), **alarms.table()})

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises AwsError."""
        return self._api(environ, start_response)

    def start(self) -> None:
        """Evaluate the alarms, also those of an earlier run."""
        self._evaluator.start()

    def stop(self) -> None:
        """Evaluate no alarm any more."""
        self._evaluator.stop()

    def record(  # noqa: PLR0917  in the order of a datum
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str = "None",
        time: datetime | None = None,
        *,
        region: str | None = None,
    ) -> None:
        """Add one value of a service's own metric, in the transaction around where there is one.

        ``region`` is the application's, ``time`` now where they are not given.
        """
        metric = Metric(region or self._region, namespace, name, tuple(sorted(dimensions.items())))
        moment = (time or self._now()).timestamp()
        self._metrics.record([Datum(metric, moment, (Sample.of(value),), unit)])

    def ingest(self, line: str) -> int:
        """Take the metrics of one log line, where it is in Embedded Metric Format; how many data it gave."""
        now = self._now()
        read = read_line(line, self._region)
        data = [datum for datum in read if is_timely(datetime.fromtimestamp(datum.time, UTC), now)]
        if data:
            self._metrics.record(data)
        return len(data)
