"""The API over the wire, as boto3 sees it. What answers here is what AWS answers, unless a test says "ours"."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.eventbridge.conftest import REGION

ACCOUNT = "123456789012"
MINE = json.dumps({"source": ["mine"]})
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
ENTRY = {"Source": "mine", "DetailType": "Thing", "Detail": "{}"}
NO_RULE = ("ResourceNotFoundException", "Rule none does not exist on EventBus default.")


@pytest.fixture
def events(cloud: Any) -> Any:
    return cloud.client("events", parameter_validation=False)


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**request)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


def target(number: int = 1, **more: Any) -> Mapping[str, Any]:
    return {"Id": f"t{number}", "Arn": QUEUE, **more}


def test_rule(events: Any) -> None:
    """A rule is described as it was put; putting it again changes it (API Reference, PutRule, DescribeRule)."""
    arn = events.put_rule(Name="r", EventPattern=MINE, Description="first", RoleArn="arn:aws:iam::1:role/a")["RuleArn"]
    assert arn == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/r"
    described = events.describe_rule(Name="r", EventBusName=f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default")
    del described["ResponseMetadata"]
    assert described == {
        "Name": "r",
        "Arn": arn,
        "EventPattern": MINE,
        "State": "ENABLED",
        "Description": "first",
        "RoleArn": "arn:aws:iam::1:role/a",
        "EventBusName": "default",
        "CreatedBy": ACCOUNT,
    }
    events.put_rule(Name="r", ScheduleExpression="rate(5 minutes)", State="DISABLED")
    changed = events.describe_rule(Name="r")
    assert (changed["ScheduleExpression"], changed["State"]) == ("rate(5 minutes)", "DISABLED")
    assert "EventPattern" not in changed
    assert "Description" not in changed


def test_refused_rules(events: Any) -> None:
    """PutRule says what is wrong, in AWS's words (users), and makes nothing."""
    assert refused(events.put_rule, Name="r") == (
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    )
    assert refused(events.put_rule, Name="r", EventPattern='{"source": "mine"}') == (
        "InvalidEventPatternException",
        'Event pattern is not valid. Reason: "source" must be an object or an array at source',
    )
    assert refused(events.put_rule, Name="r", ScheduleExpression="rate(1 minutes)") == (
        "ValidationException",
        "Parameter ScheduleExpression is not valid.",
    )
    assert refused(events.put_rule, Name="r", EventPattern=MINE, EventBusName="mine") == (
        "ResourceNotFoundException",
        "Event bus mine does not exist.",
    )
    assert refused(events.put_rule, Name="a rule", EventPattern=MINE)[0] == "ValidationException"
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    assert "is not emulated" in refused(events.put_rule, Name="r", EventPattern=MINE, State=state)[1]
    assert events.list_rules()["Rules"] == []


