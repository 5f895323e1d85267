"""CloudWatch Logs over the wire. Source of each rule: its API Reference, at the operation that a test names."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

GROUP = "/aws/sagemaker/TrainingJobs"
ARN = f"arn:aws:logs:eu-central-1:123456789012:log-group:{GROUP}"
HOUR, DAY = 3_600_000, 86_400_000


@pytest.fixture
def logs(cloud: Any) -> Any:
    return cloud.client("logs")


@pytest.fixture
def stream(logs: Any) -> dict[str, str]:
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="job/algo-1")
    return {"logGroupName": GROUP, "logStreamName": "job/algo-1"}


def now() -> int:
    return int(time.time() * 1000)


def events(first: int, *messages: str) -> list[dict[str, Any]]:
    return [{"timestamp": first + number, "message": message} for number, message in enumerate(messages)]


def code_of(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def messages(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_groups(cloud: Any, logs: Any) -> None:
    """Create, Describe and DeleteLogGroup: once by name and region, with tags, size, and ARNs in two spellings."""
    logs.create_log_group(logGroupName=GROUP, tags={"team": "blue"})
    assert code_of(logs.create_log_group, logGroupName=GROUP)[0] == "ResourceAlreadyExistsException"
    (told,) = logs.describe_log_groups(logGroupNamePrefix="/aws/sage")["logGroups"]
    assert (told["logGroupName"], told["arn"], told["logGroupArn"]) == (GROUP, ARN + ":*", ARN)
    assert (told["storedBytes"], told["logGroupClass"], "retentionInDays" in told) == (0, "STANDARD", False)
    assert logs.list_tags_for_resource(resourceArn=ARN)["tags"] == {"team": "blue"}
    assert cloud.client("logs", region="us-east-1").describe_log_groups()["logGroups"] == []
    logs.delete_log_group(logGroupName=GROUP)
    assert logs.describe_log_groups()["logGroups"] == []
    assert code_of(logs.delete_log_group, logGroupName=GROUP)[0] == "ResourceNotFoundException"


def test_pages_of_groups(logs: Any) -> None:
    """DescribeLogGroups gives fifty at a time, in the order of their names, and finds by a part of the name."""
    for number in range(51):
        logs.create_log_group(logGroupName=f"g{number:02}")
    pages = list(logs.get_paginator("describe_log_groups").paginate())
    assert [len(page["logGroups"]) for page in pages] == [50, 1]
    assert pages[1]["logGroups"][0]["logGroupName"] == "g50"
    assert len(logs.describe_log_groups(logGroupNamePattern="4")["logGroups"]) == 14
    assert code_of(logs.describe_log_groups, nextToken="none")[0] == "InvalidParameterException"


def test_tags(logs: Any) -> None:
    """TagResource and UntagResource change the tags of a group, named by its ARN."""
    logs.create_log_group(logGroupName=GROUP, tags={"a": "1"})
    logs.tag_resource(resourceArn=ARN, tags={"a": "2", "b": "3"})
    logs.untag_resource(resourceArn=ARN, tagKeys=["b"])
    assert logs.list_tags_for_resource(resourceArn=ARN)["tags"] == {"a": "2"}


@pytest.mark.parametrize(
    ("operation", "request_", "words"),
    [
        ("create_log_group", {"logGroupName": "g", "kmsKeyId": "k"}, "kmsKeyId is not emulated"),
        ("create_log_group", {"logGroupName": "g", "logGroupClass": "DELIVERY"}, "logGroupClass=DELIVERY is not"),
        ("describe_log_groups", {"includeLinkedAccounts": True}, "includeLinkedAccounts is not emulated"),
        ("put_retention_policy", {"logGroupName": "g", "retentionInDays": 2}, "retentionInDays 2 is none of 1, 3"),
    ],
)
def test_refused(logs: Any, operation: str, request_: dict[str, Any], words: str) -> None:
    """What is not emulated, or no value of AWS's, is InvalidParameterException and named."""
    code, message = code_of(getattr(logs, operation), **request_)
    assert code == "InvalidParameterException"
    assert words in message


def test_other_operations(logs: Any) -> None:
    """A metric filter, which nobody would evaluate, is a 501 that names the operation."""
    transformation = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    request = {"logGroupName": "g", "filterName": "f", "filterPattern": "", "metricTransformations": [transformation]}
    with pytest.raises(ClientError, match=r"logs\.PutMetricFilter is not emulated"):
        logs.put_metric_filter(**request)


