"""Actions, performed on the account in memory and on the local cloud alike."""

import json

import pytest

from chalicelib.core import job_requests, requests
from chalicelib.core.actions import Call, CopyVersion, ListFiles, WriteJson
from chalicelib.core.decide_rollout import decide_rollout
from chalicelib.core.errors import BusyError, FenceLostError, GoneError, NameTakenError
from chalicelib.core.facts import PipelineFacts, RunFacts, Upload
from chalicelib.core.ledger import (
    Head,
)
from tests.chalicelib.adapters.sides import SAGEMAKER, STORAGE, Side, completed
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import SPEC


def training(side: Side, run: RunFacts) -> Call:
    """Give the call for a training job whose channels have an object each: SageMaker refuses empty ones."""
    call = job_requests.training_job(STAGE, run.lineage, SPEC, 1)
    for channel in call.request["InputDataConfig"]:
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        side.put(uri.removeprefix(f"s3://{STAGE.bucket_name}/") + "file", b"x")
    return call


def test_copy_is_of_the_version(side: Side) -> None:
    """A pinned copy holds the version that was accepted, whatever was put over it."""
    key = "uploads/reviews/pinned.csv"
    version = side.put(key, json.dumps("first").encode())
    side.put(key, json.dumps("second").encode())
    side.perform(CopyVersion(Upload("u" * 16, STAGE.bucket_name, key, version, 7), "datasets/pinned/raw.json"))
    assert STORAGE.read_json("datasets/pinned/raw.json") == "first"


def test_copy_of_nothing(side: Side) -> None:
    """An upload that is gone is told by its id."""
    gone = Upload("u" * 16, STAGE.bucket_name, "uploads/reviews/gone.csv", None, 7)
    with pytest.raises(GoneError) as raised:
        side.perform(CopyVersion(gone, "datasets/gone/raw.json"))
    assert raised.value.upload_id == gone.upload_id


def test_job_twice(side: Side, run: RunFacts) -> None:
    """The same training job asked for twice is one job."""
    call = training(side, run)
    side.perform(call, call)
    job = SAGEMAKER.training_job(call.request["TrainingJobName"])
    assert job is not None
    assert job.status in {"InProgress", "Failed"}


def test_stranger(side: Side, run: RunFacts) -> None:
    """A job that has our name and other inputs is never taken for ours."""
    call = training(side, run)
    side.perform(call)
    other = {**call.request, "OutputDataConfig": {"S3OutputPath": f"s3://{STAGE.bucket_name}/elsewhere"}}
    with pytest.raises(NameTakenError):
        side.perform(Call(call.operation, other))


def test_rollout_twice(side: Side, run: RunFacts) -> None:
    """A roll-out performed twice makes one endpoint, and an update while it is being made is told as busy."""
    side.perform(*requests.register(STAGE, run, "Approved"))
    package = completed(STAGE.names.model_package_group(SPEC.name), run.lineage.run_id)
    plan = decide_rollout(STAGE, PipelineFacts(SPEC, Head(SPEC.name), wanted=package))
    side.perform(*plan.actions)
    side.perform(*plan.actions)
    endpoint = SAGEMAKER.endpoint(STAGE.names.endpoint(SPEC.name))
    assert endpoint is not None
    assert endpoint.status == "Creating"
    config = requests.endpoint_config(STAGE, SPEC.name, package, SPEC)
    with pytest.raises(BusyError):
        side.perform(requests.endpoint(STAGE, SPEC.name, config, update=True))


def test_late_change(side: Side, run: RunFacts) -> None:  # noqa: ARG001
    """A call that is no creation is not made once something else was decided."""
    endpoint = Call("delete_endpoint", {"EndpointName": "freshet-dev-nobody"})
    side.perform(endpoint)
    with pytest.raises(FenceLostError):
        side.perform(endpoint, still=False)


def test_files_are_listed_once(side: Side) -> None:
    """The manifest of files is as a job's input wants it, and stays as it is when more files come."""
    prefix, manifest = "capture/listed/", "monitoring/listed/capture.manifest"
    action = ListFiles(manifest, prefix, f"{prefix}1", f"{prefix}3")
    for name in ("0", "1/a", "2/b", "3/c"):
        side.put(f"{prefix}{name}", b"x")
    side.perform(action)
    side.put(f"{prefix}2/late", b"x")
    side.perform(action)
    files = [f"{prefix}1/a", f"{prefix}2/b"]
    assert STORAGE.read_json(manifest) == [{"prefix": f"s3://{STAGE.bucket_name}/"}, *files]


def test_write_action(side: Side) -> None:
    """A planned document is written like any other."""
    side.perform(WriteJson("datasets/contract/planned.json", [1, 2]))
    assert STORAGE.read_json("datasets/contract/planned.json") == [1, 2]
