"""EventBridge: rules, patterns, schedules and deliveries."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.account import Account, refused
from tests.contract.clouds import LocalCloud
from tests.contract.queues import Queue, listen, make_queue, settle

LAST = "the last"


def send(aws: Account, source: str, **detail: Any) -> str:
    entry = {"Source": source, "DetailType": "Thing", "Detail": json.dumps(detail)}
    (sent,) = aws.client("events").put_events(Entries=[entry])["Entries"]
    return str(sent["EventId"])


def matched(queue: Queue, source: str) -> list[Any]:
    """Send a last event that matches any pattern of these tests; the details that came before it."""
    send(queue.aws, source, n=LAST, kind="b")
    events = queue.until(lambda event: event["detail"]["n"] == LAST)
    return [event["detail"]["n"] for event in events if event["detail"]["n"] != LAST]


def test_an_event_has_its_envelope(aws: Account) -> None:
    """What PutEvents takes is delivered with version, id, source, detail-type, account, time, region, resources.

    Source: EventBridge User Guide, "Event structure reference".
    """
    source = aws.name("source")
    queue = listen(aws, {"source": [source]})
    number = send(aws, source, a=1)
    (event,) = queue.documents()
    assert {key: event[key] for key in ("version", "id", "source", "detail-type", "account", "region", "detail")} == {
        "version": "0",
        "id": number,
        "source": source,
        "detail-type": "Thing",
        "account": aws.account_id,
        "region": aws.region,
        "detail": {"a": 1},
    }
    assert datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert event["resources"] == []


@pytest.mark.parametrize(
    ("alternative", "yes", "no"),
    [
        ("b", "b", "B"),
        ({"prefix": "up/"}, "up/x", "x/up/"),
        ({"suffix": ".csv"}, "a.csv", "a.csv.gz"),
        ({"equals-ignore-case": "alice"}, "ALICE", "bob"),
        ({"wildcard": "a*z"}, "abcz", "abc"),
        ({"anything-but": ["a"]}, "b", "a"),
        ({"anything-but": {"prefix": "a"}}, "ba", "ab"),
        ({"numeric": [">", 1, "<=", 5]}, 5, 1),
        ({"cidr": "10.0.0.0/24"}, "10.0.0.255", "10.0.1.0"),
        ({"exists": True}, "x", None),
    ],
)
def test_patterns(aws: Account, alternative: Any, yes: Any, no: Any) -> None:
    """A pattern matches by value, prefix, suffix, case, wildcard, anything-but, number, network and existence.

    Source: EventBridge User Guide, "Comparison operators for use in event patterns".
    """
    event: dict[str, Any] = {"id": "1", "account": aws.account_id, "source": "s", "time": "2026-01-01T00:00:00Z"}
    event |= {"region": aws.region, "resources": [], "detail-type": "t"}

    def matches(value: Any) -> bool:
        detail = {} if value is None else {"field": value}
        return bool(
            aws.client("events").test_event_pattern(
                EventPattern=json.dumps({"detail": {"field": [alternative]}}),
                Event=json.dumps({**event, "detail": detail}),
            )["Result"]
        )

    assert (matches(yes), matches(no)) == (True, False)


def test_one_of_two_fields(aws: Account) -> None:
    """With $or an event matches by either field.

    Source: EventBridge User Guide, "Comparison operators", Or matching.
    """
    source = aws.name("source")
    queue = listen(aws, {"source": [source], "detail": {"$or": [{"kind": ["b"]}, {"size": [{"numeric": [">", 9]}]}]}})
    details: list[dict[str, Any]] = [{"kind": "a"}, {"size": 10}, {"kind": "b"}, {"size": 9}]
    for number, more in enumerate(details):
        send(aws, source, n=number, **more)
    assert sorted(matched(queue, source)) == [1, 2]


def test_a_disabled_rule_is_silent(aws: Account) -> None:
    """A disabled rule delivers nothing, and an enabled one does again.

    Source: API Reference, DisableRule and EnableRule.
    """
    events, source = aws.client("events"), aws.name("source")
    queue = listen(aws, {"source": [source]})
    (rule,) = events.list_rule_names_by_target(TargetArn=queue.arn)["RuleNames"]
    events.disable_rule(Name=rule)
    assert events.describe_rule(Name=rule)["State"] == "DISABLED"
    settle(aws)
    send(aws, source, n=1)
    events.enable_rule(Name=rule)
    settle(aws)
    assert matched(queue, source) == []


def test_an_input_path_takes_a_part(aws: Account) -> None:
    """A target with InputPath gets that part of the event alone.

    Source: EventBridge User Guide, "Amazon EventBridge input transformation"; API Reference, Target.
    """
    source = aws.name("source")
    queue = listen(aws, {"source": [source]}, InputPath="$.detail")
    send(aws, source, a=1)
    assert queue.documents() == [{"a": 1}]


def test_entries_are_taken_one_by_one(aws: Account) -> None:
    """PutEvents refuses a bad entry by its code and takes the others.

    Source: API Reference, PutEventsResultEntry.
    """
    good = {"Source": aws.name("source"), "DetailType": "t", "Detail": "{}"}
    entries = [good, {**good, "Detail": "{"}, {**good, "Source": "aws.s3"}]
    answer = aws.client("events").put_events(Entries=entries)
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert (answer["FailedEntryCount"], codes) == (2, [None, "MalformedDetail", "NotAuthorizedForSourceException"])


def test_eleven_entries_are_too_many(aws: Account) -> None:
    """PutEvents takes at most ten entries.

    Source: botocore's model, PutEventsRequestEntryList.
    """
    entry = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    assert refused(aws.client("events").put_events, Entries=[entry] * 11)[0] == "ValidationException"


def test_a_pattern_must_be_one(aws: Account) -> None:
    """A pattern whose values are no lists is an InvalidEventPatternException.

    Source: API Reference, PutRule, Errors; Event Ruler: the reason.
    """
    code, message = refused(aws.client("events").put_rule, Name=aws.name("rule"), EventPattern='{"source": "mine"}')
    assert code == "InvalidEventPatternException"
    assert message.startswith("Event pattern is not valid. Reason:")


@pytest.mark.parametrize("expression", ["rate(1 minutes)", "rate(0 minutes)", "cron(0 10 * * * *)", "cron(0 10 * * ?)"])
def test_a_schedule_must_be_one(aws: Account, expression: str) -> None:
    """A rate agrees with its unit; a cron has six fields, one of its two days is ?.

    Source: EventBridge User Guide, "Creating a rule that runs on a schedule"; users: the text.
    """
    told = refused(aws.client("events").put_rule, Name=aws.name("rule"), ScheduleExpression=expression)
    assert told == ("ValidationException", "Parameter ScheduleExpression is not valid.")


def test_a_rule_with_targets_stays(aws: Account) -> None:
    """A rule is deleted only after its targets were removed.

    Source: API Reference, DeleteRule; users: the text.
    """
    events = aws.client("events")
    queue = make_queue(aws)
    name = aws.name("rule")
    events.put_rule(Name=name, EventPattern='{"source": ["s"]}')
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue.arn}])
    assert refused(events.delete_rule, Name=name) == (
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )
    events.remove_targets(Rule=name, Ids=["1"])
    events.delete_rule(Name=name)
    assert refused(events.describe_rule, Name=name)[0] == "ResourceNotFoundException"


def test_a_rule_has_five_targets(aws: Account) -> None:
    """A sixth target is a LimitExceededException.

    Source: EventBridge User Guide, "Amazon EventBridge quotas".
    """
    events, name = aws.client("events"), aws.name("rule")
    queue = make_queue(aws)
    events.put_rule(Name=name, EventPattern='{"source": ["s"]}')
    targets = [{"Id": str(number), "Arn": queue.arn} for number in range(6)]
    assert refused(events.put_targets, Rule=name, Targets=targets)[0] == "LimitExceededException"


def test_rules_come_in_pages(aws: Account) -> None:
    """ListRules finds by prefix and comes in pages.

    Source: API Reference, ListRules.
    """
    events, prefix = aws.client("events"), aws.name("paged")
    for number in range(3):
        events.put_rule(Name=f"{prefix}-{number}", EventPattern='{"source": ["s"]}', State="DISABLED")
    page = events.list_rules(NamePrefix=prefix, Limit=2)
    rest = events.list_rules(NamePrefix=prefix, Limit=2, NextToken=page["NextToken"])
    names = [rule["Name"] for rule in [*page["Rules"], *rest["Rules"]]]
    assert names == [f"{prefix}-{number}" for number in range(3)]
    assert "NextToken" not in rest


def test_what_a_target_cannot_take_is_a_dead_letter(aws: Account) -> None:
    """An event for a target that does not exist goes to the target's dead-letter queue at once, with the reason.

    Source: EventBridge User Guide, "Using dead-letter queues to process undelivered events".
    """
    events, source, name = aws.client("events"), aws.name("source"), aws.name("rule")
    dead, gone = make_queue(aws), make_queue(aws)
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [source]}))["RuleArn"]
    target = {"Id": "1", "Arn": gone.arn, "DeadLetterConfig": {"Arn": dead.arn}}
    events.put_targets(Rule=name, Targets=[target])
    aws.client("sqs").delete_queue(QueueUrl=gone.url)
    number = send(aws, source)
    (letter,) = dead.receive()
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert json.loads(letter["Body"])["id"] == number
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"]) == (rule, gone.arn)
    assert attributes["ERROR_CODE"] == "NO_RESOURCE"


@pytest.mark.local_only
def test_a_schedule_fires_by_the_minute(later: Account, virtual: LocalCloud) -> None:
    """A schedule sends a "Scheduled Event" of aws.events to its rule's targets, once for each slot.

    Source: EventBridge User Guide, "Creating a rule that runs on a schedule", the sample event.
    """
    events, name = later.client("events"), later.name("rule")
    queue = make_queue(later)
    arn = events.put_rule(Name=name, ScheduleExpression="cron(0/30 * * * ? *)")["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue.arn}])
    virtual.advance(3 * 3600)
    fired = queue.documents(6)
    assert len({event["time"] for event in fired}) == 6
    assert all(event["time"][14:] in {"00:00Z", "30:00Z"} for event in fired)
    assert {(event["source"], event["detail-type"], *event["resources"]) for event in fired} == {
        ("aws.events", "Scheduled Event", arn)
    }


@pytest.mark.local_only
def test_a_rate_counts_from_its_creation(later: Account, virtual: LocalCloud) -> None:
    """A rate fires first one period after its rule was made.

    Source: EventBridge User Guide, "Rate expressions".
    """
    events, name = later.client("events"), later.name("rule")
    queue = make_queue(later)
    made = datetime.fromisoformat(virtual.page("clock")["now"])
    events.put_rule(Name=name, ScheduleExpression="rate(2 hours)")
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue.arn}])
    virtual.advance(2 * 3600 + 60)
    (event,) = queue.documents()
    due = made.replace(tzinfo=UTC) if made.tzinfo is None else made
    assert abs(datetime.fromisoformat(event["time"]) - due - timedelta(hours=2)) < timedelta(minutes=1)


@pytest.mark.local_only
def test_a_function_gets_the_event(aws: Account, function: Callable[[str], str]) -> None:
    """A function that is a rule's target is called with the whole event.

    Source: EventBridge User Guide, "Amazon EventBridge targets"; local only: AWS asks for a permission first.
    """
    events, lambdas, name, source = aws.client("events"), aws.client("lambda"), aws.name("rule"), aws.name("source")
    done = make_queue(aws)
    lambdas.put_function_event_invoke_config(
        FunctionName=function("echo"), DestinationConfig={"OnSuccess": {"Destination": done.arn}}
    )
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [source]}))
    target = aws.arn("lambda", f"function:{function('echo')}")
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target}])
    number = send(aws, source, a=1)
    (record,) = done.documents()
    assert (record["requestPayload"]["id"], record["requestPayload"]["detail"]) == (number, {"a": 1})