def test_no_rule(events: Any) -> None:
    """Whatever needs a rule says that there is none (users); deleting none is no error (ours)."""
    for call, request in (
        (events.describe_rule, {"Name": "none"}),
        (events.enable_rule, {"Name": "none"}),
        (events.disable_rule, {"Name": "none"}),
        (events.put_targets, {"Rule": "none", "Targets": [target()]}),
        (events.remove_targets, {"Rule": "none", "Ids": ["t"]}),
        (events.list_targets_by_rule, {"Rule": "none"}),
        (events.list_tags_for_resource, {"ResourceARN": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/none"}),
    ):
        assert refused(call, **request) == NO_RULE
    events.delete_rule(Name="none")


def test_rules_are_the_regions(cloud: Any, events: Any) -> None:
    """A rule of one region is none of another."""
    events.put_rule(Name="r", EventPattern=MINE)
    assert cloud.client("events", region="eu-west-1").list_rules()["Rules"] == []


def test_enable_and_disable(events: Any) -> None:
    """The state goes both ways, and again is no error."""
    events.put_rule(Name="r", EventPattern=MINE)
    for call, state in ((events.disable_rule, "DISABLED"), (events.enable_rule, "ENABLED")):
        call(Name="r")
        call(Name="r")
        assert events.describe_rule(Name="r")["State"] == state


def test_delete_rule_with_targets(events: Any) -> None:
    """A rule with targets is not deleted, not even by Force, which is for managed rules (API Reference, DeleteRule)."""
    events.put_rule(Name="r", EventPattern=MINE)
    events.put_targets(Rule="r", Targets=[target()])
    held = ("ValidationException", "Rule can't be deleted since it has targets.")
    assert refused(events.delete_rule, Name="r") == held
    assert refused(events.delete_rule, Name="r", Force=True) == held
    events.remove_targets(Rule="r", Ids=["t1"])
    events.delete_rule(Name="r")
    assert refused(events.describe_rule, Name="r")[0] == "ResourceNotFoundException"


def test_pages(events: Any) -> None:
    """Lists come in pages by name; a token goes on where its page ended, whatever came or went."""
    for name in ("a1", "a2", "a3", "b1"):
        events.put_rule(Name=name, EventPattern=MINE)
        events.put_targets(Rule=name, Targets=[target()])
    first = events.list_rules(NamePrefix="a", Limit=2)
    assert [rule["Name"] for rule in first["Rules"]] == ["a1", "a2"]
    events.put_rule(Name="a0", EventPattern=MINE)
    second = events.list_rules(NamePrefix="a", Limit=2, NextToken=first["NextToken"])
    assert [rule["Name"] for rule in second["Rules"]] == ["a3"]
    assert "NextToken" not in second
    names = events.list_rule_names_by_target(TargetArn=QUEUE, Limit=3)
    assert names["RuleNames"] == ["a1", "a2", "a3"]
    rest = events.list_rule_names_by_target(TargetArn=QUEUE, NextToken=names["NextToken"])
    assert rest["RuleNames"] == ["b1"]
    assert refused(events.list_rules, NextToken="é") == ("ValidationException", "Parameter NextToken is not valid.")


def test_rules_of_a_region_are_limited(events: Any) -> None:
    """A bus has at most 300 rules (User Guide, quotas)."""
    for number in range(300):
        events.put_rule(Name=f"r{number}", EventPattern=MINE)
    code, message = refused(events.put_rule, Name="one-more", EventPattern=MINE)
    assert (code, message) == ("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    events.put_rule(Name="r0", EventPattern=MINE, Description="those there can be changed")


def test_targets(events: Any) -> None:
    """Targets are listed as they were put, and are removed by their ids; an id that is none is told (users)."""
    events.put_rule(Name="r", EventPattern=MINE)
    first = target(1, RetryPolicy={"MaximumRetryAttempts": 0}, DeadLetterConfig={"Arn": QUEUE + "-dlq"})
    second = {"Id": "t2", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f", "InputPath": "$.detail"}
    third = {"Id": "t3", "Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic", "Input": '{"a": 1}'}
    done = events.put_targets(Rule="r", Targets=[first, second, third])
    assert (done["FailedEntryCount"], done["FailedEntries"]) == (0, [])
    assert events.list_targets_by_rule(Rule="r")["Targets"] == [first, second, third]
    events.put_targets(Rule="r", Targets=[target(2)])
    removed = events.remove_targets(Rule="r", Ids=["t1", "t9"])
    assert removed["FailedEntryCount"] == 1
    assert removed["FailedEntries"][0]["TargetId"] == "t9"
    assert [each["Arn"] for each in events.list_targets_by_rule(Rule="r")["Targets"]] == [QUEUE, third["Arn"]]


def test_five_targets(events: Any) -> None:
    """A rule has at most five targets (User Guide, quotas); a sixth changes nothing."""
    events.put_rule(Name="r", EventPattern=MINE)
    events.put_targets(Rule="r", Targets=[target(number) for number in range(4)])
    code, message = refused(events.put_targets, Rule="r", Targets=[target(8), target(9)])
    assert (code, message) == ("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    assert len(events.list_targets_by_rule(Rule="r")["Targets"]) == 4


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"Arn": "q"}, "Parameter q is not valid. Reason: Provided Arn is not in correct format."),
        ({"Arn": "arn:aws:kinesis:eu-central-1:123456789012:stream/s"}, "Targets[0].Arn=arn:aws:kinesis"),
        ({"Arn": QUEUE + ".fifo"}, "is not emulated"),
        ({"InputTransformer": {"InputTemplate": "1"}}, "Targets[0].InputTransformer is not emulated"),
        ({"SqsParameters": {"MessageGroupId": "1"}}, "Targets[0].SqsParameters is not emulated"),
        ({"Input": "1", "InputPath": "$"}, "Only one of Input, InputPath, or InputTransformer must be provided"),
        ({"Input": "{"}, "JSON syntax error in input for target t1"),
        ({"InputPath": "detail"}, "InputPath detail is no path"),
        ({"InputPath": "$.a[*]"}, "InputPath $.a[*] is no path"),
        ({"DeadLetterConfig": {"Arn": QUEUE + ".fifo"}}, "a dead-letter queue is a standard queue"),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "less than or equal to 185"),
        ({"RetryPolicy": {"MaximumEventAgeInSeconds": 59}}, "59"),
        ({"RetryPolicy": {"MaximumEventAgeInSeconds": 86401}}, "less than or equal to 86400"),
    ],
)
def test_refused_targets(events: Any, more: Any, part: str) -> None:
    """A target that AWS refuses (model, users), or that is not emulated, is refused in so many words."""
    events.put_rule(Name="r", EventPattern=MINE)
    code, message = refused(events.put_targets, Rule="r", Targets=[target(**more)])
    assert code == "ValidationException"
    assert part in message


