"""The details of SageMaker's EventBridge events, each in the spelling AWS gives it.

Times differ by kind, as on AWS: epoch milliseconds as strings for training and tuning jobs, as numbers for endpoints
and processing jobs, ISO 8601 for transform jobs and model packages. Endpoint states are in capitals (``IN_SERVICE``),
unlike in the API. The shape for processing jobs is undocumented: it follows DescribeProcessingJob.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from localcloud import timestamps
from localcloud.sagemaker import resource_kinds
from localcloud.sagemaker.resource_kinds import Kind

Detail = dict[str, Any]

_MEMBERS: Mapping[str, list[str]] = {
    resource_kinds.TRAINING_JOB.prefix: [
        "TrainingJobName",
        "TrainingJobArn",
        "TrainingJobStatus",
        "SecondaryStatus",
        "HyperParameters",
        "AlgorithmSpecification",
        "RoleArn",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "VpcConfig",
        "StoppingCondition",
        "CreationTime",
        "TrainingStartTime",
        "TrainingEndTime",
        "LastModifiedTime",
        "FailureReason",
        "SecondaryStatusTransitions",
    ],
    resource_kinds.PROCESSING_JOB.prefix: [
        "ProcessingInputs",
        "ProcessingOutputConfig",
        "ProcessingJobName",
        "ProcessingJobArn",
        "ProcessingResources",
        "StoppingCondition",
        "AppSpecification",
        "Environment",
        "NetworkConfig",
        "RoleArn",
        "ProcessingJobStatus",
        "ExitMessage",
        "FailureReason",
        "ProcessingEndTime",
        "ProcessingStartTime",
        "LastModifiedTime",
        "CreationTime",
    ],
    resource_kinds.TRANSFORM_JOB.prefix: [
        "TransformJobName",
        "TransformJobArn",
        "TransformJobStatus",
        "FailureReason",
        "ModelName",
        "MaxConcurrentTransforms",
        "MaxPayloadInMB",
        "BatchStrategy",
        "Environment",
        "TransformInput",
        "TransformOutput",
        "TransformResources",
        "CreationTime",
        "TransformStartTime",
        "TransformEndTime",
    ],
    resource_kinds.TUNING_JOB.prefix: [
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobArn",
        "HyperParameterTuningJobStatus",
        "TrainingJobDefinition",
        "TrainingJobStatusCounters",
        "ObjectiveStatusCounters",
        "CreationTime",
        "LastModifiedTime",
    ],
    resource_kinds.ENDPOINT.prefix: [
        "EndpointName",
        "EndpointArn",
        "EndpointConfigName",
        "ProductionVariants",
        "EndpointStatus",
        "FailureReason",
        "CreationTime",
        "LastModifiedTime",
    ],
    resource_kinds.MODEL_PACKAGE.prefix: [
        "ModelPackageGroupName",
        "ModelPackageVersion",
        "ModelPackageArn",
        "ModelPackageDescription",
        "InferenceSpecification",
        "ModelPackageStatus",
        "ModelPackageStatusDetails",
        "ModelApprovalStatus",
        "CertifyForMarketplace",
        "MetadataProperties",
        "ModelMetrics",
        "CustomerMetadataProperties",
        "CreationTime",
        "LastModifiedTime",
    ],
}
_STATE = ("SecondaryStatus", "ModelApprovalStatus")


def state_change(kind: Kind, before: Mapping[str, Any], after: Mapping[str, Any]) -> Detail | None:
    """Return the detail of the event that a change causes; None if the state is as before or the kind has no events."""
    if kind.detail_type is None or all(before.get(name) == after.get(name) for name in (kind.status, *_STATE)):
        return None
    members = _MEMBERS[kind.prefix]
    detail: Detail = {name: after[name] for name in members if name in after}
    detail["Tags"] = {tag["Key"]: tag["Value"] for tag in after.get("Tags", ())}
    if kind is resource_kinds.ENDPOINT:
        detail[kind.status] = _capitals(after[kind.status])
        detail["ProductionVariants"] = [
            {name: variant[name] for name in ("DesiredWeight", "DesiredInstanceCount") if name in variant}
            for variant in after.get("ProductionVariants", ())
        ]
    return {name: _plain(value, _TIMES[kind.prefix]) for name, value in detail.items()}


def _capitals(status: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)


_TIMES: Mapping[str, Callable[[datetime], int | str]] = {
    resource_kinds.TRAINING_JOB.prefix: lambda time: str(_milliseconds(time)),
    resource_kinds.PROCESSING_JOB.prefix: _milliseconds,
    resource_kinds.TUNING_JOB.prefix: lambda time: str(_milliseconds(time)),
    resource_kinds.ENDPOINT.prefix: _milliseconds,
    resource_kinds.TRANSFORM_JOB.prefix: timestamps.milliseconds,
    resource_kinds.MODEL_PACKAGE.prefix: timestamps.milliseconds,
}


def _plain(value: object, time: Callable[[datetime], int | str]) -> object:
    if isinstance(value, datetime):
        return time(value)
    if isinstance(value, Mapping):
        return {name: _plain(part, time) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, time) for part in value]
    return value
