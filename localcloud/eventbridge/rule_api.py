"""The API of rules, buses and tags.

Sources: botocore's model and the API Reference; texts as users reported them. Ours: putting a rule again with the
same schedule does not begin its rate anew; DeleteRule of no rule succeeds; custom buses do not exist.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.emulated import refusal
from localcloud.errors import AwsError
from localcloud.eventbridge.firing import Firing
from localcloud.eventbridge.requests import DEFAULT_BUS, Data, bus_arn, check_bus, no_rule, page, rule_of
from localcloud.eventbridge.rules import DISABLED, ENABLED, Rule, Rules, compiled
from localcloud.eventbridge.schedules import parse_schedule

_MOST_RULES, _MOST_TAGS = 300, 50
_EVENT = frozenset({"id", "account", "source", "time", "region", "resources", "detail-type"})


class RuleApi:
    """The operations on rules."""

    def __init__(self, database: Database, rules: Rules, firing: Firing, clock: Clock) -> None:
        self._database = database
        self._rules = rules
        self._firing = firing
        self._clock = clock
        self.operations = {
            "PutRule": self._put_rule,
            "DeleteRule": self._delete_rule,
            "DescribeRule": self._describe_rule,
            "ListRules": self._list_rules,
            "EnableRule": lambda request, region: self._switch(request, region, ENABLED),
            "DisableRule": lambda request, region: self._switch(request, region, DISABLED),
            "TestEventPattern": _test_event_pattern,
            "DescribeEventBus": _describe_event_bus,
            "ListEventBuses": _list_event_buses,
            "TagResource": self._tag_resource,
            "UntagResource": self._untag_resource,
            "ListTagsForResource": self._list_tags_for_resource,
        }

    def _put_rule(self, request: Data, region: str) -> Data:
        check_bus(request, region)
        pattern, schedule = request.get("EventPattern") or None, request.get("ScheduleExpression") or None
        _check(request, pattern, schedule)
        with self._database.transaction():
            now, old = self._clock.now(), self._rules.get(region, request["Name"])
            if old is None and len(self._rules.all(region)) >= _MOST_RULES:
                raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
            rule = replace(
                old or Rule(region, request["Name"], now, tags=_tags({}, request.get("Tags", ()))),
                pattern=pattern,
                schedule=schedule,
                state=request.get("State", ENABLED),
                description=request.get("Description"),
                role=request.get("RoleArn"),
            )
            same = old is not None and (old.schedule, old.state) == (rule.schedule, rule.state)
            self._put(rule if same else rule.counted_from(now))
        return {"RuleArn": rule.arn}

    def _delete_rule(self, request: Data, region: str) -> None:
        check_bus(request, region)
        with self._database.transaction():
            rule = self._rules.get(region, request["Name"])
            if rule is None:
                return
            if self._rules.targets(rule):
                raise AwsError("ValidationException", "Rule can't be deleted since it has targets.")
            self._rules.delete(rule)
            self._firing.changed(region, rule.name)

    def _describe_rule(self, request: Data, region: str) -> Data:
        rule = rule_of(self._rules, request, region)
        return {**_described(rule), "CreatedBy": rule.arn.split(":")[4]}

    def _list_rules(self, request: Data, region: str) -> Data:
        check_bus(request, region)
        rules = [rule for rule in self._rules.all(region) if rule.name.startswith(request.get("NamePrefix", ""))]
        return page(request, "Rules", [(rule.name, _described(rule)) for rule in rules])

    def _switch(self, request: Data, region: str, state: str) -> None:
        with self._database.transaction():
            rule = rule_of(self._rules, request, region)
            if rule.state != state:
                self._put(replace(rule, state=state).counted_from(self._clock.now()))

    def _tag_resource(self, request: Data, region: str) -> None:
        with self._database.transaction():
            rule = self._by_arn(request["ResourceARN"], region)
            self._rules.put(replace(rule, tags=_tags(rule.tags, request["Tags"])))

    def _untag_resource(self, request: Data, region: str) -> None:
        with self._database.transaction():
            rule = self._by_arn(request["ResourceARN"], region)
            left = {key: value for key, value in rule.tags.items() if key not in request["TagKeys"]}
            self._rules.put(replace(rule, tags=left))

    def _list_tags_for_resource(self, request: Data, region: str) -> Data:
        tags = self._by_arn(request["ResourceARN"], region).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _put(self, rule: Rule) -> None:
        self._rules.put(rule)
        self._firing.changed(rule.region, rule.name)

    def _by_arn(self, arn: str, region: str) -> Rule:
        name = arn.rpartition("/")[2]
        rule = self._rules.get(region, name)
        if rule is None or rule.arn != arn:
            raise no_rule(name)
        return rule


def _check(request: Data, pattern: str | None, schedule: str | None) -> None:
    if pattern is None and schedule is None:
        message = "Parameter(s) EventPattern or ScheduleExpression must be specified."
        raise AwsError("ValidationException", message)
    if request.get("State", ENABLED) not in {ENABLED, DISABLED}:
        raise refusal(f"State={request['State']}")
    if pattern is not None:
        compiled(pattern)
    if schedule is not None:
        parse_schedule(schedule)


def _tags(before: Mapping[str, str], added: Any) -> Mapping[str, str]:  # noqa: ANN401  JSON
    tags = {**before, **{tag["Key"]: tag["Value"] for tag in added}}
    if len(tags) > _MOST_TAGS:
        raise AwsError("ValidationException", f"a rule has at most {_MOST_TAGS} tags")
    return tags


def _described(rule: Rule) -> Data:
    return {
        "Name": rule.name,
        "Arn": rule.arn,
        "EventPattern": rule.pattern,
        "ScheduleExpression": rule.schedule,
        "State": rule.state,
        "Description": rule.description,
        "RoleArn": rule.role,
        "EventBusName": DEFAULT_BUS,
    }


def _test_event_pattern(request: Data, region: str) -> Data:
    del region
    matches = compiled(request["EventPattern"])
    try:
        event = json.loads(request["Event"])
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict) or not event.keys() >= _EVENT:
        needed = ", ".join(sorted(_EVENT))
        raise AwsError("ValidationException", f"Parameter Event is not valid. Reason: it needs {needed}")
    return {"Result": matches(event)}


def _describe_event_bus(request: Data, region: str) -> Data:
    check_bus(request, region, "Name")
    return {"Name": DEFAULT_BUS, "Arn": bus_arn(region)}


def _list_event_buses(request: Data, region: str) -> Data:
    found = DEFAULT_BUS.startswith(request.get("NamePrefix", ""))
    return page(request, "EventBuses", [(DEFAULT_BUS, _describe_event_bus({}, region))] if found else [])