def test_put_events_entry_by_entry(events: Any) -> None:
    """Each entry is taken or refused by itself, in its place (API Reference, PutEventsResultEntry; texts: users)."""
    answer = events.put_events(
        Entries=[
            ENTRY,
            {name: value for name, value in ENTRY.items() if name != "Source"},
            {**ENTRY, "DetailType": ""},
            {name: value for name, value in ENTRY.items() if name != "Detail"},
            {**ENTRY, "Detail": "{"},
            {**ENTRY, "Detail": "[]"},
            {**ENTRY, "Detail": '{"a": NaN}'},
            {**ENTRY, "Detail": '{"a":' * 5000 + "1" + "}" * 5000},
            {**ENTRY, "Source": "aws.s3"},
            {**ENTRY, "EventBusName": "default", "Resources": ["r"], "Time": datetime.now(UTC)},
        ]
    )
    assert answer["FailedEntryCount"] == 8
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "InvalidArgument",
        "InvalidArgument",
        "InvalidArgument",
        "MalformedDetail",
        "MalformedDetail",
        "MalformedDetail",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        None,
    ]
    assert answer["Entries"][1]["ErrorMessage"] == (
        "Parameter Source is not valid. Reason: Source is a required argument."
    )
    assert answer["Entries"][0]["EventId"] != answer["Entries"][9]["EventId"]


def test_put_events_as_a_whole(events: Any) -> None:
    """More than ten entries, too many bytes, or what is not emulated, and nothing of the request is taken."""
    assert refused(events.put_events, Entries=[ENTRY] * 11)[0] == "ValidationException"
    size = 1_048_576 // 2 - len("mineThing")
    fits = {**ENTRY, "Detail": json.dumps({"a": "x" * (size - 9)})}
    assert events.put_events(Entries=[fits, fits])["FailedEntryCount"] == 0
    assert refused(events.put_events, Entries=[fits, {**fits, "Resources": ["r"]}]) == (
        "ValidationException",
        "Total size of the entries in the request is over the limit.",
    )
    assert (
        "Entries[0].EventBusName=other" in refused(events.put_events, Entries=[{**ENTRY, "EventBusName": "other"}])[1]
    )
    assert "TraceHeader" in refused(events.put_events, Entries=[{**ENTRY, "TraceHeader": "Root=1"}])[1]


def test_test_event_pattern(events: Any) -> None:
    """TestEventPattern tells whether an event matches; the event needs seven fields (API Reference)."""
    event: dict[str, Any] = {"id": "1", "account": "1", "source": "mine", "time": "2026-01-01T00:00:00Z", "region": "r"}
    event |= {"resources": [], "detail-type": "t"}
    ask = events.test_event_pattern
    assert ask(EventPattern=MINE, Event=json.dumps(event))["Result"] is True
    assert ask(EventPattern='{"source": ["other"]}', Event=json.dumps(event))["Result"] is False
    assert refused(ask, EventPattern="{}", Event=json.dumps(event))[0] == "InvalidEventPatternException"
    del event["account"]
    for text in (json.dumps(event), "[]", "{"):
        code, message = refused(ask, EventPattern=MINE, Event=text)
        assert (code, message.startswith("Parameter Event is not valid.")) == ("ValidationException", True)


