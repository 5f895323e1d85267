from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chalicelib.pipelines import PIPELINES
from infra.errors import TemplateError
from infra.resources import create, environment, physical_names, resolve, stages

IMAGE = "freshet@sha256:" + "0" * 64


@dataclass(frozen=True)
class Cloud:
    url: str

    def client(self, service: str, region: str = "eu-central-1") -> Any:
        return boto3.client(  # type: ignore[call-overload] # the stubs want a literal
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - moto takes any
        )

    def create(self, template: dict[str, Any], region: str = "eu-central-1") -> dict[str, str]:
        """Create the stage's resources; return what the functions are told of them."""
        create(template, stage="dev", client=lambda service: self.client(service, region))
        return environment(template, stage="dev", region=region, image_uri=IMAGE)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Cloud(f"http://{host}:{port}")
    server.stop()


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_environment(merged: dict[str, Any], region: str) -> None:
    """What the template gives the functions on AWS is what they get here, before anything exists."""
    assert environment(merged, stage="dev", region=region, image_uri=IMAGE) == {
        "FRESHET_BUCKET": f"freshet-dev-123456789012-{region}",
        "FRESHET_CORS_ORIGINS": "",
        "FRESHET_IMAGE_URI": IMAGE,
        "FRESHET_LABELS_PER_HOUR": "10000",
        "FRESHET_ROLE_ARN": "arn:aws:iam::123456789012:role/freshet-dev-execution",
        "FRESHET_STAGE": "dev",
        "FRESHET_TABLE": "freshet-dev-ledger",
        "FRESHET_TOPIC_ARN": f"arn:aws:sns:{region}:123456789012:freshet-dev-notices",
    }


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_names_told_are_names_made(cloud: Cloud, merged: dict[str, Any], region: str) -> None:
    """The functions are told of the bucket, table and topic that are created, in whichever region."""
    told = cloud.create(merged, region)
    assert cloud.client("s3", region).head_bucket(Bucket=told["FRESHET_BUCKET"])["BucketRegion"] == region
    assert cloud.client("dynamodb", region).describe_table(TableName=told["FRESHET_TABLE"])
    assert cloud.client("sns", region).get_topic_attributes(TopicArn=told["FRESHET_TOPIC_ARN"])


def test_stages(merged: dict[str, Any]) -> None:
    """A stage is one of those that the template allows."""
    assert stages(merged) == ["dev", "prod"]


def test_bucket(cloud: Cloud, merged: dict[str, Any]) -> None:
    """The bucket has the template's versioning, encryption, closure and lifecycle."""
    bucket = cloud.create(merged)["FRESHET_BUCKET"]
    s3 = cloud.client("s3")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(closed.values()) == {True}
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert rules["forget-captured-requests"]["Expiration"] == {"Days": 30}
    assert rules["forget-captured-requests"]["Filter"] == {"Prefix": "capture/"}
    assert rules["forget-old-versions"]["Expiration"] == {"ExpiredObjectDeleteMarker": True}


def test_events_are_asked_for(cloud: Cloud, merged: dict[str, Any]) -> None:
    """The bucket is asked to announce everything on EventBridge (moto takes the setting, but does not tell it back)."""
    s3 = cloud.client("s3")
    asked: list[dict[str, Any]] = []
    event = "provide-client-params.s3.PutBucketNotificationConfiguration"
    s3.meta.events.register(event, lambda params, **_: asked.append(params))
    create(merged, stage="dev", client=lambda service: s3 if service == "s3" else cloud.client(service))
    assert [item["NotificationConfiguration"] for item in asked] == [{"EventBridgeConfiguration": {}}]


