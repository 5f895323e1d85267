"""The requests to SageMaker, built from names and places alone, so that the same facts always ask for the same thing.

Limits and shapes: botocore's SageMaker model (2017-07-24); the container's side of each job is `core.container`.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.core import container, places
from chalicelib.core.actions import Call
from chalicelib.core.facts import BatchFacts, DatasetFacts, Lineage, ModelPackage, RunFacts
from chalicelib.core.names import Step
from chalicelib.core.places import Folder
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.stage import Stage

VARIANT = "AllTraffic"
_MAX_PAYLOAD_MB = 6

Request = dict[str, Any]


def prepare_job(stage: Stage, facts: DatasetFacts) -> Call:
    """Ask for the job that reads, checks and splits the uploads of a dataset version."""
    folder = stage.bucket.dataset(facts.pipeline, facts.dataset_id)
    return _processing_job(
        stage,
        facts.spec,
        name=stage.names.job(facts.pipeline, "prepare", facts.dataset_id),
        command="prepare",
        image_uri=facts.image_uri,
        inputs=[_manifest_input(folder), _folder_input(container.SPEC, folder.uri(container.SPEC, ""))],
        outputs={container.PREPARED: folder.uri(container.PREPARED)},
    )


def training_job(stage: Stage, lineage: Lineage, spec: PipelineSpec) -> Call:
    """Ask for the job that fits the model on the prepared rows."""
    run = stage.bucket.run(lineage.pipeline, lineage.run_id)
    dataset = stage.bucket.dataset(lineage.pipeline, lineage.dataset_id)
    channels = {
        container.SPEC: run.uri(container.SPEC, ""),
        container.TRAIN: dataset.uri(container.PREPARED, container.TRAIN, ""),
        container.VALIDATION: dataset.uri(container.PREPARED, container.VALIDATION, ""),
    }
    request = {
        "TrainingJobName": stage.names.job(lineage.pipeline, "train", lineage.run_id),
        "AlgorithmSpecification": {"TrainingImage": lineage.image_uri, "TrainingInputMode": "File"},
        "RoleArn": stage.role_arn,
        "InputDataConfig": [
            {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
            for name, uri in channels.items()
        ],
        "OutputDataConfig": {"S3OutputPath": run.uri(places.ARTIFACTS)},
        "ResourceConfig": _machines(spec, spec.machines.train),
        "StoppingCondition": {"MaxRuntimeInSeconds": spec.machines.max_runtime_s},
    }
    if spec.learner.hyperparameters:
        request["HyperParameters"] = dict(spec.learner.hyperparameters)
    return Call("create_training_job", request)


def score(stage: Stage, facts: RunFacts) -> tuple[Call, Call]:
    """Ask for a model of the candidate, which is no package yet, and for its batch transform of the held-out rows."""
    lineage = facts.lineage
    dataset = stage.bucket.dataset(lineage.pipeline, lineage.dataset_id)
    candidate = stage.names.candidate(lineage.pipeline, lineage.run_id)
    definition = _container(facts) | {"Environment": {container.MODEL_VERSION: f"candidate-{lineage.run_id}"}}
    job = _transform_job(
        facts.spec,
        name=stage.names.job(lineage.pipeline, "score", lineage.run_id),
        model_name=candidate,
        source=dataset.uri(container.PREPARED, container.TEST, ""),
        target=stage.bucket.run(lineage.pipeline, lineage.run_id).uri(container.SCORES),
    )
    return _model(stage, candidate, definition), job


def evaluate(stage: Stage, facts: RunFacts) -> tuple[Call]:
    """Ask for the job that compares the scores of the held-out rows with their labels."""
    lineage = facts.lineage
    dataset = stage.bucket.dataset(lineage.pipeline, lineage.dataset_id)
    run = stage.bucket.run(lineage.pipeline, lineage.run_id)
    job = _processing_job(
        stage,
        facts.spec,
        name=stage.names.job(lineage.pipeline, "evaluate", lineage.run_id),
        command="evaluate",
        image_uri=lineage.image_uri,
        inputs=[
            _folder_input(container.SPEC, run.uri(container.SPEC, "")),
            _folder_input(container.TRUTH, dataset.uri(container.PREPARED, container.TRUTH, "")),
            _folder_input(container.SCORES, run.uri(container.SCORES, "")),
        ],
        outputs={container.EVALUATION: run.uri(container.EVALUATION)},
    )
    return (job,)


def register(stage: Stage, facts: RunFacts) -> tuple[Call, Call]:
    """Ask for the group and the version in it; lineage lies in its metadata (a version may have no tags)."""
    lineage = facts.lineage
    group = stage.names.model_package_group(lineage.pipeline)
    evaluation = stage.bucket.run(lineage.pipeline, lineage.run_id).uri(container.EVALUATION, container.EVALUATION_FILE)
    package = {
        "ModelPackageGroupName": group,
        "ClientToken": lineage.run_id,
        "ModelApprovalStatus": "Approved",
        "InferenceSpecification": {
            "Containers": [_container(facts)],
            "SupportedContentTypes": [container.JSON, container.JSON_LINES],
            "SupportedResponseMIMETypes": [container.JSON, container.JSON_LINES],
            "SupportedRealtimeInferenceInstanceTypes": [facts.spec.machines.serve],
            "SupportedTransformInstanceTypes": [facts.spec.machines.score],
        },
        "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": container.JSON, "S3Uri": evaluation}}},
        "CustomerMetadataProperties": {
            "run_id": lineage.run_id,
            "dataset_id": lineage.dataset_id,
            "content_digest": lineage.content_digest,
            "recipe": lineage.recipe,
        },
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
    """Ask for the immutable config that serves a package's model."""
    variant = {
        "VariantName": VARIANT,
        "ModelName": stage.names.model(pipeline, package.run_id),
        "InitialInstanceCount": spec.machines.serve_count,
        "InstanceType": spec.machines.serve,
        "InitialVariantWeight": 1.0,
    }
    name = stage.names.endpoint_config(pipeline, package.run_id)
    return Call("create_endpoint_config", {"EndpointConfigName": name, "ProductionVariants": [variant]})


