"""When a dataset version begins, what it is made of, and how it ends."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core import digests, places
from chalicelib.core.actions import Call, CopyVersion, Plan, Settle, WriteJson
from chalicelib.core.decide_dataset import begin, decide_dataset, next_dataset_id
from chalicelib.core.facts import DatasetFacts, LeftOut, PipelineFacts
from chalicelib.core.ledger import UploadVerdict, Wish
from chalicelib.core.spec import Learner
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import (
    DATASET,
    DATASET_ROW,
    DONE,
    FACTS,
    FAILED,
    HEAD,
    NOW,
    PASSED,
    RUN_ROW,
    RUNNING,
    SPEC,
    STOPPED,
    SUMMARY,
    UPLOAD,
    VERSION,
    steps,
)

WISH = Wish("w" * 16, "somebody asked", forced=False, asked="2026-11-12T00:00:00+00:00")
FORCED = replace(WISH, forced=True)
TRAINED = {UPLOAD.upload_id: UploadVerdict(UPLOAD.upload_id, UPLOAD.key, "trained", "run e", "e" * 16)}
ENDED = replace(DATASET_ROW, state="trained", reason="run e promoted")


def decided(**change: Any) -> Plan:
    """Decide on the sample dataset version, changed."""
    facts = replace(FACTS, head=replace(HEAD, dataset_id=DATASET_ROW.dataset_id))
    return decide_dataset(STAGE, facts, replace(DATASET, **change), NOW)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, "preparing"),
        ({"versions": ()}, "idle"),
        ({"verdicts": TRAINED}, "idle"),
        ({"verdicts": TRAINED, "head": replace(HEAD, wish=WISH)}, "preparing"),
        ({"next_row": replace(DATASET_ROW, state="failed")}, "waiting"),
        ({"next_row": replace(DATASET_ROW, state="refused")}, "waiting"),
        ({"next_row": replace(DATASET_ROW, state="failed"), "head": replace(HEAD, wish=WISH)}, "preparing"),
        ({"next_row": ENDED, "verdicts": TRAINED, "head": replace(HEAD, wish=WISH)}, "idle"),
        ({"next_row": ENDED, "verdicts": TRAINED, "head": replace(HEAD, wish=FORCED)}, "preparing"),
        ({"versions": (), "head": replace(HEAD, wish=WISH)}, "idle"),
    ],
)
def test_begin(change: dict[str, Any], state: str) -> None:
    """A dataset version begins for an upload that no run was trained on or for a wish, never twice by itself."""
    plan = begin(STAGE, replace(FACTS, **change), NOW)
    assert plan.state == state
    assert plan.change is None or plan.change.head.wish is None


def test_wish_that_repeats() -> None:
    """A wish that would repeat what ended well starts nothing, is answered with the reason, and is over."""
    facts = replace(FACTS, next_row=ENDED, verdicts=TRAINED, head=replace(HEAD, wish=WISH))
    plan = begin(STAGE, facts, NOW)
    assert plan.reason == ("nothing new to learn from: the same files and recipe ended as trained (run e promoted)")
    assert plan.change is not None
    assert plan.change.head == HEAD


def test_forced_again_is_another_dataset_version() -> None:
    """A forced wish names a dataset version of its own, though the files are the same."""
    facts = replace(FACTS, next_row=ENDED, verdicts=TRAINED, head=replace(HEAD, wish=FORCED))
    plan = begin(STAGE, facts, NOW)
    assert plan.change is not None
    assert plan.change.head.dataset_id == next_dataset_id(STAGE, facts, NOW, FORCED.id)
    assert plan.change.head.dataset_id != next_dataset_id(STAGE, facts, NOW)


def test_what_it_is_made_of_is_stored_first() -> None:
    """The files of a dataset version are in its document before the ledger names it."""
    plan = begin(STAGE, FACTS, NOW)
    (document,) = plan.documents
    assert document.data["uploads"][0]["upload_id"] == UPLOAD.upload_id
    assert plan.change is not None
    assert plan.change.head.dataset_id is not None
    assert plan.change.head.dataset_id in document.key
    assert not plan.actions


def test_unreadable_file() -> None:
    """A file that will not even be read is rejected with its reason, before any job."""
    odd = replace(VERSION, upload=replace(UPLOAD, key="uploads/reviews/a.txt"))
    plan = begin(STAGE, replace(FACTS, versions=(odd,)), NOW)
    (settle,) = plan.actions
    assert isinstance(settle, Settle)
    assert settle.verdicts[0].fate == "rejected"
    assert "file names must end in" in settle.verdicts[0].reason


@pytest.mark.parametrize(
    ("change", "state", "actions"),
    [
        ({}, "preparing", ["WriteJson", "CopyVersion", "WriteJson", "create_processing_job"]),
        ({"prepare": (RUNNING,)}, "preparing", []),
        ({"prepare": (replace(RUNNING, status="Stopping"),)}, "preparing", []),
        ({"prepare": (PASSED,)}, "preparing", ["create_processing_job"]),  # on the files that are pinned
        ({"prepare": (PASSED, RUNNING)}, "preparing", []),
        ({"prepare": (PASSED, PASSED, PASSED)}, "failed", []),
        ({"prepare": (FAILED,)}, "failed", []),
        ({"prepare": (STOPPED,)}, "failed", []),
        ({"prepare": (DONE,)}, "failed", []),
        ({"prepare": (DONE,), "summary": {"refused": "one label only"}}, "refused", []),
        ({"prepare": (DONE,), "summary": SUMMARY}, "training", []),
    ],
)
def test_prepare(change: dict[str, Any], state: str, actions: list[str]) -> None:
    """A dataset version is prepared once, again only where AWS failed, and becomes a run once the rows are there."""
    plan = decided(**change)
    assert (plan.state, steps(plan)) == (state, actions)
    ended = plan.change is not None and plan.change.head.dataset_id is None
    assert ended == (state in {"failed", "refused"})


def test_failure_is_told() -> None:
    """The reason of a failed job is the plan's reason."""
    assert decided(prepare=(FAILED,)).reason == "some-job is Failed: AlgorithmError: the label is unknown"


