"""The requests for jobs, built from names and places alone, so that the same facts always ask for the same thing.

Limits and shapes: botocore's SageMaker model (2017-07-24); the container's side of each job is `core.container`.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.core import container, digests, places
from chalicelib.core.actions import Call
from chalicelib.core.attempts import given_up
from chalicelib.core.facts import BatchFacts, CheckFacts, DatasetFacts, Lineage, Rival, RunFacts
from chalicelib.core.places import Folder
from chalicelib.core.requests import candidate_model, live_model
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.stage import Stage

_MAX_PAYLOAD_MB = 6

Request = dict[str, Any]


def score_id(dataset_id: str, run_id: str) -> str:
    """Return the id of the scoring of a dataset version's held-out rows by the model of a run."""
    return digests.short_digest("score", dataset_id, run_id)


def prepare_job(stage: Stage, pipeline: str, dataset: DatasetFacts, attempt: int) -> Call:
    """Ask for the job that reads, checks and splits the uploads of a dataset version."""
    dataset_id = dataset.row.dataset_id
    folder = stage.bucket.dataset(pipeline, dataset_id)
    return _processing_job(
        stage,
        dataset.spec,
        name=stage.names.job(pipeline, "prepare", dataset_id, attempt),
        command="prepare",
        image_uri=dataset.image_uri,
        inputs=[
            _manifest_input(folder),
            _folder_input(container.SPEC, folder.uri(container.SPEC, "")),
            *(_label_inputs(folder) if dataset.labels else ()),
        ],
        outputs={container.PREPARED: folder.uri(container.PREPARED)},
    )


