"""The decisions, one table per thing that has a life of its own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import decide, digests, places, requests
from chalicelib.core.actions import Call, CopyVersion, Plan, WriteJson
from chalicelib.core.facts import (
    BatchFacts,
    DatasetFacts,
    Endpoint,
    EndpointConfig,
    Job,
    Lineage,
    ModelPackage,
    RolloutFacts,
    RunFacts,
    Upload,
)
from chalicelib.core.spec import Learner
from chalicelib.pipelines import DEFAULT, PIPELINES
from tests.chalicelib.fakes import STAGE, START

SPEC = PIPELINES[DEFAULT]
UPLOAD = Upload("aaaaaaaaaaaaaaaa", STAGE.bucket_name, "uploads/reviews/été 1.csv", "v1", 10)
DONE, RUNNING = Job("some-job", "Completed", artifact_uri="s3://b/model.tar.gz"), Job("some-job", "InProgress")
FAILED = Job("some-job", "Failed", "the label is unknown")
DATASET = DatasetFacts(SPEC.name, "dddddddddddddddd", SPEC, STAGE.image_uri, (UPLOAD,))
SUMMARY = {"content_digest": "c" * 64, "rows": {}}
RUN = RunFacts(
    Lineage(SPEC.name, "eeeeeeeeeeeeeeee", DATASET.dataset_id, "c" * 64, "f" * 16, "own-image@sha256:1"), SPEC
)
PACKAGE_ARN = "arn:aws:sagemaker:r:1:model-package/freshet-dev-reviews/2"
PACKAGE = ModelPackage(PACKAGE_ARN, 2, "Completed", "Approved", "eeeeeeeeeeeeeeee")
WANTED = STAGE.names.endpoint_config(SPEC.name, PACKAGE.run_id)
ENDPOINT = Endpoint(STAGE.names.endpoint(SPEC.name), "InService", "an older config", START)
CONFIG = EndpointConfig(WANTED, START, "model")
ROLLOUT = RolloutFacts(SPEC.name, SPEC, PACKAGE, ENDPOINT, None)
BATCH = BatchFacts(SPEC.name, UPLOAD.upload_id, SPEC, STAGE.image_uri, UPLOAD, "the champion")


def steps(plan: Plan) -> list[str]:
    """Name a plan's actions."""
    return [action.operation if isinstance(action, Call) else type(action).__name__ for action in plan.actions]


@pytest.mark.parametrize(
    ("change", "state", "actions"),
    [
        ({"refused": "the file is empty"}, "refused", []),
        ({}, "preparing", ["WriteJson", "CopyVersion", "WriteJson", "create_processing_job"]),
        ({"prepare": RUNNING}, "preparing", []),
        ({"prepare": replace(RUNNING, status="Stopping")}, "preparing", []),
        ({"prepare": FAILED}, "failed", []),
        ({"prepare": replace(FAILED, status="Stopped")}, "failed", []),
        ({"prepare": DONE}, "failed", []),
        ({"prepare": DONE, "summary": SUMMARY}, "prepared", ["WriteJson", "WriteJson", "create_training_job"]),
    ],
)
def test_dataset(change: dict[str, Any], state: str, actions: list[str]) -> None:
    """A dataset version is prepared once and starts its run once the rows are there."""
    plan = decide.decide_dataset(STAGE, replace(DATASET, **change), current=SPEC)
    assert (plan.state, steps(plan)) == (state, actions)


def test_failure_is_told() -> None:
    """The reason of a failed job is the plan's reason."""
    plan = decide.decide_dataset(STAGE, replace(DATASET, prepare=FAILED), current=SPEC)
    assert plan.reason == "some-job is Failed: the label is unknown"


