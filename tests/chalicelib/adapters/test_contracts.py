"""What the services rely on, held against the fakes and against the adapters on the local cloud alike."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.executor import AwsExecutor
from chalicelib.adapters.runtime import EndpointRuntime
from chalicelib.adapters.sagemaker import SageMakerReader
from chalicelib.adapters.storage import S3Storage
from chalicelib.core import decide, digests, requests
from chalicelib.core.actions import Call, CopyVersion, Plan, WriteJson
from chalicelib.core.errors import NameTakenError, NotReadyError
from chalicelib.core.facts import Job, ModelPackage, RolloutFacts, RunFacts, Upload
from chalicelib.services.ports import Executor, Runtime, SageMaker, Storage
from localcloud.cloud import Cloud
from localcloud.settings import Settings
from tests.chalicelib.core.test_decide import RUN, SPEC
from tests.chalicelib.fakes import STAGE, FakeRuntime, World


@dataclass(frozen=True)
class Side:
    """One implementation of the ports, and how a person puts an object (key, content → version id)."""

    storage: Storage
    sagemaker: SageMaker
    executor: Executor
    runtime: Runtime
    put: Callable[[str, bytes], str]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Run a local cloud without an application."""
    with Cloud(Settings(state=tmp_path_factory.mktemp("state"), port=0)) as cloud:
        client: Any = boto3.client(
            "s3",
            endpoint_url=cloud.endpoint_url,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the local cloud has no secrets
            region_name="us-east-1",
        )
        client.create_bucket(Bucket=STAGE.bucket_name)
        client.put_bucket_versioning(Bucket=STAGE.bucket_name, VersioningConfiguration={"Status": "Enabled"})
        yield cloud


