"""The operations on alarms: from a request that was checked by its model to an answer.

Rules: CloudWatch API Reference. Composite alarms, alarms on logs, on anomalies and on PromQL are not emulated.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from localcloud.cloudwatch.alarm import Alarm, State, arn_of, read_alarm
from localcloud.cloudwatch.alarm_store import AlarmStore
from localcloud.cloudwatch.data import dimensions_of
from localcloud.cloudwatch.evaluator import Evaluator
from localcloud.cloudwatch.metrics import Metrics
from localcloud.cloudwatch.paging import page
from localcloud.cloudwatch.transitions import Transitions
from localcloud.database import Database
from localcloud.emulated import only
from localcloud.errors import AwsError
from localcloud.json_api import Data, Operation

_PAGE = 100
_DESCRIBE = "AlarmNames AlarmNamePrefix AlarmTypes StateValue ActionPrefix MaxRecords NextToken"
_HISTORY = "AlarmName AlarmTypes HistoryItemType StartDate EndDate MaxRecords NextToken ScanBy"
_KIND = "MetricAlarm"
_MOST_REASON_DATA = 4000


class AlarmOperations:
    """PutMetricAlarm and the others, on one store."""

    def __init__(
        self,
        store: AlarmStore,
        metrics: Metrics,
        transitions: Transitions,
        evaluator: Evaluator,
        *,
        database: Database,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._transitions = transitions
        self._evaluator = evaluator
        self._database = database
        self._now = now

    def table(self) -> Mapping[str, Operation]:
        """Give the operations by their names."""
        return {
            "PutMetricAlarm": self.put,
            "DescribeAlarms": self.describe,
            "DescribeAlarmsForMetric": self.describe_for_metric,
            "DescribeAlarmHistory": self.history,
            "DeleteAlarms": self.delete,
            "SetAlarmState": self.set_state,
            "EnableAlarmActions": lambda request, region: self._switch(request, region, enabled=True),
            "DisableAlarmActions": lambda request, region: self._switch(request, region, enabled=False),
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.tags,
        }

    def put(self, request: Data, region: str) -> None:
        """PutMetricAlarm: an update keeps the state and the tags."""
        with self._database.transaction():
            before = self._store.find(region, request["AlarmName"])
            alarm = read_alarm(request, region, self._now(), before.state if before else None)
            self._check(alarm)
            self._transitions.configure(alarm, before)
            if before is None:
                self._store.tag(alarm.arn, {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())})
            self._database.after_commit(lambda: self._evaluator.put(alarm))

    def describe(self, request: Data, region: str) -> Data:
        """DescribeAlarms."""
        only(request, _DESCRIBE)
        if "AlarmNames" in request and "AlarmNamePrefix" in request:
            raise AwsError("ValidationError", "AlarmNames and AlarmNamePrefix cannot be specified together.")
        names, state = request.get("AlarmNames"), request.get("StateValue")
        found = [
            alarm.described()
            for alarm in self._store.of_region(region)
            if (names is None or alarm.name in names)
            and alarm.name.startswith(request.get("AlarmNamePrefix", ""))
            and state in {None, alarm.state.value}
            and _has_action(alarm, request.get("ActionPrefix"))
            and _KIND in request.get("AlarmTypes", (_KIND,))
        ]
        alarms, token = page(found, request.get("NextToken"), request.get("MaxRecords", _PAGE))
        return {"MetricAlarms": alarms, "CompositeAlarms": [], "LogAlarms": [], "NextToken": token}

    def describe_for_metric(self, request: Data, region: str) -> Data:
        """DescribeAlarmsForMetric; alarms on expressions are not found, as on AWS."""
        dimensions = dimensions_of(request.get("Dimensions", ()))
        same = ("Namespace", "MetricName")
        if_given = ("Statistic", "ExtendedStatistic", "Period", "Unit")
        return {
            "MetricAlarms": [
                alarm.described()
                for alarm in self._store.of_region(region)
                if all(alarm.members.get(name) == request[name] for name in same)
                and all(alarm.members.get(name) == request[name] for name in if_given if name in request)
                and dimensions_of(alarm.members["Dimensions"]) == dimensions
            ]
        }

    def history(self, request: Data, region: str) -> Data:
        """DescribeAlarmHistory."""
        only(request, _HISTORY)
        start, end = request.get("StartDate"), request.get("EndDate")
        items = [
            {
                "AlarmName": item.name,
                "AlarmType": _KIND,
                "Timestamp": item.time,
                "HistoryItemType": item.kind,
                "HistorySummary": item.summary,
                "HistoryData": item.data,
            }
            for item in self._store.history(
                region,
                request.get("AlarmName"),
                request.get("HistoryItemType"),
                start.timestamp() if start else 0.0,
                (end or self._now()).timestamp(),
            )
            if _KIND in request.get("AlarmTypes", (_KIND,))
        ]
        if request.get("ScanBy") == "TimestampAscending":
            items.reverse()
        found, token = page(items, request.get("NextToken"), request.get("MaxRecords", _PAGE))
        return {"AlarmHistoryItems": found, "NextToken": token}

    def delete(self, request: Data, region: str) -> None:
        """DeleteAlarms: names that do not exist are an error, and the others are deleted all the same."""
        with self._database.transaction():
            names = dict.fromkeys(request["AlarmNames"])
            for alarm in [self._store.find(region, name) for name in names]:
                if alarm is not None:
                    self._transitions.delete(alarm)
                    del names[alarm.name]
        if names:
            raise _not_found(names)

    def set_state(self, request: Data, region: str) -> None:
        """SetAlarmState: until the next evaluation finds another state."""
        data = request.get("StateReasonData")
        if data is not None:
            try:
                json.loads(data)
            except ValueError as error:
                raise AwsError("InvalidFormat", "StateReasonData was not valid JSON") from error
        with self._database.transaction():
            (alarm,) = self._named([request["AlarmName"]], region)
            value, reason = request["StateValue"], request["StateReason"]
            if value == alarm.state.value:
                state = State(value, reason, self._now(), alarm.state.transitioned, data)
                self._store.put(replace(alarm, state=state))
            else:
                self._transitions.change(alarm, value, reason, data)

    def _switch(self, request: Data, region: str, *, enabled: bool) -> None:
        """EnableAlarmActions and DisableAlarmActions: names that do not exist are passed over, as on AWS."""
        with self._database.transaction():
            for name in dict.fromkeys(request["AlarmNames"]):
                before = self._store.find(region, name)
                if before is not None and before.members["ActionsEnabled"] != enabled:
                    members = {**before.members, "ActionsEnabled": enabled}
                    alarm = replace(before, members=members, configured=self._now())
                    self._transitions.configure(alarm, before)

    def tag(self, request: Data, region: str) -> None:
        """TagResource."""
        with self._database.transaction():
            tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
            self._store.tag(self._arn(request, region), tags)

    def untag(self, request: Data, region: str) -> None:
        """UntagResource."""
        with self._database.transaction():
            self._store.untag(self._arn(request, region), request["TagKeys"])

    def tags(self, request: Data, region: str) -> Data:
        """ListTagsForResource."""
        found = self._store.tags(self._arn(request, region))
        return {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]}

    def _arn(self, request: Data, region: str) -> str:
        arn: str = request["ResourceARN"]
        name = arn.partition(":alarm:")[2]
        if arn != arn_of(region, name) or self._store.find(region, name) is None:
            raise AwsError("ResourceNotFoundException", f"Unable to find resource {arn}", 404)
        return arn

    def _named(self, names: Iterable[str], region: str) -> list[Alarm]:
        found = {name: self._store.find(region, name) for name in names}
        if missing := [name for name, alarm in found.items() if alarm is None]:
            raise _not_found(missing)
        return [alarm for alarm in found.values() if alarm is not None]

    def _check(self, alarm: Alarm) -> None:
        """Refuse an expression that does not give one series; what kind it gives does not depend on the data."""
        series = alarm.queries.evaluate(self._metrics, 0, alarm.period)[alarm.watched]
        if len(series) != 1:
            raise AwsError("ValidationError", "An alarm must watch a single time series.")


def _not_found(names: Iterable[str]) -> AwsError:
    return AwsError("ResourceNotFound", f"Alarm(s) [{', '.join(names)}] not found", 404)


def _has_action(alarm: Alarm, prefix: str | None) -> bool:
    lists = ("OKActions", "AlarmActions", "InsufficientDataActions")
    return prefix is None or any(arn.startswith(prefix) for name in lists for arn in alarm.members[name])
