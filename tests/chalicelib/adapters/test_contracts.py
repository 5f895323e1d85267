"""What the services rely on, held against the account in memory and against the local cloud alike."""

import io
import json
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.executor import AwsExecutor
from chalicelib.adapters.ledger import DynamoLedger
from chalicelib.adapters.runtime import EndpointRuntime
from chalicelib.adapters.sagemaker import SageMakerReader
from chalicelib.adapters.storage import S3Storage
from chalicelib.core import digests, job_requests, requests
from chalicelib.core.actions import Action, Call, CopyVersion, Settle, WriteJson
from chalicelib.core.decide_rollout import decide_rollout
from chalicelib.core.errors import BusyError, FenceLostError, GoneError, NameTakenError, NotReadyError
from chalicelib.core.facts import Job, ModelPackage, PipelineFacts, RunFacts, Upload
from chalicelib.core.ledger import (
    BatchEnd,
    DatasetRow,
    Decision,
    Head,
    Pin,
    Reference,
    RunRow,
    Transition,
    UploadVerdict,
    Wish,
)
from infra import resources
from localcloud.cloud import Cloud
from localcloud.settings import Image, Settings
from tests.chalicelib.aws.account import START
from tests.chalicelib.aws.world import STAGE, World, on
from tests.chalicelib.core.samples import LINEAGE, RUN, SPEC

STORAGE, SAGEMAKER, LEDGER = S3Storage(STAGE.bucket_name), SageMakerReader(), DynamoLedger(STAGE.table_name)


@dataclass(frozen=True)
class Side:
    """The adapters on one of the two."""

    client: Any  # the factory of clients

    def put(self, key: str, content: bytes) -> str:
        """Store an object and return its version."""
        answer = self.client("s3").put_object(Bucket=STAGE.bucket_name, Key=key, Body=content)
        return str(answer["VersionId"])

    def perform(self, *actions: Action, still: bool = True) -> None:
        """Perform actions for the pipeline."""
        AwsExecutor(STORAGE, LEDGER).perform(SPEC.name, actions, lambda: still)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Run a local cloud without an application."""
    waiting = {LINEAGE.image_uri: Image((sys.executable, "-c", "import time; time.sleep(60)"))}
    with Cloud(Settings(state=tmp_path_factory.mktemp("state"), port=0, images=waiting)) as cloud:

        def client(service: str) -> Any:
            return boto3.client(  # type: ignore[call-overload] # the stubs want a literal
                service,
                endpoint_url=cloud.endpoint_url,
                aws_access_key_id="local",
                aws_secret_access_key="local",  # noqa: S106 - the local cloud has no secrets
                region_name="us-east-1",
            )

        s3 = client("s3")
        s3.create_bucket(Bucket=STAGE.bucket_name)
        s3.put_bucket_versioning(Bucket=STAGE.bucket_name, VersioningConfiguration={"Status": "Enabled"})
        table = resources.read_template()["Resources"]["Ledger"]["Properties"]
        kept = ("BillingMode", "AttributeDefinitions", "KeySchema")
        client("dynamodb").create_table(TableName=STAGE.table_name, **{name: table[name] for name in kept})
        yield cloud


@pytest.fixture
def local(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    """Give the local cloud."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients.client.cache_clear()
    yield Side(clients.client)
    clients.client.cache_clear()