def test_refusal_is_told_in_the_persons_words() -> None:
    """Data that a job refused end as refused, not failed, and the file is named as the person named it."""
    message = f"refused: {places.raw_name(UPLOAD.upload_id, UPLOAD.key)}: line 3: column 'label' is missing"
    job = replace(FAILED, reason="AlgorithmError: , exit code: 1", message=message)
    expected = Plan("refused", "été 1.csv: line 3: column 'label' is missing")
    assert decide.decide_dataset(STAGE, replace(DATASET, prepare=job), current=SPEC) == expected
    assert decide.decide_batch(STAGE, replace(BATCH, shard=job)) == expected


def test_broken_job_is_no_refusal() -> None:
    """A message that does not say so is a failure, and is still told."""
    job = replace(FAILED, message="unexpected KeyError in prepare")
    plan = decide.decide_dataset(STAGE, replace(DATASET, prepare=job), current=SPEC)
    assert (plan.state, plan.reason) == ("failed", "some-job is Failed: unexpected KeyError in prepare")


def test_run_is_named_by_content_and_recipe() -> None:
    """Another learner makes another run of the same rows; another dataset version with the same content does not."""

    def train(facts: DatasetFacts, learner: Learner) -> str:
        plan = decide.decide_dataset(
            STAGE, replace(facts, prepare=DONE, summary=SUMMARY), current=replace(SPEC, learner=learner)
        )
        call = plan.actions[-1]
        assert isinstance(call, Call)
        return str(call.request["TrainingJobName"])

    assert train(DATASET, SPEC.learner) == train(replace(DATASET, dataset_id="9" * 16), SPEC.learner)
    assert train(DATASET, SPEC.learner) != train(DATASET, Learner("another"))


def test_run_of_another_dataset_version() -> None:
    """Where the same content was trained before, the very same training job is asked for, with that run's own rows."""
    begun = decide.begin_lineage(STAGE, replace(DATASET, summary=SUMMARY), SPEC)
    again = replace(DATASET, dataset_id="9" * 16, prepare=DONE, summary=SUMMARY, run=begun)
    first = replace(DATASET, prepare=DONE, summary=SUMMARY)
    plans = [decide.decide_dataset(STAGE, facts, current=SPEC) for facts in (first, again)]
    assert plans[0].actions == plans[1].actions


def test_pinned() -> None:
    """A job reads the pinned copy of the very version that was accepted, through the manifest."""
    spec, copy, manifest, job = decide.decide_dataset(STAGE, DATASET, current=SPEC).actions
    assert isinstance(spec, WriteJson)
    assert isinstance(copy, CopyVersion)
    assert isinstance(manifest, WriteJson)
    assert isinstance(job, Call)
    prefix, name = manifest.data
    assert copy.source == UPLOAD
    assert prefix["prefix"] + name == f"s3://{STAGE.bucket_name}/{copy.key}"
    raw = job.request["ProcessingInputs"][0]["S3Input"]
    assert raw["S3Uri"] == f"s3://{STAGE.bucket_name}/{manifest.key}"
    assert raw["S3DataType"] == "ManifestFile"


@pytest.mark.parametrize(
    ("change", "state", "actions"),
    [
        ({}, "training", ["create_training_job"]),
        ({"train": RUNNING}, "training", []),
        ({"train": FAILED}, "failed", []),
        ({"train": DONE}, "scoring", ["create_model", "create_transform_job"]),
        ({"train": DONE, "score": RUNNING}, "scoring", []),
        ({"train": DONE, "score": FAILED}, "failed", []),
        ({"train": DONE, "score": DONE}, "evaluating", ["create_processing_job"]),
        ({"train": DONE, "score": DONE, "evaluate": RUNNING}, "evaluating", []),
        ({"train": DONE, "score": DONE, "evaluate": FAILED}, "failed", []),
        (
            {"train": DONE, "score": DONE, "evaluate": DONE},
            "registering",
            ["create_model_package_group", "create_model_package"],
        ),
        ({"train": DONE, "score": DONE, "evaluate": DONE, "package": PACKAGE}, "registered", []),
    ],
)
def test_run(change: dict[str, Any], state: str, actions: list[str]) -> None:
    """A run takes its next step only once the one before has completed."""
    plan = decide.decide_run(STAGE, replace(RUN, **change))
    assert (plan.state, steps(plan)) == (state, actions)


