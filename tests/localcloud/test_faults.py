import http.client
import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import AdminError
from localcloud.faults import Faults
from tests.localcloud.conftest import RunningCloud


def ask(cloud: RunningCloud, fault: Mapping[str, Any]) -> tuple[int, Any]:
    status, _, body = cloud.request("POST", "/_localcloud/faults", json.dumps(fault).encode())
    return status, json.loads(body)


def put(cloud: RunningCloud, name: str) -> None:
    cloud.client("dynamodb").put_item(TableName="t", Item={"k": {"S": name}})


def names(cloud: RunningCloud) -> set[str]:
    return {item["k"]["S"] for item in cloud.client("dynamodb").scan(TableName="t")["Items"]}


@pytest.fixture
def table(cloud: RunningCloud) -> RunningCloud:
    cloud.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return cloud


@pytest.mark.parametrize(("when", "there"), [("before", set()), ("after", {"a"})])
def test_a_call_fails_before_or_after_its_effect(table: RunningCloud, when: str, there: set[str]) -> None:
    """A call fails with the error asked for, once; what it does is done only if the fault comes after its effect."""
    error = {"code": "InternalServerError", "message": "asked for", "status": 500}
    ask(table, {"call": "dynamodb.PutItem", "when": when, "error": error})
    with pytest.raises(ClientError) as failed:
        put(table, "a")
    assert failed.value.response["Error"]["Code"] == "InternalServerError"
    assert names(table) == there
    put(table, "b")
    assert names(table) == {*there, "b"}


def test_an_answer_is_lost_after_the_effect(table: RunningCloud) -> None:
    """A dropped answer is a broken connection to its client, the effect is there, and the history says so."""
    ask(table, {"call": "dynamodb.PutItem", "when": "after", "drop": True})
    with pytest.raises(ConnectionClosedError):
        put(table, "a")
    assert names(table) == {"a"}
    assert [line["status"] for line in table.history("call") if line["operation"] == "PutItem"] == ["cut"]


def test_a_cut_answer_stops_in_its_middle(cloud: RunningCloud) -> None:
    """Of a cut answer the client sees the whole length announced, and half of it."""
    ask(cloud, {"call": "s3.GetObject", "cut": True})
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="bucket", Key="key", Body=b"0123456789")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})
    connection = http.client.HTTPConnection("127.0.0.1", cloud.cloud.port, timeout=30)
    connection.request("GET", url.partition(str(cloud.cloud.port))[2])
    with pytest.raises(http.client.IncompleteRead) as cut:
        connection.getresponse().read()
    connection.close()
    assert cut.value.partial == b"01234"


@pytest.mark.parametrize(
    ("service", "code"),
    [("dynamodb", "ProvisionedThroughputExceededException"), ("sagemaker", "ThrottlingException"), ("s3", "SlowDown")],
)
def test_throttling_speaks_as_the_service_does(cloud: RunningCloud, service: str, code: str) -> None:
    """A throttled call fails with the code of its own service, as often as asked for, and then no more."""
    ask(cloud, {"call": f"{service}.*", "throttle": True, "times": 2})
    calls = {
        "dynamodb": lambda: cloud.client("dynamodb").list_tables(),
        "sagemaker": lambda: cloud.client("sagemaker").list_models(),
        "s3": lambda: cloud.client("s3").list_buckets(),
    }
    for _ in range(2):
        with pytest.raises(ClientError) as failed:
            calls[service]()
        assert failed.value.response["Error"]["Code"] == code
    calls[service]()


def test_a_duplicated_call_takes_effect_twice(table: RunningCloud) -> None:
    """A call that is duplicated is done twice and answered once."""
    ask(table, {"call": "dynamodb.UpdateItem", "duplicate": True})
    table.client("dynamodb").update_item(
        TableName="t",
        Key={"k": {"S": "a"}},
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    item = table.client("dynamodb").get_item(TableName="t", Key={"k": {"S": "a"}})["Item"]
    assert item["n"] == {"N": "2"}


def test_the_page_lists_counts_and_forgets(cloud: RunningCloud) -> None:
    """The page shows each fault with how often it happened, and removes one, or all."""
    status, told = ask(cloud, {"call": "dynamodb.*", "throttle": True, "times": None})
    assert status == 200
    with pytest.raises(ClientError):
        cloud.client("dynamodb").list_tables()
    assert cloud.page("faults") == [
        {"call": "dynamodb.*", "throttle": True, "times": None, "id": told["id"], "happened": 1}
    ]
    assert ask(cloud, {"remove": "nobody"})[0] == 400
    assert ask(cloud, {"remove": told["id"]}) == (200, [])
    cloud.client("dynamodb").list_tables()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({}, "about one of"),
        ({"call": "s3.*", "job": "*"}, "about one of"),
        ({"call": "s3.*"}, "what happens"),
        ({"call": "s3.*", "drop": True, "color": "red"}, "color"),
        ({"call": "s3.*", "drop": True, "when": "never"}, "before or after"),
        ({"call": "s3.*", "error": "no"}, "code"),
        ({"call": "s3.*", "delay": -1}, "delay"),
        ({"event": {"source": "s3"}, "drop": True}, "pattern"),
        ({"event": {"source": ["aws.s3"]}}, "what happens"),
        ({"job": "*", "outcome": "Fine"}, "outcome"),
    ],
)
def test_what_makes_no_sense_is_refused(fault: Mapping[str, Any], says: str) -> None:
    """A fault that cannot be is refused with a word about what is wrong."""
    with pytest.raises(AdminError, match=says):
        Faults().add(fault)


def test_an_event_is_lost_repeated_or_late() -> None:
    """An event's deliveries are none when it is dropped, several when repeated, late by at most the delay."""
    faults = Faults()
    faults.add({"event": {"source": ["lost"]}, "drop": True})
    faults.add({"event": {"source": ["late"]}, "duplicate": 2, "delay": 5.0})
    event = {"detail-type": "x"}
    assert faults.of_event({**event, "source": "lost"}) == []
    late = faults.of_event({**event, "source": "late"})
    assert len(late) == 3
    assert all(0 <= delay <= 5 for delay in late)
    assert faults.of_event({**event, "source": "late"}) == [0.0]


@given(seed=st.integers(0, 2**32), probability=st.floats(0, 1), skip=st.integers(0, 5))
def test_a_run_can_be_repeated(seed: int, probability: float, skip: int) -> None:
    """The same seed draws the same faults; the first ``skip`` calls have none, and no more than ``times`` have one."""

    def run() -> list[bool]:
        faults = Faults()
        faults.add({"call": "*", "drop": True, "times": 7, "seed": seed, "probability": probability, "skip": skip})
        return [faults.of_call("s3", "PutObject").drop for _ in range(30)]

    assert run() == run()
    assert not any(run()[:skip])
    assert sum(run()) <= 7