def training_job(stage: Stage, lineage: Lineage, spec: PipelineSpec, attempt: int) -> Call:
    """Ask for the job that fits the model on the prepared rows."""
    run = stage.bucket.run(lineage.pipeline, lineage.run_id)
    dataset = stage.bucket.dataset(lineage.pipeline, lineage.dataset_id)
    channels = {
        container.SPEC: run.uri(container.SPEC, ""),
        container.TRAIN: dataset.uri(container.PREPARED, container.TRAIN, ""),
        container.VALIDATION: dataset.uri(container.PREPARED, container.VALIDATION, ""),
    }
    request = {
        "TrainingJobName": stage.names.job(lineage.pipeline, "train", lineage.run_id, attempt),
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


def score(stage: Stage, run: RunFacts, attempt: int) -> tuple[Call, Call]:
    """Ask for a model of the challenger and for its batch transform of the held-out rows."""
    lineage = run.lineage
    name = stage.names.candidate(lineage.pipeline, lineage.run_id)
    return candidate_model(stage, run), _score_job(stage, run, lineage.run_id, name, attempt)


def rival_score(stage: Stage, run: RunFacts, rival: Rival, attempt: int) -> tuple[Call, Call]:
    """Ask for the batch transform of the same rows by the live model of another version."""
    pipeline, run_id = run.lineage.pipeline, rival.reference.run_id
    model = live_model(stage, pipeline, rival.package)
    return model, _score_job(stage, run, run_id, stage.names.model(pipeline, run_id), attempt)


def evaluate(stage: Stage, run: RunFacts, attempt: int) -> Call:
    """Ask for the job that compares the scores of the held-out rows with their labels, and with those of the others."""
    lineage = run.lineage
    folder, evaluation_id = stage.bucket.run(lineage.pipeline, lineage.run_id), run.row.evaluation_id
    return _processing_job(
        stage,
        run.spec,
        name=stage.names.job(lineage.pipeline, "evaluate", evaluation_id, attempt),
        command="evaluate",
        image_uri=lineage.image_uri,
        inputs=_evaluate_inputs(stage, run, folder),
        outputs={container.EVALUATION: stage.bucket.evaluation(lineage.pipeline, lineage.run_id, evaluation_id).uri()},
    )


def baseline(stage: Stage, run: RunFacts, attempt: int) -> Call:
    """Ask for the job that makes what captured requests are compared with: evaluate has no input to spare."""
    lineage = run.lineage
    folder = stage.bucket.run(lineage.pipeline, lineage.run_id)
    dataset = stage.bucket.dataset(lineage.pipeline, lineage.dataset_id)
    uris = {
        container.SPEC: folder.uri(container.SPEC, ""),
        container.TRAIN: dataset.uri(container.PREPARED, container.TRAIN, ""),
        container.TEST: dataset.uri(container.PREPARED, container.TEST, ""),
        container.TRUTH: dataset.uri(container.PREPARED, container.TRUTH, ""),
        container.SCORES: _scores(stage, run, lineage.run_id).uri(""),
        container.MODEL: str(run.train[-1].artifact_uri if run.train else ""),
    }
    return _processing_job(
        stage,
        run.spec,
        name=stage.names.job(lineage.pipeline, "baseline", lineage.run_id, attempt),
        command="baseline",
        image_uri=lineage.image_uri,
        inputs=[_folder_input(name, uri) for name, uri in uris.items()],
        outputs={container.BASELINE: folder.uri(container.BASELINE)},
    )


def _evaluate_inputs(stage: Stage, run: RunFacts, folder: Folder) -> list[Request]:
    """Return the inputs: ten with both rivals, which is all that a processing job may have."""
    lineage = run.lineage
    dataset = stage.bucket.dataset(lineage.pipeline, lineage.dataset_id)
    uris = {
        container.SPEC: folder.uri(container.SPEC, ""),
        container.TEST: dataset.uri(container.PREPARED, container.TEST, ""),
        container.TRUTH: dataset.uri(container.PREPARED, container.TRUTH, ""),
        container.SUMMARY: dataset.uri(container.PREPARED, container.SUMMARY_FILE),
        container.SCORES: _scores(stage, run, lineage.run_id).uri(""),
        container.MODEL: str(run.train[-1].artifact_uri if run.train else ""),
    }
    roles = (
        (run.champion, container.CHAMPION_SCORES, container.CHAMPION_SEEN),
        (run.anchor, container.ANCHOR_SCORES, container.ANCHOR_SEEN),
    )
    for rival, scores, seen in roles:
        if rival and not given_up(rival.score):
            theirs = stage.bucket.dataset(lineage.pipeline, rival.dataset_id)
            uris[scores] = _scores(stage, run, rival.reference.run_id).uri("")
            uris[seen] = theirs.uri(container.PREPARED, container.SEEN, "")
    return [_folder_input(name, uri) for name, uri in uris.items()]


def _scores(stage: Stage, run: RunFacts, run_id: str) -> Folder:
    """Return where a model's scores of the run's held-out rows lie."""
    return stage.bucket.scores(run.lineage.pipeline, run_id, run.lineage.dataset_id)


def _score_job(stage: Stage, run: RunFacts, run_id: str, model_name: str, attempt: int) -> Call:
    lineage = run.lineage
    dataset = stage.bucket.dataset(lineage.pipeline, lineage.dataset_id)
    return _transform_job(
        run.spec,
        name=stage.names.job(lineage.pipeline, "score", score_id(lineage.dataset_id, run_id), attempt),
        model_name=model_name,
        source=dataset.uri(container.PREPARED, container.TEST, ""),
        target=_scores(stage, run, run_id).uri(),
    )


def shard_job(stage: Stage, facts: BatchFacts, attempt: int) -> Call:
    """Ask for the job that turns a file of any accepted format into JSON Lines without labels."""
    folder = stage.bucket.batch(facts.pipeline, facts.batch_id)
    return _processing_job(
        stage,
        facts.spec,
        name=stage.names.job(facts.pipeline, "shard", facts.batch_id, attempt),
        command="shard",
        image_uri=facts.image_uri,
        inputs=[_manifest_input(folder), _folder_input(container.SPEC, folder.uri(container.SPEC, ""))],
        outputs={container.SHARDS: folder.uri(container.SHARDS)},
    )


def batch(stage: Stage, facts: BatchFacts, model_name: str, attempt: int) -> Call:
    """Ask for the batch transform of a person's file by the champion."""
    folder = stage.bucket.batch(facts.pipeline, facts.batch_id)
    return _transform_job(
        facts.spec,
        name=stage.names.job(facts.pipeline, "batch", facts.batch_id, attempt),
        model_name=model_name,
        source=folder.uri(container.SHARDS, ""),
        target=folder.uri(places.SCORED),
    )


def monitor(stage: Stage, pipeline: str, check: CheckFacts, attempt: int) -> Call:
    """Ask for the job that compares a window of captured requests with the baseline of the version that answered."""
    folder = stage.bucket.check(pipeline, check.row.check_id)
    run = stage.bucket.run(pipeline, check.row.run_id)
    inputs = [
        _folder_input(container.SPEC, folder.uri(container.SPEC, "")),
        _folder_input(container.BASELINE, run.uri(container.BASELINE, "")),
        _folder_input(container.WINDOW, folder.uri(container.WINDOW, "")),
    ]
    capture, labels = _label_inputs(folder)
    inputs += [capture, labels] if check.labels else [capture]
    if check.model_uri:
        inputs.append(_folder_input(container.MODEL, check.model_uri))
    return _processing_job(
        stage,
        check.spec,
        name=stage.names.job(pipeline, "drift", check.row.check_id, attempt),
        command="monitor",
        image_uri=check.image_uri,
        inputs=inputs,
        outputs={container.MONITORING: folder.uri(container.MONITORING)},
    )


def _processing_job(
    stage: Stage,
    spec: PipelineSpec,
    *,
    name: str,
    command: str,
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


def _label_inputs(folder: Folder) -> tuple[Request, Request]:
    return (
        _input(container.CAPTURE, folder.uri(places.CAPTURE_MANIFEST), "ManifestFile"),
        _input(container.GROUND_TRUTH, folder.uri(places.LABELS_MANIFEST), "ManifestFile"),
    )


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


def _machines(spec: PipelineSpec, instance_type: str) -> Request:
    return {"InstanceCount": 1, "InstanceType": instance_type, "VolumeSizeInGB": spec.machines.volume_gb}
