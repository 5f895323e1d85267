"""EventBridge: what services tell it by themselves."""

import json
from datetime import datetime
from typing import Any

import pytest

from tests.contract.account import Account
from tests.contract.endpoints import Endpoints
from tests.contract.jobs import Jobs
from tests.contract.queues import Queue, listen


def created(aws: Account, bucket: str) -> Queue:
    return listen(aws, {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}})


@pytest.fixture(scope="module")
def told_bucket(aws: Account) -> tuple[str, Queue]:
    """Give a versioned bucket that tells EventBridge, and the queue that hears of it."""
    s3, bucket = aws.client("s3"), aws.name("told")
    region = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    s3.create_bucket(Bucket=bucket, **region)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    return bucket, created(aws, bucket)


def until(aws: Account, told_bucket: tuple[str, Queue]) -> list[Any]:
    """Store a last object; the events that came before its own."""
    bucket, queue = told_bucket
    key = aws.name("last")
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"")
    events = queue.until(lambda event: event["detail"]["object"]["key"] == key)
    return [event for event in events if event["detail"]["object"]["key"] != key]


def test_a_stored_object_is_told(aws: Account, told_bucket: tuple[str, Queue]) -> None:
    """PutObject is one "Object Created" with bucket, key as it is, size, etag, version-id, sequencer and reason.

    Source: S3 User Guide, "EventBridge event message structure"; that the key is not encoded: users (tested on AWS).
    """
    bucket, _ = told_bucket
    stored = aws.client("s3").put_object(Bucket=bucket, Key="up/a +%2F.csv", Body=b"12345")
    (event,) = until(aws, told_bucket)
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["resources"] == [f"arn:aws:s3:::{bucket}"]
    detail = event["detail"]
    assert detail["object"].pop("sequencer")
    assert detail["object"] == {
        "key": "up/a +%2F.csv",
        "size": 5,
        "etag": stored["ETag"].strip('"'),
        "version-id": stored["VersionId"],
    }
    assert (detail["reason"], detail["bucket"], detail["version"]) == ("PutObject", {"name": bucket}, "0")


def test_sequencers_order_a_keys_events(aws: Account, told_bucket: tuple[str, Queue]) -> None:
    """Of two events of a key the later one has the larger sequencer.

    Source: S3 User Guide, "Event message structure", sequencer.
    """
    bucket, _ = told_bucket
    versions = [aws.client("s3").put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2")]
    objects = [event["detail"]["object"] for event in until(aws, told_bucket)]
    ordered = sorted(objects, key=lambda each: each["sequencer"].ljust(32, "0"))
    assert [each["version-id"] for each in ordered] == versions


def test_an_upload_in_parts_and_a_copy_are_told_once(aws: Account, told_bucket: tuple[str, Queue]) -> None:
    """A multipart upload and a copy are one event each, by the operation that ended them.

    Source: S3 User Guide, "EventBridge event message structure", reason.
    """
    s3, (bucket, _) = aws.client("s3"), told_bucket
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    etag = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"123")["ETag"]
    s3.complete_multipart_upload(
        Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "parts"})
    told = {event["detail"]["object"]["key"]: event["detail"]["reason"] for event in until(aws, told_bucket)}
    assert told == {"parts": "CompleteMultipartUpload", "copy": "CopyObject"}


def test_a_deletion_is_told(aws: Account, told_bucket: tuple[str, Queue]) -> None:
    """A delete marker is an "Object Deleted" with deletion-type "Delete Marker Created".

    Source: S3 User Guide, "EventBridge event message structure".
    """
    s3, (bucket, _) = aws.client("s3"), told_bucket
    s3.put_object(Bucket=bucket, Key="short", Body=b"")
    s3.delete_object(Bucket=bucket, Key="short")
    told = [event for event in until(aws, told_bucket) if event["detail-type"] == "Object Deleted"]
    assert [event["detail"]["deletion-type"] for event in told] == ["Delete Marker Created"]


