"""What follows from a change of an alarm: its history, its event and its actions, in one transaction with the change.

An action that cannot be done is noted in the history and stops nothing, as on AWS. A function gets the message for
functions, any other target the one for topics.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from localcloud.cloudwatch import messages
from localcloud.cloudwatch.alarm import Alarm, State
from localcloud.cloudwatch.alarm_store import AlarmStore
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.s3_events import Publish
from localcloud.targets import Targets

log = logging.getLogger(__name__)

_SOURCE = "aws.cloudwatch"


class Transitions:
    """Makes changes of alarms; safe to use from several threads."""

    def __init__(
        self,
        store: AlarmStore,
        database: Database,
        *,
        publish: Publish,
        targets: Targets,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._database = database
        self._publish = publish
        self._targets = targets
        self._now = now

    def configure(self, alarm: Alarm, before: Alarm | None = None) -> None:
        """Store a new alarm, or an alarm with another configuration."""
        with self._database.transaction():
            self._store.put(alarm)
            self._configured("update" if before else "create", alarm, before)

    def delete(self, alarm: Alarm) -> None:
        """Forget an alarm."""
        with self._database.transaction():
            self._store.delete(alarm)
            self._configured("delete", alarm, None)

    def change(self, alarm: Alarm, value: str, reason: str, data: str | None) -> None:
        """Give an alarm another state; nothing if it is not as it was, or already has that state's value."""
        with self._database.transaction():
            if self._store.find(*alarm.key) is not alarm or alarm.state.value == value:
                return
            now, before = self._now(), alarm.state
            alarm = replace(alarm, state=State(value, reason, now, now, data))
            self._store.put(alarm)
            history = {"version": "1.0", "oldState": _history(before), "newState": _history(alarm.state)}
            summary = f"Alarm updated from {before.value} to {value}"
            self._store.note(alarm, "StateUpdate", summary, history, now)
            self._tell("CloudWatch Alarm State Change", alarm, messages.state_change(alarm, before))
            for arn in alarm.actions(value):
                self._act(arn, alarm, before, now)
        log.info("alarm_changed name=%s region=%s from=%s to=%s", alarm.name, alarm.region, before.value, value)

    def _configured(self, operation: str, alarm: Alarm, before: Alarm | None) -> None:
        change = messages.configuration_change(operation, alarm, before)
        summary = f'Alarm "{alarm.name}" {operation}d'
        kind = operation.capitalize()
        self._store.note(alarm, "ConfigurationUpdate", summary, {"version": "1.0", "type": kind}, self._now())
        self._tell("CloudWatch Alarm Configuration Change", alarm, change)

    def _tell(self, detail_type: str, alarm: Alarm, detail: messages.Json) -> None:
        self._publish(
            source=_SOURCE, detail_type=detail_type, resources=[alarm.arn], detail=detail, region=alarm.region
        )

    def _act(self, arn: str, alarm: Alarm, before: State, now: datetime) -> None:
        to_function = arn.startswith("arn:aws:lambda:")
        message = (messages.for_lambda if to_function else messages.for_sns)(alarm, before)
        outcome = {"actionState": "Succeeded", "stateUpdateTimestamp": int(now.timestamp() * 1000)}
        summary = f"Successfully executed action {arn}"
        try:
            with self._database.transaction():
                self._targets.send(arn, messages.encoded(message))
        except AwsError as error:
            outcome |= {"actionState": "Failed", "error": error.message}
            summary = f"Failed to execute action {arn}. Received error: {json.dumps(error.message)}"
            log.info("alarm_action_failed name=%s arn=%s code=%s", alarm.name, arn, error.code)
        self._store.note(alarm, "Action", summary, {**outcome, "notificationResource": arn}, now)


def _history(state: State) -> dict[str, Any]:
    data = {"stateReasonData": _parsed(state.data)} if state.data else {}
    return {"stateValue": state.value, "stateReason": state.reason, **data}


def _parsed(data: str) -> object:
    try:
        return json.loads(data)
    except ValueError:  # SetAlarmState takes any text
        return data