def test_streams(logs: Any, stream: dict[str, str]) -> None:
    """DescribeLogStreams orders by name or by the last event, either way, and tells first and last times."""
    logs.create_log_stream(logGroupName=GROUP, logStreamName="another")
    assert code_of(logs.create_log_stream, **stream)[0] == "ResourceAlreadyExistsException"
    first = now()
    logs.put_log_events(**stream, logEvents=events(first, "a", "b"))
    told = logs.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True)["logStreams"]
    assert [found["logStreamName"] for found in told] == ["job/algo-1", "another"]
    assert (told[0]["firstEventTimestamp"], told[0]["lastEventTimestamp"]) == (first, first + 1)
    assert told[0]["arn"] == f"{ARN}:log-stream:job/algo-1"
    by_name = logs.describe_log_streams(logGroupIdentifier=ARN, logStreamNamePrefix="a")["logStreams"]
    assert [found["logStreamName"] for found in by_name] == ["another"]
    both = {"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "a"}
    assert code_of(logs.describe_log_streams, **both)[0] == "InvalidParameterException"
    logs.delete_log_stream(**stream)
    assert code_of(logs.get_log_events, **stream) == (
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
    )


def test_reading_forward(logs: Any, stream: dict[str, str]) -> None:
    """GetLogEvents from the head: page by page, the same token at the end, and what comes later after it."""
    first = now() - HOUR
    logs.put_log_events(**stream, logEvents=events(first, "a", "b", "c"))
    page = logs.get_log_events(**stream, startFromHead=True, limit=2)
    assert messages(page) == ["a", "b"]
    rest = logs.get_log_events(**stream, nextToken=page["nextForwardToken"], limit=2)
    assert messages(rest) == ["c"]
    end = logs.get_log_events(**stream, nextToken=rest["nextForwardToken"])
    assert (messages(end), end["nextForwardToken"]) == ([], rest["nextForwardToken"])
    logs.put_log_events(**stream, logEvents=events(first + HOUR, "d"))
    assert messages(logs.get_log_events(**stream, nextToken=end["nextForwardToken"])) == ["d"]
    assert messages(logs.get_log_events(**stream, nextToken=end["nextBackwardToken"])) == ["a", "b", "c"]


def test_reading_backward(logs: Any, stream: dict[str, str]) -> None:
    """GetLogEvents by default: the newest events, oldest first, and back from there to the same token at the start."""
    logs.put_log_events(**stream, logEvents=events(now(), "a", "b", "c"))
    page = logs.get_log_events(**stream, limit=2)
    assert messages(page) == ["b", "c"]
    rest = logs.get_log_events(**stream, nextToken=page["nextBackwardToken"], limit=2)
    assert messages(rest) == ["a"]
    start = logs.get_log_events(**stream, nextToken=rest["nextBackwardToken"])
    assert (messages(start), start["nextBackwardToken"]) == ([], rest["nextBackwardToken"])
    assert code_of(logs.get_log_events, **stream, nextToken="mine")[0] == "InvalidParameterException"


def test_times(logs: Any, stream: dict[str, str]) -> None:
    """The end is excluded by GetLogEvents and included by FilterLogEvents; the start is included by both."""
    first = now()
    logs.put_log_events(**stream, logEvents=events(first, "a", "b", "c"))
    span = {"startTime": first + 1, "endTime": first + 2}
    assert messages(logs.get_log_events(**stream, **span)) == ["b"]
    assert messages(logs.filter_log_events(logGroupName=GROUP, **span)) == ["b", "c"]


def test_an_answer_holds_a_megabyte(logs: Any, stream: dict[str, str]) -> None:
    """Events beyond 1 MB wait for the next page, in either direction, and none is lost."""
    first = now()
    for number in range(3):
        logs.put_log_events(**stream, logEvents=events(first + number, str(number) * 500_000))
    forward = logs.get_log_events(**stream, startFromHead=True)
    assert [text[0] for text in messages(forward)] == ["0", "1"]
    more = logs.get_log_events(**stream, nextToken=forward["nextForwardToken"])
    assert [text[0] for text in messages(more)] == ["2"]
    assert [text[0] for text in messages(logs.get_log_events(**stream))] == ["1", "2"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP)
    assert [[text[0] for text in messages(page)] for page in pages] == [["0", "1"], ["2"]]


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ([{"timestamp": 2, "message": "a"}, {"timestamp": 1, "message": "b"}], "chronological order"),
        ([{"timestamp": 0, "message": "a"}, {"timestamp": DAY + 1, "message": "b"}], "more than 24 hours"),
        ([{"timestamp": 0, "message": "x" * 524_263}] * 2, "exceeds limit of 1048576"),
        ([{"timestamp": 0, "message": "x"}] * 10_001, "10000"),
        ([{"timestamp": 0, "message": ""}], "message"),
    ],
)
def test_batches_that_are_refused(cloud: Any, stream: dict[str, str], batch: list[dict[str, Any]], words: str) -> None:
    """PutLogEvents: in order, within a day, 10,000 events, 1,048,576 bytes with 26 for each event, none empty."""
    logs = cloud.client("logs", parameter_validation=False)
    code, message = code_of(logs.put_log_events, **stream, logEvents=batch)
    assert code == "InvalidParameterException"
    assert words in message


