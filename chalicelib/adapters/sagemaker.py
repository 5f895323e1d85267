"""SageMaker, read only: Describe and List answers to the facts that decisions are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.calls import translated
from chalicelib.adapters.clients import client
from chalicelib.core.facts import FINISHED, Endpoint, Job, ModelPackage
from chalicelib.core.requests import described_run

_REMEMBERED = 1000  # jobs that have ended
# What does not exist is ResourceNotFound for some operations, a ValidationException with one of these for others.
_MISSING = ("could not find", "not found", "does not exist")


def missing(error: ClientError) -> bool:
    """Say whether an answer means that what was named does not exist."""
    details = error.response["Error"]
    return details["Code"] == "ResourceNotFound" or (
        details["Code"] == "ValidationException" and any(words in details["Message"].lower() for words in _MISSING)
    )


def describe(operation: str, **request: str) -> Mapping[str, Any] | None:
    """Call a Describe operation; None if what it names does not exist.

    Raises
    ------
    CallError
        If AWS does not tell.
    """
    with translated(operation):
        try:
            answer: Mapping[str, Any] = getattr(client("sagemaker"), operation)(**request)
        except ClientError as error:
            if missing(error):
                return None
            raise
    return answer


@dataclass(frozen=True)
class SageMakerReader:
    """`services.ports.SageMaker` over the API. A job that has ended never changes, so it is described once."""

    _ended: dict[str, Job] = field(default_factory=dict, init=False, repr=False, compare=False)

    def processing_job(self, name: str) -> Job | None:
        """Describe a processing job."""
        return self._job("Processing", name)

    def training_job(self, name: str) -> Job | None:
        """Describe a training job."""
        return self._job("Training", name)

    def transform_job(self, name: str) -> Job | None:
        """Describe a transform job."""
        return self._job("Transform", name)

    def _job(self, kind: str, name: str) -> Job | None:
        if name in self._ended:
            return self._ended[name]
        answer = describe(f"describe_{kind.lower()}_job", **{f"{kind}JobName": name})
        if answer is None:
            return None
        job = _job(name, answer, kind)
        if job.status in FINISHED:
            if len(self._ended) >= _REMEMBERED:
                self._ended.clear()
            self._ended[name] = job
        return job

    def packages(self, group: str) -> Sequence[ModelPackage]:
        """List the versions that runs of ours registered, newest first; none if there is no group."""
        pages = client("sagemaker").get_paginator("list_model_packages")
        found: list[ModelPackage] = []
        with translated("list_model_packages"):
            try:
                for page in pages.paginate(ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"):
                    found += (_package(summary) for summary in page["ModelPackageSummaryList"])
            except ClientError as error:
                if missing(error):
                    return ()
                raise
        ours = (package for package in found if package.run_id)
        return sorted(ours, key=lambda package: package.version, reverse=True)

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
            capture_percent=answer.get("DataCaptureConfig", {}).get("CurrentSamplingPercentage"),
        )


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


def _package(summary: Mapping[str, Any]) -> ModelPackage:
    return ModelPackage(
        arn=summary["ModelPackageArn"],
        version=summary["ModelPackageVersion"],
        status=summary["ModelPackageStatus"],
        approval=summary["ModelApprovalStatus"],
        run_id=described_run(summary.get("ModelPackageDescription", "")),
    )
