"""Facts that the tests of decisions start from: one pipeline with one upload, in the middle of its life."""

from datetime import timedelta

from chalicelib.core.actions import Call, Plan
from chalicelib.core.facts import (
    BatchFacts,
    CheckFacts,
    DatasetFacts,
    Endpoint,
    Job,
    Lineage,
    ModelPackage,
    PipelineFacts,
    Rival,
    RunFacts,
    Upload,
    Version,
)
from chalicelib.core.ledger import DatasetRow, Head, Reference, RunRow
from chalicelib.core.watched import CheckRow
from chalicelib.pipelines import DEFAULT, PIPELINES
from tests.chalicelib.aws.account import START
from tests.chalicelib.aws.world import STAGE

NOW = START + timedelta(days=1)
SPEC = PIPELINES[DEFAULT]
UPLOAD = Upload("a" * 16, STAGE.bucket_name, "uploads/reviews/été 1.csv", "v1", 10)
VERSION = Version(UPLOAD, START)
DONE, RUNNING = Job("some-job", "Completed", artifact_uri="s3://b/model.tar.gz"), Job("some-job", "InProgress")
FAILED = Job("some-job", "Failed", "AlgorithmError: the label is unknown", ended=START)
PASSED = Job("some-job", "Failed", "InternalServerError: please try again", ended=START)
STOPPED = Job("some-job", "Stopped")
SUMMARY = {"content_digest": "c" * 64, "rows": {"read": 2}}
DATASET_ROW = DatasetRow("d" * 16, "preparing", "1 new upload", "1 new upload", START.isoformat(), 1)
DATASET = DatasetFacts(DATASET_ROW, SPEC, STAGE.image_uri, (UPLOAD,))
RUN_ROW = RunRow("e" * 16, "d" * 16, "running", "", START.isoformat())
LINEAGE = Lineage(SPEC.name, "e" * 16, "d" * 16, "c" * 64, "f" * 16, "own-image@sha256:1")
RUN = RunFacts(RUN_ROW, LINEAGE, SPEC)
VERDICT = {"decision": "PROMOTE", "reasons": ["better"], "evidence": {}, "anchor_better": True}


def package(version: int, approval: str = "Approved", status: str = "Completed", run_id: str = "") -> ModelPackage:
    """Return a version of the pipeline's group."""
    arn = f"arn:aws:sagemaker:r:1:model-package/freshet-dev-reviews/{version}"
    return ModelPackage(arn, version, status, approval, run_id or f"{version:016x}")


CHAMPION = Rival(Reference(1, f"{1:016x}"), "9" * 16, package(1))
ENDPOINT = Endpoint(STAGE.names.endpoint(SPEC.name), "InService", "an older config", START)
BATCH = BatchFacts(SPEC.name, UPLOAD.upload_id, SPEC, STAGE.image_uri, UPLOAD, "the champion")
HEAD = Head(SPEC.name, 7)
CHECK_ROW = CheckRow(
    "b" * 16, "checking", "", "the schedule", START.isoformat(), NOW.isoformat(), 2, f"{2:016x}", NOW.isoformat()
)
CHECK = CheckFacts(CHECK_ROW, SPEC, STAGE.image_uri, baseline=True)
FACTS = PipelineFacts(SPEC, HEAD, (VERSION,))


def steps(plan: Plan) -> list[str]:
    """Name a plan's actions."""
    return [action.operation if isinstance(action, Call) else type(action).__name__ for action in plan.actions]
