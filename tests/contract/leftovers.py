"""How everything that the contract suite makes is deleted again, and what it must not make on a real account.

The price: each operation that makes something has to be entered here before a test may call it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

Undo = Callable[[Any, Mapping[str, Any], Mapping[str, Any]], object]


def _empty_bucket(s3: Any, request: Mapping[str, Any], _: Mapping[str, Any]) -> None:
    bucket = request["Bucket"]
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
    for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", ()):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    s3.delete_bucket(Bucket=bucket)


def _delete_object(s3: Any, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    version = {"VersionId": answer["VersionId"]} if "VersionId" in answer else {}
    s3.delete_object(Bucket=request["Bucket"], Key=request["Key"], **version)


def _delete_endpoint(sagemaker: Any, request: Mapping[str, Any], _: Mapping[str, Any]) -> None:
    name = request["EndpointName"]
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})


def _remove_targets(events: Any, request: Mapping[str, Any], _: Mapping[str, Any]) -> None:
    events.remove_targets(Rule=request["Rule"], Ids=[target["Id"] for target in request["Targets"]])


UNDO: Mapping[str, Undo] = {
    "cloudwatch.PutMetricAlarm": lambda c, r, _: c.delete_alarms(AlarmNames=[r["AlarmName"]]),
    "events.PutRule": lambda c, r, _: c.delete_rule(Name=r["Name"]),
    "events.PutTargets": _remove_targets,
    "dynamodb.CreateTable": lambda c, r, _: c.delete_table(TableName=r["TableName"]),
    "lambda.CreateFunction": lambda c, r, _: c.delete_function(FunctionName=r["FunctionName"]),
    "lambda.PutFunctionConcurrency": lambda c, r, _: c.delete_function_concurrency(FunctionName=r["FunctionName"]),
    "lambda.PutFunctionEventInvokeConfig": (
        lambda c, r, _: c.delete_function_event_invoke_config(FunctionName=r["FunctionName"])
    ),
    "logs.CreateLogGroup": lambda c, r, _: c.delete_log_group(logGroupName=r["logGroupName"]),
    "s3.CompleteMultipartUpload": _delete_object,
    "s3.CopyObject": _delete_object,
    "s3.CreateBucket": _empty_bucket,
    "s3.CreateMultipartUpload": (
        lambda c, r, a: c.abort_multipart_upload(Bucket=r["Bucket"], Key=r["Key"], UploadId=a["UploadId"])
    ),
    "s3.PutObject": _delete_object,
    "sagemaker.CreateEndpoint": _delete_endpoint,
    "sagemaker.CreateEndpointConfig": (
        lambda c, r, _: c.delete_endpoint_config(EndpointConfigName=r["EndpointConfigName"])
    ),
    "sagemaker.CreateModel": lambda c, r, _: c.delete_model(ModelName=r["ModelName"]),
    "sagemaker.CreateModelPackage": lambda c, _, a: c.delete_model_package(ModelPackageName=a["ModelPackageArn"]),
    "sagemaker.CreateModelPackageGroup": (
        lambda c, r, _: c.delete_model_package_group(ModelPackageGroupName=r["ModelPackageGroupName"])
    ),
    "sns.CreateTopic": lambda c, _, a: c.delete_topic(TopicArn=a["TopicArn"]),
    "sqs.CreateQueue": lambda c, _, a: c.delete_queue(QueueUrl=a["QueueUrl"]),
}

LASTING = frozenset(  # what goes with the thing it belongs to, or with time
    {
        "dynamodb.PutItem",
        "dynamodb.UpdateTimeToLive",
        "events.PutEvents",
        "logs.CreateLogStream",
        "logs.PutLogEvents",
        "logs.PutRetentionPolicy",
        "s3.PutBucketNotificationConfiguration",
        "s3.PutBucketVersioning",
        "s3.PutObjectTagging",
        "sns.Publish",
        "sns.Subscribe",
    }
)

BILLED = frozenset(  # by the hour, not by the request
    {
        "cloudwatch.PutMetricAlarm",
        "cloudwatch.PutMetricData",
        "sagemaker.CreateEndpoint",
        "sagemaker.CreateHyperParameterTuningJob",
        "sagemaker.CreateProcessingJob",
        "sagemaker.CreateTrainingJob",
        "sagemaker.CreateTransformJob",
    }
)

_GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NoSuchUpload",
        "NotFound",
        "ResourceNotFound",
        "ResourceNotFoundException",
    }
)
_GONE_TEXTS = ("Could not find", "does not exist")  # of SageMaker, whose code is ValidationException for all


def is_gone(error: ClientError) -> bool:
    """Tell whether a deletion failed because its test deleted the thing already."""
    told = error.response["Error"]
    return told["Code"] in _GONE or any(text in told["Message"] for text in _GONE_TEXTS)
