"""The requests about models, versions and endpoints, built from names and places alone (jobs: `job_requests`).

Limits and shapes: botocore's SageMaker model (2017-07-24).
"""

from typing import Any

from chalicelib.core import container, digests
from chalicelib.core.actions import Call
from chalicelib.core.facts import Endpoint, ModelPackage, RunFacts, completed
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.stage import Stage

VARIANT = "AllTraffic"

Request = dict[str, Any]


def candidate_model(stage: Stage, run: RunFacts) -> Call:
    """Ask for a model of the challenger, which is no package yet."""
    lineage = run.lineage
    definition = _container(run) | {"Environment": {container.MODEL_VERSION: f"candidate-{lineage.run_id}"}}
    return _model(stage, stage.names.candidate(lineage.pipeline, lineage.run_id), definition)


def register(stage: Stage, run: RunFacts, approval: str) -> tuple[Call, Call]:
    """Ask for the group and the version in it; lineage lies in its metadata (a version may have no tags).

    The description is what lists of versions show: by it a run finds its version without describing each.
    """
    lineage = run.lineage
    group = stage.names.model_package_group(lineage.pipeline)
    folder = stage.bucket.evaluation(lineage.pipeline, lineage.run_id, run.row.evaluation_id)
    evaluation = folder.uri(container.EVALUATION_FILE)
    package = {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": run_description(lineage.run_id),
        "ClientToken": lineage.run_id,
        "ModelApprovalStatus": approval,
        "InferenceSpecification": {
            "Containers": [_container(run)],
            "SupportedContentTypes": [container.JSON, container.JSON_LINES],
            "SupportedResponseMIMETypes": [container.JSON, container.JSON_LINES],
            "SupportedRealtimeInferenceInstanceTypes": [run.spec.machines.serve],
            "SupportedTransformInstanceTypes": [run.spec.machines.score],
        },
        "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": container.JSON, "S3Uri": evaluation}}},
        "CustomerMetadataProperties": {
            "run_id": lineage.run_id,
            "dataset_id": lineage.dataset_id,
            "content_digest": lineage.content_digest,
            "recipe": lineage.recipe,
        },
    }
    if completed(run.baseline):
        statistics = stage.bucket.run(lineage.pipeline, lineage.run_id).uri(container.BASELINE, container.BASELINE_FILE)
        package["DriftCheckBaselines"] = {
            "ModelDataQuality": {"Statistics": {"ContentType": container.JSON, "S3Uri": statistics}}
        }
    description = f"Versions of the pipeline {lineage.pipeline}, kept fresh by Freshet."
    return (
        Call(
            "create_model_package_group", {"ModelPackageGroupName": group, "ModelPackageGroupDescription": description}
        ),
        Call("create_model_package", package),
    )


def live_model(stage: Stage, pipeline: str, package: ModelPackage) -> Call:
    """Ask for the model of a package; it answers with the package's version in every body."""
    definition = {"ModelPackageName": package.arn, "Environment": {container.MODEL_VERSION: str(package.version)}}
    return _model(stage, stage.names.model(pipeline, package.run_id), definition)


def endpoint_config(stage: Stage, pipeline: str, package: ModelPackage, spec: PipelineSpec) -> Call:
    """Ask for the immutable config that serves a package's model as the spec says now.

    A version may come back after the spec has changed, and its config of before can neither be changed nor made again.
    """
    variant = {
        "VariantName": VARIANT,
        "ModelName": stage.names.model(pipeline, package.run_id),
        "InitialInstanceCount": spec.machines.serve_count,
        "InstanceType": spec.machines.serve,
        "InitialVariantWeight": 1.0,
    }
    content = {"ProductionVariants": [variant], **_capture(stage, spec)}
    name = stage.names.endpoint_config(pipeline, package.run_id, digests.short_digest("config", content))
    return Call("create_endpoint_config", {"EndpointConfigName": name, **content})


def _capture(stage: Stage, spec: PipelineSpec) -> Request:
    """Return how requests and answers are captured; what is not listed as JSON would be captured as base64."""
    if spec.drift.capture_percent == 0:
        return {}
    return {
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": spec.drift.capture_percent,
            "DestinationS3Uri": stage.bucket.capture_uri,
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": [container.JSON]},
        }
    }


def endpoint(stage: Stage, pipeline: str, config: Call, *, update: bool) -> Call:
    """Ask the endpoint to run the config that a call asks for."""
    request = {
        "EndpointName": stage.names.endpoint(pipeline),
        "EndpointConfigName": config.request["EndpointConfigName"],
    }
    return Call("update_endpoint" if update else "create_endpoint", request)


def delete_endpoint(endpoint: Endpoint) -> Call:
    """Ask for the end of an endpoint that failed."""
    return Call("delete_endpoint", {"EndpointName": endpoint.name})


def run_description(run_id: str) -> str:
    """Return how the version of a run is described."""
    return f"{_DESCRIBED}{run_id}"


def described_run(description: str) -> str:
    """Read the run back from a version's description; empty if it is not of ours."""
    return description.removeprefix(_DESCRIBED) if description.startswith(_DESCRIBED) else ""


_DESCRIBED = "Freshet run "


def _container(run: RunFacts) -> Request:
    artifact_uri = run.train[-1].artifact_uri if run.train else None
    return {"Image": run.lineage.image_uri, "ModelDataUrl": artifact_uri}


def _model(stage: Stage, name: str, definition: Request) -> Call:
    request = {"ModelName": name, "ExecutionRoleArn": stage.role_arn, "PrimaryContainer": definition}
    return Call("create_model", request)
