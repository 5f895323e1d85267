"""SageMaker, read only: Describe and List answers to the facts that decisions are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import client
from chalicelib.core.facts import Endpoint, EndpointConfig, Job, ModelPackage

# What does not exist is ResourceNotFound for some operations, a ValidationException with one of these for others.
_MISSING = ("could not find", "not found", "does not exist")


def describe(operation: str, **request: str) -> Mapping[str, Any] | None:
    """Call a Describe operation; None if what it names does not exist."""
    try:
        answer: Mapping[str, Any] = getattr(client("sagemaker"), operation)(**request)
    except ClientError as error:
        details = error.response["Error"]
        missing = details["Code"] == "ValidationException" and any(
            words in details["Message"].lower() for words in _MISSING
        )
        if missing or details["Code"] == "ResourceNotFound":
            return None
        raise
    return answer


@dataclass(frozen=True)
class SageMakerReader:
    """`services.ports.SageMaker` over the API."""

    def processing_job(self, name: str) -> Job | None:
        """Describe a processing job."""
        answer = describe("describe_processing_job", ProcessingJobName=name)
        return _job(name, answer, "Processing") if answer else None

    def training_job(self, name: str) -> Job | None:
        """Describe a training job."""
        answer = describe("describe_training_job", TrainingJobName=name)
        return _job(name, answer, "Training") if answer else None

    def transform_job(self, name: str) -> Job | None:
        """Describe a transform job."""
        answer = describe("describe_transform_job", TransformJobName=name)
        return _job(name, answer, "Transform") if answer else None

    def package_of_run(self, group: str, run_id: str) -> ModelPackage | None:
        """Find the version that a run registered."""
        pages = client("sagemaker").get_paginator("list_model_packages")
        try:
            for page in pages.paginate(ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"):
                for summary in page["ModelPackageSummaryList"]:
                    package = _package(summary["ModelPackageArn"])
                    if package and package.run_id == run_id:
                        return package
        except ClientError as error:
            if _no_group(error):
                return None
            raise
        return None

    def newest_approved_package(self, group: str) -> ModelPackage | None:
        """Find the newest approved version."""
        try:
            answer = client("sagemaker").list_model_packages(
                ModelPackageGroupName=group,
                ModelApprovalStatus="Approved",
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=1,
            )
        except ClientError as error:
            if _no_group(error):
                return None
            raise
        summaries = answer["ModelPackageSummaryList"]
        return _package(summaries[0]["ModelPackageArn"]) if summaries else None

    def endpoint(self, name: str) -> Endpoint | None:
        """Describe an endpoint."""
        answer = describe("describe_endpoint", EndpointName=name)
        if answer is None:
            return None
        return Endpoint(
            name=name,
            status=answer["EndpointStatus"],
            config_name=answer.get("EndpointConfigName", ""),
            changed=answer["LastModifiedTime"],
            reason=answer.get("FailureReason"),
        )

    def endpoint_config(self, name: str) -> EndpointConfig | None:
        """Describe an endpoint config."""
        answer = describe("describe_endpoint_config", EndpointConfigName=name)
        if answer is None:
            return None
        return EndpointConfig(name, answer["CreationTime"], answer["ProductionVariants"][0]["ModelName"])


def _job(name: str, answer: Mapping[str, Any], kind: str) -> Job:
    return Job(
        name=name,
        status=answer[f"{kind}JobStatus"],
        reason=answer.get("FailureReason"),
        message=answer.get("ExitMessage"),
        started=answer.get(f"{kind}StartTime"),
        ended=answer.get(f"{kind}EndTime"),
        artifact_uri=answer.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
    )


def _package(arn: str) -> ModelPackage | None:
    answer = describe("describe_model_package", ModelPackageName=arn)
    if answer is None:
        return None
    return ModelPackage(
        arn=arn,
        version=answer["ModelPackageVersion"],
        status=answer["ModelPackageStatus"],
        approval=answer["ModelApprovalStatus"],
        run_id=answer.get("CustomerMetadataProperties", {}).get("run_id", ""),
    )


def _no_group(error: ClientError) -> bool:
    details = error.response["Error"]
    return details["Code"] in {"ResourceNotFound", "ValidationException"} and "does not exist" in details["Message"]