def test_events_out_of_time(logs: Any, stream: dict[str, str]) -> None:
    """Events older than 14 days or the retention, or over 2 hours ahead, are left out, and the answer says which."""
    moment = now()
    old = logs.put_log_events(**stream, logEvents=events(moment - 15 * DAY, "old"))
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    batch = [*events(moment, "now"), *events(moment + 3 * HOUR, "ahead")]
    assert logs.put_log_events(**stream, logEvents=batch)["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    expired = logs.put_log_events(**stream, logEvents=events(moment - 2 * DAY, "expired"))
    assert expired["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert messages(logs.get_log_events(**stream)) == ["now"]


def test_retention(start_cloud: Any) -> None:
    """What is older than the retention is gone when the time has come; without a policy nothing goes."""
    cloud = start_cloud(virtual_clock=True)
    logs = cloud.client("logs")
    for name in ("kept", "short"):
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")
        logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events(now(), "m"))
    logs.put_retention_policy(logGroupName="short", retentionInDays=3)
    cloud.request("POST", "/_localcloud/clock", b'{"advance": 345600}')
    told = {group["logGroupName"]: group for group in logs.describe_log_groups()["logGroups"]}
    assert (told["short"]["storedBytes"], told["short"]["retentionInDays"], told["kept"]["storedBytes"]) == (0, 3, 27)
    assert messages(logs.get_log_events(logGroupName="short", logStreamName="s")) == []
    assert messages(logs.filter_log_events(logGroupName="kept")) == ["m"]
    logs.delete_retention_policy(logGroupName="short")
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix="short")["logGroups"][0]


def test_filtering(logs: Any, stream: dict[str, str]) -> None:
    """FilterLogEvents: of all streams by time, of some by name or prefix, by pattern, and page by page."""
    logs.create_log_stream(logGroupName=GROUP, logStreamName="other")
    first = now()
    logs.put_log_events(**stream, logEvents=events(first, "ERROR one", "fine", "ERROR two"))
    logs.put_log_events(logGroupName=GROUP, logStreamName="other", logEvents=events(first + 1, "ERROR other"))
    found = logs.filter_log_events(logGroupName=GROUP, filterPattern="ERROR")
    assert messages(found) == ["ERROR one", "ERROR other", "ERROR two"]
    assert len({event["eventId"] for event in found["events"]}) == 3
    assert found["events"][1]["logStreamName"] == "other"
    for chosen in ({"logStreamNames": ["other"]}, {"logStreamNamePrefix": "o"}):
        assert messages(logs.filter_log_events(logGroupName=GROUP, **chosen)) == ["ERROR other"]
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, filterPattern="ERROR", PaginationConfig={"PageSize": 1}
    )
    assert [message for page in pages for message in messages(page)] == messages(found)


def test_everything_is_there_after_a_restart(start_cloud: Any) -> None:
    """Groups, streams and events that were acknowledged are found by the next cloud on the same state."""
    first = start_cloud()
    logs = first.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events(now(), "kept"))
    token = logs.get_log_events(logGroupName="g", logStreamName="s")["nextForwardToken"]
    first.cloud.stop()
    logs = start_cloud().client("logs")
    assert messages(logs.get_log_events(logGroupName="g", logStreamName="s")) == ["kept"]
    assert messages(logs.get_log_events(logGroupName="g", logStreamName="s", nextToken=token)) == []
