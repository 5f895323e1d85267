from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.errors import TeardownError
from infra.teardown import Clients, Target, main, run, survey, tear_down

REGION = "eu-central-1"
BUCKET = "freshet-dev-123456789012-eu-central-1"
TABLE = "freshet-dev-ledger"
KEEP = Target("freshet-dev-", "freshet-dev", None, None)
ALL = Target("freshet-dev-", "freshet-dev", BUCKET, TABLE)
STACK = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'


class Stage:
    """A stage in moto, with SageMaker's part in the fake; ``log`` is every removal in order."""

    def __init__(self, sagemaker: Any) -> None:
        self.log: list[str] = []
        self.sagemaker = sagemaker
        session = boto3.Session(region_name=REGION)
        self.clients = Clients(
            sagemaker.client, session.client("cloudformation"), session.client("s3"), session.client("dynamodb")
        )
        for client in (self.clients.cloudformation, self.clients.s3, self.clients.dynamodb):
            client.meta.events.register("provide-client-params", self._record)
        sagemaker.client.meta.events.register("provide-client-params", self._record)

    def _record(self, model: Any, **_: Any) -> None:
        if model.name.startswith(("Delete", "Stop")):
            self.log.append(model.name)

    def fill(self) -> None:
        resources = self.sagemaker.resources
        resources["ListTrainingJobs"] = ["freshet-dev-reviews-train-0123456789abcdef"]
        resources["ListEndpoints"] = ["freshet-dev-reviews", "freshet-dev2-reviews"]
        resources["ListEndpointConfigs"] = ["freshet-dev-reviews-config-1", "freshet-prod-reviews-config-1"]
        resources["ListModels"] = ["freshet-dev-reviews-model-1"]
        resources["ListModelPackageGroups"] = ["freshet-dev-reviews"]
        resources["ListModelPackages"] = ["arn:aws:sagemaker:eu-central-1:1:model-package/freshet-dev-reviews/1"]
        self.clients.cloudformation.create_stack(StackName="freshet-dev", TemplateBody=STACK)
        self.clients.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.clients.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.clients.dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def tear_down(self, target: Target) -> None:
        tear_down(self.clients, target, tell=lambda _: None, sleep=lambda _: None)


@pytest.fixture
def stage(sagemaker: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        filled = Stage(sagemaker)
        filled.fill()
        yield filled


def test_order(stage: Stage) -> None:
    """What is billed goes first, then the stack, whose handlers could make more, then the records, then the data."""
    stage.tear_down(ALL)
    assert stage.log == [
        "StopTrainingJob",
        "DeleteEndpoint",
        "DeleteStack",
        "DeleteEndpointConfig",
        "DeleteModel",
        "DeleteModelPackage",
        "DeleteModelPackageGroup",
        "DeleteBucket",
        "DeleteTable",
    ]


def test_other_stages_stay(stage: Stage) -> None:
    """Nothing whose name only resembles the stage's is touched."""
    stage.tear_down(ALL)
    left = [name for names in stage.sagemaker.resources.values() for name in names]
    assert left == ["freshet-dev2-reviews", "freshet-prod-reviews-config-1"]


def test_endpoint_made_meanwhile(stage: Stage) -> None:
    """An endpoint that a handler made while the stack was being deleted goes too."""
    endpoints = stage.sagemaker.resources["ListEndpoints"]
    stage.clients.cloudformation.meta.events.register(
        "before-call.cloudformation.DeleteStack", lambda **_: endpoints.append("freshet-dev-late")
    )
    stage.tear_down(KEEP)
    assert endpoints == ["freshet-dev2-reviews"]


def test_data_stay_unless_asked(stage: Stage) -> None:
    """Without --data the bucket and the ledger are neither listed nor touched."""
    stage.clients.s3.put_object(Bucket=BUCKET, Key="uploads/reviews/a.csv", Body=b"x")
    assert not [line for line in survey(stage.clients, KEEP) if line.startswith(("bucket", "table"))]
    stage.tear_down(KEEP)
    assert stage.clients.s3.get_object(Bucket=BUCKET, Key="uploads/reviews/a.csv")["Body"].read() == b"x"
    assert stage.clients.dynamodb.describe_table(TableName=TABLE)


def test_every_version_goes(stage: Stage) -> None:
    """With --data old versions, deleted files and more than one page of them go with the bucket."""
    s3 = stage.clients.s3
    for index in range(3):
        s3.put_object(Bucket=BUCKET, Key="uploads/reviews/a.csv", Body=str(index).encode())
    s3.delete_object(Bucket=BUCKET, Key="uploads/reviews/a.csv")
    stage.log.clear()
    s3.meta.events.register("provide-client-params.s3.ListObjectVersions", _pages_of_two)
    stage.tear_down(ALL)
    assert stage.log.count("DeleteObjects") >= 2
    assert BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def _pages_of_two(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    return {**params, "MaxKeys": 2}


def test_version_that_stays(stage: Stage) -> None:
    """A version that S3 keeps is an error, not a bucket left half empty in silence."""
    stage.clients.s3.put_object(Bucket=BUCKET, Key="a", Body=b"x")
    stage.clients.s3.meta.events.register("after-call.s3.DeleteObjects", _keep)
    with pytest.raises(TeardownError, match="locked"):
        stage.tear_down(ALL)


def _keep(parsed: dict[str, Any], **_: Any) -> None:
    parsed["Errors"] = [{"Key": "a", "Code": "AccessDenied", "Message": "locked"}]


def test_survey_matches_what_goes(stage: Stage) -> None:
    """All that goes is listed first, one line each, and nothing is left to list afterwards."""
    assert survey(stage.clients, ALL) == [
        "running training job freshet-dev-reviews-train-0123456789abcdef",
        "endpoint freshet-dev-reviews",
        "endpoint config freshet-dev-reviews-config-1",
        "model freshet-dev-reviews-model-1",
        "model package arn:aws:sagemaker:eu-central-1:1:model-package/freshet-dev-reviews/1",
        "model package group freshet-dev-reviews",
        "stack freshet-dev",
        f"bucket {BUCKET} with every version of every file",
        f"table {TABLE} with every entry",
    ]
    stage.tear_down(ALL)
    assert survey(stage.clients, ALL) == []
    stage.tear_down(ALL)


@pytest.mark.parametrize("answer", [True, False])
def test_asks(stage: Stage, *, answer: bool) -> None:
    """Without a yes nothing is removed."""
    told: list[str] = []
    assert run(stage.clients, ALL, ask=lambda: answer, tell=told.append, sleep=lambda _: None) is answer
    assert bool(stage.log) is answer
    assert "  endpoint freshet-dev-reviews" in told


def test_nothing_there(sagemaker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that does not exist is gone already."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        clients = Stage(sagemaker).clients
        assert run(clients, ALL, ask=lambda: False, tell=lambda _: None, sleep=lambda _: None)


@pytest.mark.parametrize("stage", ["dev-", "", "de", "dev2", "*"])
def test_unknown_stage(stage: str) -> None:
    """Only a stage we know is taken: no other prefix can be made."""
    with pytest.raises(SystemExit):
        main(["--stage", stage, "--yes"])