def test_a_model_package_is_told(aws: Account) -> None:
    """A version's states and its approval are "SageMaker Model Package State Change" events.

    Source: Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge", the sample event.
    """
    api, group = aws.client("sagemaker"), aws.name("group")
    kind = "SageMaker Model Package State Change"
    queue = listen(aws, {"detail-type": [kind], "detail": {"ModelPackageGroupName": [group]}})
    api.create_model_package_group(ModelPackageGroupName=group)
    specification = {
        "Containers": [{"Image": aws.image}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    arn = api.create_model_package(ModelPackageGroupName=group, InferenceSpecification=specification)["ModelPackageArn"]
    aws.wait_for(lambda: api.describe_model_package(ModelPackageName=arn)["ModelPackageStatus"] == "Completed")
    api.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    told = queue.until(lambda event: event["detail"]["ModelApprovalStatus"] == "Approved")
    detail = told[-1]["detail"]
    assert (detail["ModelPackageArn"], detail["ModelPackageStatus"], detail["ModelPackageVersion"]) == (
        arn,
        "Completed",
        1,
    )


@pytest.mark.costs_money
def test_a_training_job_is_told(aws: Account, jobs: Jobs) -> None:
    """Each state of a training job is an event; its times are milliseconds in texts, and it names no artifact.

    Source: Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge", the sample event.
    """
    queue = listen(aws, {"detail-type": ["SageMaker Training Job State Change"]})
    name = jobs.train('(base / "model/a").write_text("1")', Tags=[{"Key": "team", "Value": "blue"}])
    told = queue.until(lambda event: event["detail"]["TrainingJobStatus"] == "Completed")
    details = [event["detail"] for event in told if event["detail"]["TrainingJobName"] == name]
    assert [detail["SecondaryStatus"] for detail in details] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert details[-1]["TrainingEndTime"].isdigit()
    assert details[-1]["Tags"] == {"team": "blue"}
    assert "ModelArtifacts" not in details[-1]


@pytest.mark.costs_money
def test_a_transform_job_is_told(aws: Account, jobs: Jobs) -> None:
    """A transform job's event has times in ISO 8601.

    Source: Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge", the sample event.
    """
    queue = listen(aws, {"detail-type": ["SageMaker Transform Job State Change"]})
    jobs.transform(jobs.model(), {"a": b"x"})
    told = queue.until(lambda event: event["detail"]["TransformJobStatus"] == "Completed")
    assert datetime.fromisoformat(told[-1]["detail"]["TransformEndTime"]).tzinfo is not None


@pytest.mark.costs_money
def test_a_processing_job_is_told(aws: Account, jobs: Jobs) -> None:
    """A processing job's states are "SageMaker Processing Job State Change" events.

    Source: Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge"; the members are ours.
    """
    queue = listen(aws, {"detail-type": ["SageMaker Processing Job State Change"]})
    name = jobs.process()
    told = queue.until(lambda event: event["detail"]["ProcessingJobStatus"] == "Completed")
    assert [event["detail"]["ProcessingJobStatus"] for event in told] == ["InProgress", "Completed"]
    assert told[-1]["detail"]["ProcessingJobName"] == name


@pytest.mark.costs_money
def test_an_endpoint_is_told(aws: Account, endpoints: Endpoints) -> None:
    """An endpoint's event says IN_SERVICE where the API says InService, and its times are milliseconds as numbers.

    Source: Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge", the sample event.
    """
    queue = listen(aws, {"detail-type": ["SageMaker Endpoint State Change"]})
    name = endpoints.in_service(endpoints.version(VERSION="1"))
    told = queue.until(lambda event: event["detail"]["EndpointStatus"] == "IN_SERVICE")
    details = [event["detail"] for event in told if event["detail"]["EndpointName"] == name]
    assert [detail["EndpointStatus"] for detail in details] == ["CREATING", "IN_SERVICE"]
    assert isinstance(details[-1]["CreationTime"], int)


@pytest.mark.costs_money
def test_an_alarm_is_told(aws: Account) -> None:
    """A change of an alarm's state is an event with both states and the configuration; reasonData is JSON in a text.

    Source: CloudWatch User Guide, "Alarm events and EventBridge".
    """
    metrics, name = aws.client("cloudwatch"), aws.name("alarm")
    queue = listen(
        aws,
        {
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "detail": {"alarmName": [name]},
        },
    )
    metrics.put_metric_alarm(
        AlarmName=name,
        Namespace=name,
        MetricName="m",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    metrics.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test", StateReasonData='{"a": 1}')
    (event, *_) = queue.documents()
    detail = event["detail"]
    assert (detail["alarmName"], detail["state"]["value"]) == (name, "ALARM")
    assert detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert json.loads(detail["state"]["reasonData"]) == {"a": 1}
    (metric,) = detail["configuration"]["metrics"]
    assert metric["metricStat"]["metric"] == {"namespace": name, "name": "m", "dimensions": {}}
