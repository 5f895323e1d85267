"""From prepared rows to a verdict."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core import gate
from chalicelib.core.actions import Call, Plan
from chalicelib.core.decide_run import decide_run
from chalicelib.core.facts import PipelineFacts
from chalicelib.core.gate import Verdict
from chalicelib.core.ledger import Reference, UploadVerdict
from chalicelib.core.policies import GatePolicy
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import (
    CHAMPION,
    DATASET,
    DONE,
    FACTS,
    FAILED,
    HEAD,
    NOW,
    PASSED,
    RUN,
    RUN_ROW,
    RUNNING,
    SPEC,
    STOPPED,
    UPLOAD,
    VERDICT,
    package,
    steps,
)

EVALUATED: Mapping[str, Any] = {
    "train": (DONE,), "score": (DONE,), "evaluate": (DONE,), "evaluation": {}, "baseline": (DONE,),
}  # fmt: skip
JUDGED = replace(RUN_ROW, verdict=VERDICT)
OWN = package(4, run_id=RUN_ROW.run_id)
SETTLED = {UPLOAD.upload_id: UploadVerdict(UPLOAD.upload_id, UPLOAD.key, "trained", "run e", RUN_ROW.run_id)}


def decided(facts: PipelineFacts = FACTS, **change: Any) -> Plan:
    """Decide on the sample run, changed."""
    return decide_run(STAGE, facts, DATASET, replace(RUN, **change), NOW)


@pytest.mark.parametrize(
    ("change", "state", "actions"),
    [
        ({}, "training", ["create_training_job"]),
        ({"train": (RUNNING,)}, "training", []),
        ({"train": (PASSED,)}, "training", ["create_training_job"]),
        ({"train": (FAILED,)}, "failed", []),
        ({"train": (STOPPED,)}, "failed", []),
        ({"train": (DONE,)}, "scoring", ["create_model", "create_transform_job"]),
        ({"train": (DONE,), "score": (RUNNING,)}, "scoring", []),
        ({"train": (DONE,), "score": (FAILED,)}, "failed", []),
        ({"train": (DONE,), "score": (DONE,)}, "evaluating", ["create_processing_job"] * 2),
        ({"train": (DONE,), "score": (DONE,), "baseline": (RUNNING,)}, "evaluating", ["create_processing_job"]),
        ({"train": (DONE,), "score": (DONE,), "evaluate": (RUNNING,)}, "evaluating", []),
        ({"train": (DONE,), "score": (DONE,), "evaluate": (FAILED,)}, "failed", []),
        ({**EVALUATED, "baseline": ()}, "evaluating", ["create_processing_job"]),
        ({**EVALUATED, "baseline": (RUNNING,)}, "evaluating", []),
        ({**EVALUATED, "baseline": (FAILED,)}, "judged", []),
        (EVALUATED, "judged", []),
        ({**EVALUATED, "row": JUDGED}, "registering", ["create_model_package_group", "create_model_package"]),
        ({**EVALUATED, "row": JUDGED, "package": OWN}, "registered", ["Settle"]),
    ],
)
def test_steps(change: dict[str, Any], state: str, actions: list[str]) -> None:
    """A run takes its next step only once the one before has completed."""
    plan = decided(**change)
    assert (plan.state, steps(plan)) == (state, actions)


@pytest.mark.parametrize(
    ("approval", "state"), [("Approved", "promoted"), ("Rejected", "rejected"), ("PendingManualApproval", "held")]
)
def test_end(approval: str, state: str) -> None:
    """A registered run ends as what its version's approval says, and makes room for the next."""
    facts = replace(FACTS, verdicts=SETTLED, head=replace(HEAD, dataset_id="d" * 16, run_id="e" * 16))
    plan = decided(facts, **EVALUATED, row=JUDGED, package=replace(OWN, approval=approval))
    assert plan.state == state
    assert plan.change is not None
    assert (plan.change.head.dataset_id, plan.change.head.run_id) == (None, None)
    dataset, run = plan.change.rows
    assert (dataset.state, run.state) == ("trained", state)


def test_failed_run() -> None:
    """A run that failed ends its dataset version too, with the job's own reason, and its uploads wait."""
    plan = decided(train=(FAILED,))
    assert plan.change is not None
    dataset, run = plan.change.rows
    assert (dataset.state, run.state, run.reason) == (
        "failed",
        "failed",
        "some-job is Failed: AlgorithmError: the label is unknown",
    )
    assert not plan.actions