def test_run_keeps_its_image() -> None:
    """A run ends with the image it began with, whatever was deployed meanwhile."""
    plan = decide.decide_run(replace(STAGE, image_uri="a newer image"), replace(RUN, train=DONE))
    assert isinstance(plan.actions[0], Call)
    assert plan.actions[0].request["PrimaryContainer"]["Image"] == "own-image@sha256:1"


@pytest.mark.parametrize(
    ("change", "state", "last"),
    [
        ({"package": None}, "waiting", None),
        ({"package": replace(PACKAGE, status="Pending")}, "waiting", None),
        ({"endpoint": None}, "rolling out", "create_endpoint"),
        ({}, "rolling out", "update_endpoint"),
        ({"endpoint": replace(ENDPOINT, status="Creating")}, "rolling out", None),
        ({"endpoint": replace(ENDPOINT, status="Updating")}, "rolling out", None),
        ({"endpoint": replace(ENDPOINT, status="RollingBack")}, "rolling out", None),
        ({"endpoint": replace(ENDPOINT, status="Failed", reason="no ping")}, "failed", None),
        ({"endpoint": replace(ENDPOINT, config_name=WANTED), "config": CONFIG}, "live", None),
        # The config was made after the endpoint last changed: its update has not been asked for yet.
        ({"config": replace(CONFIG, created=START + timedelta(seconds=1))}, "rolling out", "update_endpoint"),
        # The endpoint changed after the config was made and does not run it: the update failed.
        ({"config": replace(CONFIG, created=START - timedelta(seconds=1))}, "failed", None),
        ({"config": CONFIG}, "failed", None),
    ],
)
def test_rollout(change: dict[str, Any], state: str, last: str | None) -> None:
    """An endpoint is updated once for the newest version: never while it changes, never again after a failure."""
    plan = decide.decide_rollout(STAGE, replace(ROLLOUT, **change))
    assert plan.state == state
    expected = ["create_model", "create_endpoint_config", last] if last else []
    assert steps(plan) == expected


@pytest.mark.parametrize(
    ("change", "state", "actions"),
    [
        ({"refused": "the file is empty"}, "refused", []),
        ({"model_name": None}, "refused", []),
        ({}, "sharding", ["WriteJson", "CopyVersion", "WriteJson", "create_processing_job"]),
        ({"shard": RUNNING}, "sharding", []),
        ({"shard": FAILED}, "failed", []),
        ({"shard": DONE}, "scoring", ["create_transform_job"]),
        ({"shard": DONE, "score": RUNNING}, "scoring", []),
        ({"shard": DONE, "score": DONE}, "scored", []),
    ],
)
def test_batch(change: dict[str, Any], state: str, actions: list[str]) -> None:
    """A batch is sharded, then scored by the model that was chosen when it came."""
    plan = decide.decide_batch(STAGE, replace(BATCH, **change))
    assert (plan.state, steps(plan)) == (state, actions)


def test_live_model_tells_its_version() -> None:
    """A live model is made from its package and answers with the package's version."""
    request = requests.live_model(STAGE, SPEC.name, PACKAGE).request
    assert request["PrimaryContainer"] == {
        "ModelPackageName": PACKAGE.arn,
        "Environment": {"FRESHET_MODEL_VERSION": "2"},
    }


def test_plans_repeat() -> None:
    """The same facts always give the same plan."""
    facts = replace(RUN, train=DONE)
    assert decide.decide_run(STAGE, facts) == decide.decide_run(STAGE, facts)
    assert digests.short_digest(1, "a") == digests.short_digest(1, "a")