def test_table(cloud: Cloud, merged: dict[str, Any]) -> None:
    """The table has the template's keys and is paid per request."""
    table = cloud.create(merged)["FRESHET_TABLE"]
    described = cloud.client("dynamodb").describe_table(TableName=table)["Table"]
    assert [key["AttributeName"] for key in described["KeySchema"]] == ["pk", "sk"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_alarms(cloud: Cloud, merged: dict[str, Any]) -> None:
    """Every pipeline has the template's two alarms, on figures of its stage; a repetition leaves their state."""
    cloud.create(merged)
    watch = cloud.client("cloudwatch")
    watch.set_alarm_state(AlarmName="freshet-dev-reviews-drift", StateValue="ALARM", StateReason="a test")
    cloud.create(merged)
    made = {alarm["AlarmName"]: alarm for alarm in watch.describe_alarms()["MetricAlarms"]}
    assert set(made) == {f"freshet-dev-{name}-{kind}" for name in PIPELINES for kind in ("drift", "quality")}
    assert {item["Name"]: item["Value"] for item in made["freshet-dev-reviews-quality"]["Dimensions"]} == {
        "Stage": "dev",
        "Pipeline": "reviews",
    }
    assert {alarm["TreatMissingData"] for alarm in made.values()} == {"ignore"}


def test_again(cloud: Cloud, merged: dict[str, Any]) -> None:
    """Creating what exists keeps what is in it."""
    names = cloud.create(merged)
    s3, dynamodb = cloud.client("s3"), cloud.client("dynamodb")
    s3.put_object(Bucket=names["FRESHET_BUCKET"], Key="uploads/reviews/a.csv", Body=b"x")
    dynamodb.put_item(TableName=names["FRESHET_TABLE"], Item={"pk": {"S": "a"}, "sk": {"S": "b"}})
    assert cloud.create(merged) == names
    assert s3.get_object(Bucket=names["FRESHET_BUCKET"], Key="uploads/reviews/a.csv")["Body"].read() == b"x"
    assert dynamodb.scan(TableName=names["FRESHET_TABLE"])["Count"] == 1


def test_names(merged: dict[str, Any]) -> None:
    """Bucket and table are named after the stage; the bucket, whose name is global, after account and region too."""
    names = physical_names(merged, stage="prod", account="000000000001", region="us-east-1")
    assert names == {"Bucket": "freshet-prod-000000000001-us-east-1", "Ledger": "freshet-prod-ledger"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "A"}, "a"),
        ({"Ref": "N"}, 7),
        ({"Fn::GetAtt": ["R", "Arn"]}, "arn"),
        ({"Fn::Sub": "${A}-${R.Arn}-${N}"}, "a-arn-7"),
        ({"Ref": "A", "Other": 1}, {"Ref": "A", "Other": 1}),
        ([{"x": {"Ref": "A"}}, True, None], [{"x": "a"}, True, None]),
    ],
)
def test_resolve(value: Any, expected: Any) -> None:
    """References are replaced wherever they stand, and keep their type; all else stays."""
    assert resolve(value, {"A": "a", "N": 7, "R.Arn": "arn"}) == expected


@pytest.mark.parametrize(
    "value", [{"Ref": "B"}, {"Fn::Sub": "${B}"}, {"Fn::Join": ["", []]}, {"Fn::Sub": ["${A}", {}]}]
)
def test_what_is_not_read_is_refused(value: Any) -> None:
    """An unknown name or function is an error, never an empty text."""
    with pytest.raises(TemplateError):
        resolve(value, {"A": "a"})


@pytest.mark.parametrize("name", ["Bucket", "Ledger"])
def test_template_without_a_resource(merged: dict[str, Any], name: str) -> None:
    """A template that lacks a resource is refused by its name."""
    less = {**merged, "Resources": {key: item for key, item in merged["Resources"].items() if key != name}}
    with pytest.raises(TemplateError, match=name):
        physical_names(less, stage="dev", account="1", region="us-east-1")


def test_template_without_a_topic(merged: dict[str, Any]) -> None:
    """Nor are the functions told of a topic that there is none of."""
    less = {**merged, "Resources": {key: item for key, item in merged["Resources"].items() if key != "Notices"}}
    with pytest.raises(TemplateError, match="Notices"):
        environment(less, stage="dev", region="us-east-1", image_uri=IMAGE)