def test_bad_file() -> None:
    """A file that cannot be used is rejected first, under its owner's name; then the dataset version ends."""
    fault = {"file": places.raw_name(UPLOAD.upload_id, UPLOAD.key), "reason": "line 3: column 'label' is missing"}
    change = {"prepare": (DONE,), "summary": {"refused": None, "refused_files": [fault]}}
    (settle,) = decided(**change).actions
    assert isinstance(settle, Settle)
    (verdict,) = settle.verdicts
    assert (verdict.fate, verdict.reason) == ("rejected", "line 3: column 'label' is missing")
    facts = replace(FACTS, verdicts={verdict.upload_id: verdict})
    plan = decide_dataset(STAGE, facts, replace(DATASET, **change), NOW)  # type: ignore[arg-type]
    assert (plan.state, plan.reason) == ("refused", "été 1.csv: line 3: column 'label' is missing")


def test_run_is_named_by_content_and_recipe() -> None:
    """Another learner makes another run of the same rows; another dataset version with the same content does not."""

    def run_of(dataset: DatasetFacts, facts: PipelineFacts = FACTS) -> str | None:
        plan = decide_dataset(STAGE, facts, replace(dataset, prepare=(DONE,), summary=SUMMARY), NOW)
        assert plan.change is not None
        return plan.change.head.run_id

    other = replace(DATASET, row=replace(DATASET_ROW, dataset_id="9" * 16))
    tuned = replace(FACTS, spec=replace(SPEC, learner=Learner("another")))
    assert run_of(DATASET) == run_of(other)
    assert run_of(DATASET) != run_of(DATASET, tuned)


@pytest.mark.parametrize(
    ("run_state", "state"), [("promoted", "identical"), ("rejected", "identical"), ("failed", "failed")]
)
def test_same_content(run_state: Any, state: str) -> None:
    """Content and recipe of an earlier run start nothing: the uploads are that run's, or wait if it failed."""
    known = replace(RUN_ROW, state=run_state, reason="because")
    change = {"prepare": (DONE,), "summary": SUMMARY, "own_run": known}
    plan = decided(**change)
    if state == "identical":
        (settle,) = plan.actions
        assert isinstance(settle, Settle)
        assert settle.verdicts[0].run_id == known.run_id
        facts = replace(FACTS, verdicts={UPLOAD.upload_id: settle.verdicts[0]})
        plan = decide_dataset(STAGE, facts, replace(DATASET, **change), NOW)  # type: ignore[arg-type]
    assert plan.state == state
    assert plan.change is not None
    assert plan.change.head.run_id is None


@pytest.mark.parametrize(
    ("forced", "run_state", "begins"), [(True, "promoted", True), (False, "promoted", False), (False, "failed", True)]
)
def test_wished_run(forced: bool, run_state: Any, begins: bool) -> None:  # noqa: FBT001 - a table
    """A wish begins a run of its own on known content where it is forced, or where the content's run had failed."""
    row = replace(DATASET_ROW, again="w" * 16, forced=forced)
    change = {"row": row, "prepare": (DONE,), "summary": SUMMARY, "own_run": replace(RUN_ROW, state=run_state)}
    plan = decided(**change)
    own = digests.run_id(SUMMARY["content_digest"], digests.recipe(SPEC, STAGE.image_uri), "w" * 16)  # type: ignore[arg-type]
    assert (plan.change is not None and plan.change.head.run_id == own) == begins


def test_displaced_uploads_are_superseded() -> None:
    """What a dataset version did without is superseded once a run of its content came to a verdict."""
    older = LeftOut("b" * 16, UPLOAD.key, "a newer version of the file came", UPLOAD.upload_id)
    known = replace(RUN_ROW, state="promoted")
    (settle,) = decided(left_out=(older,), prepare=(DONE,), summary=SUMMARY, own_run=known).actions
    assert isinstance(settle, Settle)
    assert [verdict.fate for verdict in settle.verdicts] == ["trained", "superseded"]


def test_pinned() -> None:
    """A job reads the pinned copy of the very version that was accepted, through the manifest."""
    spec, copy, manifest, job = decided().actions
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


def test_next_attempt_has_a_name_of_its_own() -> None:
    """The second attempt at a job is told from the first by its name."""
    first, second = decided().actions[-1], decided(prepare=(PASSED,)).actions[-1]
    assert isinstance(first, Call)
    assert isinstance(second, Call)
    assert second.request["ProcessingJobName"] == f"{first.request['ProcessingJobName']}-2"