@pytest.fixture(params=["account in memory", "local cloud"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    """Give the account in memory, or the local cloud."""
    if request.param == "local cloud":
        yield request.getfixturevalue("local")
        return
    with on(World()) as world:
        yield Side(world.account.client)


@pytest.fixture
def own(request: pytest.FixtureRequest) -> str:
    """Give an id of this test's own, on whichever side."""
    return digests.short_digest(request.node.name)


@pytest.fixture
def run(own: str, side: Side) -> RunFacts:
    """Give a run of this test's own whose artifact lies in the bucket."""
    key = f"models/reviews/{own}/artifacts/model.tar.gz"
    side.put(key, empty_archive())
    trained = Job("t", "Completed", artifact_uri=f"s3://{STAGE.bucket_name}/{key}")
    return replace(RUN, lineage=replace(LINEAGE, run_id=own), train=(trained,))


def empty_archive() -> bytes:
    """Give a `model.tar.gz` without files."""
    file = io.BytesIO()
    tarfile.open(fileobj=file, mode="w:gz").close()
    return file.getvalue()


def completed(group: str, run_id: str) -> ModelPackage:
    """Wait until a run's version can be deployed."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        package = next((package for package in SAGEMAKER.packages(group) if package.run_id == run_id), None)
        if package and package.status == "Completed":
            return package
        time.sleep(0.02)
    raise TimeoutError(run_id)


def training(side: Side, run: RunFacts) -> Call:
    """Give the call for a training job whose channels have an object each: SageMaker refuses empty ones."""
    call = job_requests.training_job(STAGE, run.lineage, SPEC, 1)
    for channel in call.request["InputDataConfig"]:
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        side.put(uri.removeprefix(f"s3://{STAGE.bucket_name}/") + "file", b"x")
    return call


def transition(fence: int, pipeline: str, reason: str = "", head: Head | None = None, *rows: Any) -> Transition:
    """Give a transition to a fence."""
    decision = Decision(fence, START.isoformat(), "test", "learning", "training", reason)
    return Transition(replace(head or Head(pipeline), fence=fence), decision, rows)


def test_upload_is_found_by_version(side: Side) -> None:
    """Each version of an object is an upload of its own, with its size."""
    key = "uploads/reviews/été + 100%.csv"
    one, two = side.put(key, b"a"), side.put(key, b"bb")
    first = STORAGE.find_upload(STAGE.bucket_name, key, one)
    second = STORAGE.find_upload(STAGE.bucket_name, key, two)
    assert first is not None
    assert second is not None
    assert (first.size, second.size) == (1, 2)
    assert first.upload_id != second.upload_id


@pytest.mark.parametrize("version", [None, "no-such-version"])
def test_gone_upload(side: Side, version: str | None) -> None:  # noqa: ARG001 - which side it is
    """What is not there is None, not an error."""
    assert STORAGE.find_upload(STAGE.bucket_name, "uploads/reviews/never.csv", version) is None
    assert STORAGE.read_json("datasets/never.json") is None


def test_versions_are_listed_newest_first(side: Side, own: str) -> None:
    """The versions of each key are listed from the newest to the oldest, as the very uploads that a look-up finds."""
    prefix = f"uploads/listed/{own}/"
    put = {name: [side.put(f"{prefix}{name}", b"x" * size) for size in range(1, 5)] for name in ("a.csv", "b +%.csv")}
    side.put(f"{prefix}folder/", b"")
    listed = STORAGE.versions(prefix)
    for name, versions in put.items():
        found = [version.upload for version in listed if version.upload.key == f"{prefix}{name}"]
        assert [upload.version_id for upload in found] == versions[::-1]
        assert found[0] == STORAGE.find_upload(STAGE.bucket_name, f"{prefix}{name}", None)
    assert len(listed) == 8


def test_deleted_key(side: Side, own: str) -> None:
    """The versions of a key that was deleted are listed as deleted."""
    key = f"uploads/deleted/{own}.csv"
    side.put(key, b"x")
    assert [version.deleted for version in STORAGE.versions(key)] == [False]
    side.client("s3").delete_object(Bucket=STAGE.bucket_name, Key=key)
    assert [version.deleted for version in STORAGE.versions(key)] == [True]
    time.sleep(1.1)  # S3 tells times in full seconds
    side.put(key, b"again")
    assert [version.deleted for version in STORAGE.versions(key)] == [False, True]


def test_first_writer_wins(side: Side) -> None:  # noqa: ARG001
    """A document is written once; a second writer changes nothing."""
    STORAGE.write_json_once("datasets/contract/once.json", {"writer": 1})
    STORAGE.write_json_once("datasets/contract/once.json", {"writer": 2})
    assert STORAGE.read_json("datasets/contract/once.json") == {"writer": 1}


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


def test_unknown_names(side: Side) -> None:  # noqa: ARG001
    """What SageMaker does not know is None."""
    assert SAGEMAKER.processing_job("freshet-dev-reviews-prepare-0") is None
    assert SAGEMAKER.training_job("freshet-dev-reviews-train-0") is None
    assert SAGEMAKER.transform_job("freshet-dev-reviews-score-0") is None
    assert SAGEMAKER.endpoint("freshet-dev-nobody") is None
    assert list(SAGEMAKER.packages("freshet-dev-nobody")) == []


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


@pytest.mark.parametrize("approval", ["Approved", "PendingManualApproval"])
def test_register_twice(side: Side, run: RunFacts, approval: str) -> None:
    """A run registers one version, however often it is asked to, and that version is found by the run."""
    for _ in range(2):
        side.perform(*requests.register(STAGE, run, approval))
    group = STAGE.names.model_package_group(SPEC.name)
    package = completed(group, run.lineage.run_id)
    assert package.approval == approval
    assert sum(other.run_id == package.run_id for other in SAGEMAKER.packages(group)) == 1


def test_packages_of_many_pages(side: Side, own: str) -> None:
    """All versions of a group are listed, the newest first."""
    stage = replace(STAGE, name="many")
    for number in range(3):
        run_id = digests.short_digest(own, number)
        key = f"models/reviews/{run_id}/artifacts/model.tar.gz"
        side.put(key, b"an artifact")
        trained = Job("t", "Completed", artifact_uri=f"s3://{STAGE.bucket_name}/{key}")
        run = replace(RUN, lineage=replace(LINEAGE, run_id=run_id), train=(trained,))
        side.perform(*requests.register(stage, run, "Approved"))
    found = SAGEMAKER.packages(stage.names.model_package_group(SPEC.name))
    assert [package.version for package in found] == [3, 2, 1]
    assert [package.run_id for package in found] == [digests.short_digest(own, number) for number in (2, 1, 0)]


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
    with pytest.raises(BusyError):
        side.perform(requests.endpoint(STAGE, SPEC.name, package, update=True))


def test_late_change(side: Side, run: RunFacts) -> None:  # noqa: ARG001
    """A call that is no creation is not made once something else was decided."""
    endpoint = Call("delete_endpoint", {"EndpointName": "freshet-dev-nobody"})
    side.perform(endpoint)
    with pytest.raises(FenceLostError):
        side.perform(endpoint, still=False)


def test_no_model_answers(local: Side) -> None:  # noqa: ARG001 - the account in memory serves no models
    """Without a live model a prediction is refused as not ready, with words fit for the caller."""
    with pytest.raises(NotReadyError, match="no model is live yet"):
        EndpointRuntime().invoke("freshet-dev-nobody", [{"text": "good"}], "0" * 36)


def test_write_action(side: Side) -> None:
    """A planned document is written like any other."""
    side.perform(WriteJson("datasets/contract/planned.json", [1, 2]))
    assert STORAGE.read_json("datasets/contract/planned.json") == [1, 2]


def test_head_of_nobody(side: Side, own: str) -> None:  # noqa: ARG001
    """A pipeline that was never seen has a head with the fence 0."""
    assert LEDGER.head(own) == Head(own)


def test_transition(side: Side, own: str) -> None:  # noqa: ARG001
    """Head, rows and decision are read back as they were written."""
    wish, reference = Wish("w", "somebody", forced=True, asked=START.isoformat()), Reference(1, "r")
    head = Head(own, 1, "d1", "r1", wish=wish, pin=Pin(1, 2), bad=(3, 4), anchor=reference)
    dataset = DatasetRow("d1", "training", "", "", START.isoformat(), 1)
    run = RunRow("r1", "d1", "running", "", START.isoformat(), champion=reference, verdict={"decision": "HOLD"})
    wanted = transition(1, own, "é", head, dataset, run)
    LEDGER.write(wanted)
    assert LEDGER.head(own) == head
    assert LEDGER.dataset(own, "d1") == dataset
    assert LEDGER.run(own, "r1") == run
    assert list(LEDGER.decisions(own)) == [wanted.decision]


@pytest.mark.parametrize("fences", [(1, 1), (1, 3), (2,), (1, 2, 2)])
def test_fence(side: Side, own: str, fences: Sequence[int]) -> None:  # noqa: ARG001
    """A transition that does not follow the fence is refused, and nothing of it is written."""
    *good, lost = fences
    for fence in good:
        LEDGER.write(transition(fence, own, "first"))
    row = DatasetRow("d1", "preparing", "", "", START.isoformat(), 1)
    with pytest.raises(FenceLostError):
        LEDGER.write(transition(lost, own, "second", None, row))
    assert LEDGER.dataset(own, "d1") is None
    assert [decision.reason for decision in LEDGER.decisions(own)] == ["first"] * len(good)


def test_rows_of_many_pages(side: Side, own: str) -> None:  # noqa: ARG001
    """Dataset versions are listed newest first, decisions oldest first, however many there are."""
    for number in range(1, 8):
        started = (START + timedelta(days=number)).isoformat()
        LEDGER.write(transition(number, own, "", None, DatasetRow(f"d{number}", "failed", "", "", started, 1)))
    assert [row.dataset_id for row in LEDGER.datasets(own)] == [f"d{number}" for number in range(7, 0, -1)]
    assert [decision.fence for decision in LEDGER.decisions(own)] == list(range(1, 8))


def test_first_verdict_stays(side: Side, own: str) -> None:
    """An upload's first verdict is never changed, nor is how a batch ended."""
    first = UploadVerdict("u1", "key", "rejected", "one")
    side.perform(Settle((first,)))
    LEDGER.settle(own, [first])
    LEDGER.settle(own, [UploadVerdict("u1", "key", "trained", "two"), UploadVerdict("u2", "key", "trained", "two")])
    assert {verdict.reason for verdict in LEDGER.verdicts(own).values()} == {"one", "two"}
    assert LEDGER.verdicts(own)["u1"] == first
    for state in ("scored", "failed"):
        LEDGER.end_batch(own, BatchEnd("b1", "key", state, ""))
    assert LEDGER.batches(own)["b1"].state == "scored"


def test_conclude(side: Side, own: str) -> None:  # noqa: ARG001
    """The outcome of a decision is added to it."""
    made = transition(1, own, "why")
    LEDGER.write(made)
    LEDGER.conclude(own, replace(made.decision, outcome="done"))
    (decision,) = LEDGER.decisions(own)
    assert (decision.reason, decision.outcome) == ("why", "done")
    assert LEDGER.decision(own, 1) == decision
