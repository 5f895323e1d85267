"""What the local cloud promises beyond AWS: time, faults on request, and to stay on this machine."""

import http.client
import json
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ResponseStreamingError

from tests.contract.account import Account, local_account, refused
from tests.contract.clouds import LocalCloud
from tests.contract.endpoints import Endpoints
from tests.contract.jobs import Jobs
from tests.contract.queues import listen, make_queue

pytestmark = pytest.mark.local_only


@pytest.fixture
def fault(cloud: LocalCloud) -> Iterator[Callable[..., None]]:
    """Ask for a fault; all are taken back at the end."""

    def ask(**rule: Any) -> None:
        cloud.page("faults", rule)

    yield ask
    cloud.page("faults", {"remove": "all"})


@pytest.mark.parametrize(("when", "stored"), [("before", False), ("after", True)])
def test_a_call_fails_on_request(aws: Account, fault: Callable[..., None], when: str, *, stored: bool) -> None:
    """A call fails with the error asked for, before or after its effect.

    Ours.
    """
    s3, where = aws.client("s3"), {"Bucket": aws.bucket, "Key": aws.name("object")}
    fault(call="s3.PutObject", when=when, error={"code": "InternalError", "message": "asked for", "status": 500})
    assert refused(s3.put_object, **where, Body=b"1") == ("InternalError", "asked for")
    assert (s3.list_objects_v2(Bucket=aws.bucket, Prefix=where["Key"])["KeyCount"] == 1) is stored


@pytest.mark.parametrize(
    ("service", "code"),
    [("dynamodb", "ProvisionedThroughputExceededException"), ("sagemaker", "ThrottlingException")],
)
def test_throttling_on_request(aws: Account, fault: Callable[..., None], service: str, code: str) -> None:
    """A throttled call is refused as its service does it.

    Source: API References, Common errors; that it happens on request is ours.
    """
    fault(call=f"{service}.*", throttle=True)
    calls = {"dynamodb": "list_tables", "sagemaker": "list_models"}
    assert refused(getattr(aws.client(service), calls[service]))[0] == code


def test_an_answer_is_lost_on_request(aws: Account, fault: Callable[..., None]) -> None:
    """A dropped answer is a broken connection, a cut one ends in its middle.

    Ours.
    """
    s3, where = aws.client("s3"), {"Bucket": aws.bucket, "Key": aws.name("object")}
    s3.put_object(**where, Body=b"0123456789")
    fault(call="s3.HeadObject", drop=True)
    with pytest.raises(ConnectionClosedError):
        s3.head_object(**where)
    fault(call="s3.GetObject", cut=True)
    with pytest.raises((ResponseStreamingError, http.client.IncompleteRead, ConnectionClosedError)):
        s3.get_object(**where)["Body"].read()


def test_events_are_repeated_and_lost_on_request(aws: Account, fault: Callable[..., None]) -> None:
    """An event is delivered several times, or never.

    Source: EventBridge User Guide and Developer Guide: at least once, best effort; that it happens on request is ours.
    """
    source = aws.name("source")
    queue = listen(aws, {"source": [source]})
    fault(event={"source": [source], "detail": {"n": ["twice"]}}, duplicate=1)
    fault(event={"source": [source], "detail": {"n": ["lost"]}}, drop=True)
    for number in ("twice", "lost", "last"):
        entry = {"Source": source, "DetailType": "t", "Detail": json.dumps({"n": number})}
        aws.client("events").put_events(Entries=[entry])
    assert sorted(event["detail"]["n"] for event in queue.documents(3)) == ["last", "twice", "twice"]


def test_a_job_fails_on_request(jobs: Jobs, fault: Callable[..., None]) -> None:
    """A job ends with the outcome and the reason asked for.

    Ours.
    """
    fault(job="training-job/*", outcome="Failed", reason="InternalServerError: asked for")
    assert jobs.failed(jobs.train()) == "InternalServerError: asked for"