@pytest.fixture(params=["fakes", "local cloud"])
def side(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    """Give the fakes, or the adapters on the local cloud."""
    if request.param == "fakes":
        world = World()

        def drop(key: str, content: bytes) -> str:
            version = f"v{len(world.storage.objects)}"
            world.drop(key, version, len(content))
            return version

        yield Side(world.storage, world.sagemaker, world.executor, FakeRuntime(ready=False), drop)
        return
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("cloud").endpoint_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients.client.cache_clear()
    storage = S3Storage(STAGE.bucket_name)

    def put(key: str, content: bytes) -> str:
        answer = clients.client("s3").put_object(Bucket=STAGE.bucket_name, Key=key, Body=content)
        return str(answer["VersionId"])

    yield Side(storage, SageMakerReader(), AwsExecutor(storage), EndpointRuntime(), put)
    clients.client.cache_clear()


@pytest.fixture
def run(request: pytest.FixtureRequest, side: Side) -> RunFacts:
    """Give a run of this test's own whose artifact lies in the bucket."""
    run_id = digests.short_digest(request.node.name)
    key = f"models/reviews/{run_id}/artifacts/model.tar.gz"
    side.put(key, b"an artifact")
    lineage = replace(RUN.lineage, run_id=run_id)
    return replace(RUN, lineage=lineage, train=Job("t", "Completed", artifact_uri=f"s3://{STAGE.bucket_name}/{key}"))


def perform(side: Side, *calls: Call) -> None:
    side.executor.perform(Plan("", "", calls))


def completed(side: Side, group: str, run_id: str) -> ModelPackage:
    """Wait until a run's version can be deployed."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        package = side.sagemaker.package_of_run(group, run_id)
        if package and package.status == "Completed":
            return package
        time.sleep(0.02)
    raise TimeoutError(run_id)


def test_upload_is_found_by_version(side: Side) -> None:
    """Each version of an object is an upload of its own, with its size."""
    key = "uploads/reviews/été + 100%.csv"
    one, two = side.put(key, b"a"), side.put(key, b"bb")
    first = side.storage.find_upload(STAGE.bucket_name, key, one)
    second = side.storage.find_upload(STAGE.bucket_name, key, two)
    assert first is not None
    assert second is not None
    assert (first.size, second.size) == (1, 2)
    assert first.upload_id != second.upload_id


@pytest.mark.parametrize("version", [None, "no-such-version"])
def test_gone_upload(side: Side, version: str | None) -> None:
    """What is not there is None, not an error."""
    assert side.storage.find_upload(STAGE.bucket_name, "uploads/reviews/never.csv", version) is None
    assert side.storage.read_json("datasets/never.json") is None


def test_first_writer_wins(side: Side) -> None:
    """A document is written once; a second writer changes nothing."""
    side.storage.write_json_once("datasets/contract/once.json", {"writer": 1})
    side.storage.write_json_once("datasets/contract/once.json", {"writer": 2})
    assert side.storage.read_json("datasets/contract/once.json") == {"writer": 1}


def test_newest_folders(side: Side) -> None:
    """Folders are found by their file, newest first, and no more than asked for."""
    for name in ("b", "a", "c"):
        side.storage.write_json_once(f"datasets/listed/{name}/dataset.json", {})
        side.storage.write_json_once(f"datasets/listed/{name}/spec/spec.json", {})
    found = side.storage.newest_folders("datasets/listed/", "dataset.json", 2)
    assert len(found) == 2
    assert set(found) <= {"a", "b", "c"}
    assert side.storage.newest_folders("datasets/none/", "dataset.json", 2) == []


def test_copy_is_of_the_version(side: Side) -> None:
    """A pinned copy holds the version that was accepted, whatever was put over it."""
    key = "uploads/reviews/pinned.csv"
    version = side.put(key, json.dumps("first").encode())
    side.put(key, json.dumps("second").encode())
    upload = Upload("u" * 16, STAGE.bucket_name, key, version, 7)
    side.executor.perform(Plan("", "", (CopyVersion(upload, "datasets/pinned/raw.json"),)))
    assert side.storage.read_json("datasets/pinned/raw.json") in {"first", "a copy"}


def test_unknown_names(side: Side) -> None:
    """What SageMaker does not know is None."""
    sagemaker = side.sagemaker
    assert sagemaker.processing_job("freshet-dev-reviews-prepare-0") is None
    assert sagemaker.training_job("freshet-dev-reviews-train-0") is None
    assert sagemaker.transform_job("freshet-dev-reviews-score-0") is None
    assert sagemaker.endpoint("freshet-dev-nobody") is None
    assert sagemaker.endpoint_config("freshet-dev-nobody-config-0") is None
    assert sagemaker.package_of_run("freshet-dev-nobody", "0") is None
    assert sagemaker.newest_approved_package("freshet-dev-nobody") is None


def training(side: Side, run: RunFacts) -> Call:
    """Give the call for a training job whose channels have an object each: SageMaker refuses empty ones."""
    call = requests.training_job(STAGE, run.lineage, SPEC)
    for channel in call.request["InputDataConfig"]:
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        side.put(uri.removeprefix(f"s3://{STAGE.bucket_name}/") + "file", b"x")
    return call


def test_job_twice(side: Side, run: RunFacts) -> None:
    """The same training job asked for twice is one job."""
    call = training(side, run)
    perform(side, call)
    perform(side, call)
    job = side.sagemaker.training_job(call.request["TrainingJobName"])
    assert job is not None
    assert job.status in {"InProgress", "Failed"}


def test_stranger(side: Side, run: RunFacts) -> None:
    """A job that has our name and other inputs is never taken for ours."""
    call = training(side, run)
    perform(side, call)
    other = {**call.request, "OutputDataConfig": {"S3OutputPath": f"s3://{STAGE.bucket_name}/elsewhere"}}
    with pytest.raises(NameTakenError):
        perform(side, Call(call.operation, other))


def test_register_twice(side: Side, run: RunFacts) -> None:
    """A run registers one version, however often it is asked to, and that version is found by the run."""
    for _ in range(2):
        perform(side, *requests.register(STAGE, run))
    group = STAGE.names.model_package_group(SPEC.name)
    package = completed(side, group, run.lineage.run_id)
    assert package == side.sagemaker.newest_approved_package(group)
    assert package.approval == "Approved"


def test_rollout_twice(side: Side, run: RunFacts) -> None:
    """A roll-out performed twice makes one model, one config and one endpoint, and they are found by name."""
    perform(side, *requests.register(STAGE, run))
    names = STAGE.names
    package = completed(side, names.model_package_group(SPEC.name), run.lineage.run_id)
    facts = RolloutFacts(SPEC.name, SPEC, package, None, None)
    plan = decide.decide_rollout(STAGE, facts)
    for _ in range(2):
        side.executor.perform(plan)
    config = side.sagemaker.endpoint_config(names.endpoint_config(SPEC.name, run.lineage.run_id))
    endpoint = side.sagemaker.endpoint(names.endpoint(SPEC.name))
    assert config is not None
    assert endpoint is not None
    assert config.model_name == names.model(SPEC.name, run.lineage.run_id)
    assert endpoint.config_name == config.name
    assert config.created <= endpoint.changed


def test_no_model_answers(side: Side) -> None:
    """Without a live model a prediction is refused as not ready, with words fit for the caller."""
    with pytest.raises(NotReadyError, match="no model is live yet"):
        side.runtime.invoke("freshet-dev-nobody", [{"text": "good"}], "0" * 36)


def test_write_action(side: Side) -> None:
    """A planned document is written like any other."""
    side.executor.perform(Plan("", "", (WriteJson("datasets/contract/planned.json", [1, 2]),)))
    assert side.storage.read_json("datasets/contract/planned.json") == [1, 2]