def test_buses(events: Any) -> None:
    """There is the default bus, and no other; those cannot be made (ours)."""
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    assert [(bus["Name"], bus["Arn"]) for bus in events.list_event_buses()["EventBuses"]] == [("default", arn)]
    assert events.list_event_buses(NamePrefix="x")["EventBuses"] == []
    assert events.describe_event_bus()["Arn"] == events.describe_event_bus(Name=arn)["Arn"] == arn
    assert refused(events.describe_event_bus, Name="x") == (
        "ResourceNotFoundException",
        "Event bus x does not exist.",
    )
    assert refused(events.create_event_bus, Name="x")[0] == "NotImplemented"


def test_tags(events: Any) -> None:
    """Tags come with a new rule, are not changed by PutRule, and are by their own operations (API Reference)."""
    arn = events.put_rule(Name="r", EventPattern=MINE, Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]
    events.put_rule(Name="r", EventPattern=MINE, Tags=[{"Key": "ignored", "Value": "1"}])
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["b", "none"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "2"}]
    many = [{"Key": str(number), "Value": ""} for number in range(50)]
    assert refused(events.tag_resource, ResourceARN=arn, Tags=many)[0] == "ValidationException"


APP = """
import json
import boto3
from chalice import Chalice

app = Chalice(app_name="told")

def note(event, name):
    key = f"{name}/{event.to_dict()['id']}" if hasattr(event, "to_dict") else f"{name}/{event['id']}"
    body = json.dumps(event.to_dict() if hasattr(event, "to_dict") else event).encode()
    boto3.client("s3").put_object(Bucket="notes", Key=key, Body=body)

@app.on_cw_event({"source": ["wired"]})
def wired(event):
    note(event, "wired")

@app.schedule("cron(0 * * * ? *)")
def hourly(event):
    note(event, "hourly")

@app.lambda_function()
def asked(event, context):
    note(event, "asked")
"""


def test_functions(start_cloud: Any, wait_for: Callable[..., Any]) -> None:
    """Functions get what their declared rule, their declared schedule and a rule made by API send them."""
    cloud = start_cloud(APP, virtual_clock=True)
    s3, events = cloud.client("s3"), cloud.client("events")
    s3.create_bucket(Bucket="notes", CreateBucketConfiguration={"LocationConstraint": REGION})
    events.put_rule(Name="r", EventPattern=MINE)
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:told-dev-asked"
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    sent = events.put_events(Entries=[ENTRY, {**ENTRY, "Source": "wired"}])["Entries"]
    assert events.list_rule_names_by_target(TargetArn=arn)["RuleNames"] == ["r"]

    def notes(count: int) -> Any:
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket="notes").get("Contents", ())]
        return keys if len(keys) == count else None

    assert wait_for(lambda: notes(2)) == [f"asked/{sent[0]['EventId']}", f"wired/{sent[1]['EventId']}"]
    cloud.request("POST", "/_localcloud/clock", b'{"advance": 3600}')
    keys = wait_for(lambda: notes(3))
    event = json.loads(s3.get_object(Bucket="notes", Key=keys[1])["Body"].read())
    assert keys[1] == f"hourly/{event['id']}"
    assert event["resources"] == [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/told-dev-hourly-event"]


def test_rules_survive_a_restart(start_cloud: Any) -> None:
    """What was acknowledged is there at the next start: rules, targets, states, tags."""
    first = start_cloud()
    events = first.client("events")
    arn = events.put_rule(Name="r", EventPattern=MINE, State="DISABLED", Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]
    events.put_targets(Rule="r", Targets=[target()])
    first.cloud.stop()
    events = start_cloud().client("events")
    assert events.describe_rule(Name="r")["State"] == "DISABLED"
    assert events.list_targets_by_rule(Rule="r")["Targets"] == [target()]
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