@pytest.mark.parametrize(
    ("decision", "policy", "approval"),
    [
        ("PROMOTE", "automatic", "Approved"),
        ("PROMOTE", "manual", "PendingManualApproval"),
        ("HOLD", "automatic", "PendingManualApproval"),
        ("REJECT", "automatic", "Rejected"),
    ],
)
def test_approval(decision: str, policy: Any, approval: str) -> None:
    """The verdict gives the version its approval status; a policy may leave the last word to a person."""
    spec = replace(SPEC, gate=GatePolicy(approval=policy))
    row = replace(RUN_ROW, verdict={**VERDICT, "decision": decision})
    call = decided(**EVALUATED, row=row, spec=spec).actions[-1]
    assert isinstance(call, Call)
    assert call.request["ModelApprovalStatus"] == approval


def test_champion_scores_the_same_rows() -> None:
    """The champion's scoring of the held-out rows begins with the challenger's."""
    facts = replace(FACTS, wanted=CHAMPION.package)
    row = replace(RUN_ROW, champion=CHAMPION.reference)
    plan = decided(facts, row=row, train=(DONE,), champion=CHAMPION)
    assert steps(plan) == ["create_model", "create_transform_job"] * 2
    own, theirs = (call.request for call in plan.actions if steps(Plan("", "", (call,))) == ["create_transform_job"])  # type: ignore[union-attr]
    assert own["TransformInput"] == theirs["TransformInput"]
    assert own["ModelName"] != theirs["ModelName"]
    assert own["TransformOutput"]["S3OutputPath"] != theirs["TransformOutput"]["S3OutputPath"]


def test_champion_changes_meanwhile() -> None:
    """A run that was compared with a version that is no longer wanted is compared with the wanted one instead."""
    facts = replace(FACTS, wanted=package(2))
    row = replace(RUN_ROW, champion=CHAMPION.reference)
    plan = decided(facts, **EVALUATED, row=row, champion=CHAMPION)
    assert plan.change is not None
    (changed,) = plan.change.rows
    assert changed == replace(row, champion=Reference(2, package(2).run_id))


def test_anchor_is_the_champion() -> None:
    """A champion that is the anchor too is compared with once."""
    facts = replace(
        FACTS, wanted=CHAMPION.package, packages=(CHAMPION.package,), head=replace(HEAD, anchor=CHAMPION.reference)
    )
    plan = decided(facts, row=replace(RUN_ROW, champion=CHAMPION.reference), champion=CHAMPION)
    assert plan.state == "training"
    assert plan.change is None


@pytest.mark.parametrize(("better", "moves"), [(True, True), (False, False)])
def test_anchor_moves(monkeypatch: pytest.MonkeyPatch, better: bool, moves: bool) -> None:  # noqa: FBT001 - a table
    """A promoted version becomes the anchor only where it was no worse than the anchor."""
    anchor = Reference(1, package(1).run_id)
    monkeypatch.setattr(gate, "judge", lambda *_, **__: Verdict("PROMOTE", ("good",), {}, anchor_better=better))
    facts = replace(FACTS, verdicts=SETTLED, packages=(OWN, package(1)), head=replace(HEAD, anchor=anchor))
    judged = decided(facts, **EVALUATED)
    assert judged.change is not None
    (row,) = judged.change.rows
    plan = decided(facts, **EVALUATED, row=row, package=OWN)
    assert plan.change is not None
    assert plan.change.head.anchor == (Reference(4, RUN_ROW.run_id) if moves else anchor)


def test_run_keeps_its_image() -> None:
    """A run ends with the image it began with, whatever was deployed meanwhile."""
    plan = decide_run(replace(STAGE, image_uri="a newer image"), FACTS, DATASET, replace(RUN, train=(DONE,)), NOW)
    assert isinstance(plan.actions[0], Call)
    assert plan.actions[0].request["PrimaryContainer"]["Image"] == "own-image@sha256:1"


def test_champion_that_cannot_score() -> None:
    """A champion that fails to score the rows does not fail the run: it is evaluated without the comparison."""
    facts = replace(FACTS, wanted=CHAMPION.package)
    change = {"row": replace(RUN_ROW, champion=CHAMPION.reference), "champion": replace(CHAMPION, score=(FAILED,))}
    plan = decided(facts, **change, train=(DONE,), score=(DONE,), baseline=(RUNNING,))
    assert plan.state == "evaluating"
    (call,) = plan.actions
    assert isinstance(call, Call)
    names = {given["InputName"] for given in call.request["ProcessingInputs"]}
    assert "champion-scores" not in names