def test_an_update_rolls_back_silently_on_request(endpoints: Endpoints, fault: Callable[..., None]) -> None:
    """An update may end InService on the old config, without a reason.

    Source: users (hashicorp/terraform-provider-aws#48997); that it happens on request is ours.
    """
    first = endpoints.version(VERSION="1")
    name = endpoints.in_service(first)
    fault(endpoint=name, outcome="SilentRollback")
    told = endpoints.update(name, endpoints.version(VERSION="2"))
    assert (told["EndpointStatus"], told["EndpointConfigName"]) == ("InService", first)
    assert "FailureReason" not in told


def test_time_passes_when_told(later: Account, virtual: LocalCloud) -> None:
    """On a virtual clock a message is visible again after its timeout, without anybody waiting.

    Ours.
    """
    queue, sqs = make_queue(later, VisibilityTimeout="3600"), later.client("sqs")
    sqs.send_message(QueueUrl=queue.url, MessageBody="m")
    assert "Messages" in sqs.receive_message(QueueUrl=queue.url)
    virtual.advance(3500)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue.url)
    virtual.advance(200)
    assert "Messages" in sqs.receive_message(QueueUrl=queue.url)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Give a cloud on which nothing is due, whose resources are seen after five seconds."""
    cloud = LocalCloud(tmp_path_factory.mktemp("quiet"), "--clock", "virtual", visibility=5)
    yield cloud
    cloud.end()


def test_time_jumps_to_what_is_due(quiet: LocalCloud) -> None:
    """A jump ends where something is due: the schedule fires.

    Ours.
    """
    with closing(local_account(quiet.endpoint_url, "contract-quiet")) as aws:
        queue, begun = make_queue(aws), datetime.fromisoformat(quiet.page("clock")["now"])
        aws.client("events").put_rule(Name="daily", ScheduleExpression="rate(1 day)")
        aws.client("events").put_targets(Rule="daily", Targets=[{"Id": "1", "Arn": queue.arn}])
        while datetime.fromisoformat(quiet.page("clock")["now"]) < begun + timedelta(days=1):
            quiet.page("clock", {"jump": True})
        (event,) = queue.documents()
    assert event["detail-type"] == "Scheduled Event"


def test_a_resource_is_seen_later_on_request(quiet: LocalCloud) -> None:
    """With `visibility` set a new config is not found for a while, though its name is taken.

    Source: API Reference, CreateEndpoint: the config is read with eventual consistency; how long is ours.
    """
    with closing(local_account(quiet.endpoint_url, "contract-quiet")) as aws:
        model = Jobs(aws).model()
        assert "Could not find model" in refused(aws.client("sagemaker").describe_model, ModelName=model)[1]
        quiet.advance(6)
        assert aws.client("sagemaker").describe_model(ModelName=model)["ModelName"] == model


def test_the_history_tells_calls(aws: Account, cloud: LocalCloud) -> None:
    """Every call is a line of JSON with service, operation and status, and never a body.

    Ours.
    """
    key, secret = aws.name("object"), "a body that nobody else writes"
    aws.client("s3").put_object(Bucket=aws.bucket, Key=key, Body=secret.encode())
    text = (cloud.state / "logs" / "history.jsonl").read_text()
    calls = [json.loads(line) for line in text.splitlines()]
    assert ("s3", "PutObject") in {(call.get("service"), call.get("operation")) for call in calls}
    assert secret not in text


def test_what_is_not_emulated_says_so(aws: Account) -> None:
    """An operation that is not emulated is a 501 with its name.

    Ours.
    """
    with pytest.raises(ClientError, match="ListDomains is not emulated by the local cloud") as error:
        aws.client("sagemaker").list_domains()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize("headers", [{"Host": "example.com"}, {"Origin": "https://example.com"}])
def test_strangers_are_refused(cloud: LocalCloud, headers: dict[str, str]) -> None:
    """A request with a foreign Host or Origin is refused, whatever it asks for.

    Ours: no web page and no rebound name reaches what runs here.
    """
    port = urllib.parse.urlsplit(cloud.endpoint_url).port
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/_localcloud/health", headers=headers)
        assert connection.getresponse().status in {403, 421}


def test_the_state_is_its_users_alone(cloud: LocalCloud) -> None:
    """The folder of the state is open to nobody else.

    Ours.
    """
    assert Path(cloud.state).stat().st_mode & 0o077 == 0