def endpoint(stage: Stage, pipeline: str, package: ModelPackage, *, update: bool) -> Call:
    """Ask the endpoint to run a package's config."""
    request = {
        "EndpointName": stage.names.endpoint(pipeline),
        "EndpointConfigName": stage.names.endpoint_config(pipeline, package.run_id),
    }
    return Call("update_endpoint" if update else "create_endpoint", request)


def shard_job(stage: Stage, facts: BatchFacts) -> Call:
    """Ask for the job that turns a file of any accepted format into JSON Lines without labels."""
    folder = stage.bucket.batch(facts.pipeline, facts.batch_id)
    return _processing_job(
        stage,
        facts.spec,
        name=stage.names.job(facts.pipeline, "shard", facts.batch_id),
        command="shard",
        image_uri=facts.image_uri,
        inputs=[_manifest_input(folder), _folder_input(container.SPEC, folder.uri(container.SPEC, ""))],
        outputs={container.SHARDS: folder.uri(container.SHARDS)},
    )


def batch(stage: Stage, facts: BatchFacts, model_name: str) -> tuple[Call]:
    """Ask for the batch transform of a person's file by the champion."""
    folder = stage.bucket.batch(facts.pipeline, facts.batch_id)
    job = _transform_job(
        facts.spec,
        name=stage.names.job(facts.pipeline, "batch", facts.batch_id),
        model_name=model_name,
        source=folder.uri(container.SHARDS, ""),
        target=folder.uri(places.SCORED),
    )
    return (job,)


def _processing_job(
    stage: Stage,
    spec: PipelineSpec,
    *,
    name: str,
    command: Step,
    image_uri: str,
    inputs: list[Request],
    outputs: Mapping[str, str],
) -> Call:
    request = {
        "ProcessingJobName": name,
        "RoleArn": stage.role_arn,
        "AppSpecification": {"ImageUri": image_uri, "ContainerArguments": [command]},
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": output,
                    "S3Output": {
                        "S3Uri": uri,
                        "LocalPath": f"{container.PROCESSING_DIR}/output/{output}",
                        "S3UploadMode": "EndOfJob",
                    },
                }
                for output, uri in outputs.items()
            ]
        },
        "ProcessingResources": {"ClusterConfig": _machines(spec, spec.machines.prepare)},
        "StoppingCondition": {"MaxRuntimeInSeconds": spec.machines.max_runtime_s},
    }
    return Call("create_processing_job", request)


def _folder_input(name: str, uri: str) -> Request:
    return _input(name, uri, "S3Prefix")


def _manifest_input(folder: Folder) -> Request:
    return _input(container.RAW, folder.uri(places.MANIFEST_FILE), "ManifestFile")


def _input(name: str, uri: str, data_type: str) -> Request:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{container.PROCESSING_DIR}/input/{name}",
            "S3DataType": data_type,
            "S3InputMode": "File",
        },
    }


def _transform_job(spec: PipelineSpec, *, name: str, model_name: str, source: str, target: str) -> Call:
    request = {
        "TransformJobName": name,
        "ModelName": model_name,
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": _MAX_PAYLOAD_MB,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}},
            "ContentType": container.JSON_LINES,
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": target, "Accept": container.JSON_LINES, "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": spec.machines.score, "InstanceCount": 1},
    }
    return Call("create_transform_job", request)


def _container(facts: RunFacts) -> Request:
    artifact_uri = facts.train.artifact_uri if facts.train else None
    return {"Image": facts.lineage.image_uri, "ModelDataUrl": artifact_uri}


def _model(stage: Stage, name: str, definition: Request) -> Call:
    request = {"ModelName": name, "ExecutionRoleArn": stage.role_arn, "PrimaryContainer": definition}
    return Call("create_model", request)


def _machines(spec: PipelineSpec, instance_type: str) -> Request:
    return {"InstanceCount": 1, "InstanceType": instance_type, "VolumeSizeInGB": spec.machines.volume_gb}
