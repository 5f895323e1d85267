"""What the local cloud promises beyond AWS: what is kept through a kill and a new start."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError

from tests.contract.account import Account, local_account, refused
from tests.contract.clouds import LocalCloud
from tests.contract.endpoints import Endpoints
from tests.contract.jobs import Jobs
from tests.contract.queues import Queue, listen

pytestmark = pytest.mark.local_only


@dataclass
class Restarted:
    """A cloud that was killed and started again on its state, with what had been made before."""

    aws: Account
    jobs: Jobs
    endpoints: Endpoints
    trained: str
    running: str
    endpoint: str
    queue: Queue
    topic: str


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    """Make something of every service, kill the cloud with SIGKILL, and start it again."""
    folder = tmp_path_factory.mktemp("killed")
    killed = LocalCloud(folder)
    aws = local_account(killed.endpoint_url, "contract-kept")
    aws.client("s3").create_bucket(Bucket=aws.bucket)
    aws.client("s3").put_object(Bucket=aws.bucket, Key="kept", Body=b"kept")
    jobs, endpoints = Jobs(aws), Endpoints(aws)
    trained = jobs.train('(base / "model/model.json").write_text("42")')
    jobs.completed(trained)
    endpoint = endpoints.in_service(endpoints.version(VERSION="kept"))
    queue = listen(aws, {"source": ["kept"]})
    topic = aws.client("sns").create_topic(Name="kept")["TopicArn"]
    aws.client("logs").create_log_group(logGroupName="kept")
    aws.client("dynamodb").create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("dynamodb").put_item(TableName="kept", Item={"k": {"S": "kept"}})
    aws.client("cloudwatch").put_metric_data(Namespace="kept", MetricData=[{"MetricName": "m", "Value": 1.0}])
    running = jobs.train('import time\ntime.sleep(0.5)\n(base / "model/a").write_text("1")')
    jobs.until(running, "Training")
    aws.client("sqs").send_message(QueueUrl=queue.url, MessageBody='"kept"')
    killed.end(signal.SIGKILL)
    again = LocalCloud(folder)
    aws = local_account(again.endpoint_url, "contract-kept")
    url = aws.client("sqs").get_queue_url(QueueName=queue.arn.rpartition(":")[2])["QueueUrl"]
    yield Restarted(aws, Jobs(aws), Endpoints(aws), trained, running, endpoint, Queue(aws, url, queue.arn), topic)
    aws.close()
    again.end()


def test_objects_are_kept(restarted: Restarted) -> None:
    """An object whose PUT was answered is there after kill -9.

    Ours: S3 promises durability (S3 User Guide, "Data protection").
    """
    assert restarted.jobs.read(restarted.aws.uri("kept")) == b"kept"


def test_jobs_are_kept(restarted: Restarted) -> None:
    """A job that ended is described as before, its model lies where it lay, and its name stays taken.

    Ours.
    """
    told = restarted.jobs.described(restarted.trained)
    assert told["TrainingJobStatus"] == "Completed"
    assert restarted.jobs.archived(told["ModelArtifacts"]["S3ModelArtifacts"]) == {"model.json": b"42"}
    code, _ = refused(
        restarted.jobs.api.create_training_job, TrainingJobName=restarted.trained, **restarted.jobs.training()
    )
    assert code == "ResourceInUse"


def test_a_job_under_way_goes_on(restarted: Restarted) -> None:
    """A job that was training when the cloud was killed begins anew after the restart, and completes.

    Ours.
    """
    assert restarted.jobs.completed(restarted.running)


def test_endpoints_answer_again(restarted: Restarted) -> None:
    """An endpoint that was in service is again, with the same model.

    Ours.
    """

    def answer() -> bytes | None:
        try:
            return restarted.endpoints.ask(restarted.endpoint)
        except ClientError:
            return None

    assert restarted.aws.wait_for(answer) == b"kept|x"


def test_messages_items_and_logs_are_kept(restarted: Restarted) -> None:
    """Queues with their messages, topics, tables with their items, log groups and metrics are there again.

    Ours.
    """
    aws = restarted.aws
    assert "kept" in restarted.queue.documents()
    topics = aws.client("sns").list_topics()["Topics"]
    assert restarted.topic in [topic["TopicArn"] for topic in topics]
    assert aws.client("dynamodb").get_item(TableName="kept", Key={"k": {"S": "kept"}})["Item"]
    assert "kept" in [group["logGroupName"] for group in aws.client("logs").describe_log_groups()["logGroups"]]
    assert aws.client("cloudwatch").list_metrics(Namespace="kept")["Metrics"]


def test_rules_are_kept(restarted: Restarted) -> None:
    """A rule delivers after a restart as before.

    Ours.
    """
    entry = {"Source": "kept", "DetailType": "Thing", "Detail": '{"after": "restart"}'}
    restarted.aws.client("events").put_events(Entries=[entry])
    found = restarted.queue.until(lambda event: event != "kept" and event.get("source") == "kept")
    assert found[-1]["detail"] == {"after": "restart"}
