"""Which version answers."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import requests
from chalicelib.core.decide_rollout import decide_rollout, wanted
from chalicelib.core.ledger import Head, Pin, Update
from tests.chalicelib.aws.account import START
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import ENDPOINT, FACTS, HEAD, SPEC, package, steps

PACKAGE = package(2)
WANTED = STAGE.names.endpoint_config(SPEC.name, PACKAGE.run_id, "0123")
SERVING = replace(FACTS, wanted=PACKAGE, packages=(PACKAGE,), endpoint=ENDPOINT)
ASKED = replace(HEAD, update=Update(2, PACKAGE.run_id, START.isoformat(), 7))
EARLIER = replace(HEAD, update=Update(2, PACKAGE.run_id, "2020-01-01T00:00:00+00:00", 7))
NEW = replace(HEAD, update=Update(2, PACKAGE.run_id, None, 7))
OTHER = replace(HEAD, update=Update(1, package(1).run_id, START.isoformat(), 7))
OTHERS = replace(ENDPOINT, config_name=STAGE.names.endpoint_config(SPEC.name, package(1).run_id, "0123"))


@pytest.mark.parametrize(
    ("change", "state", "last"),
    [
        ({"wanted": None, "endpoint": None}, "waiting", None),
        ({"wanted": None}, "waiting", None),
        ({"endpoint": None}, "rolling out", "create_endpoint"),
        ({}, "rolling out", "update_endpoint"),
        ({"endpoint": replace(ENDPOINT, status="Creating")}, "rolling out", None),
        ({"endpoint": replace(ENDPOINT, status="Updating")}, "rolling out", None),
        ({"endpoint": replace(ENDPOINT, status="SystemUpdating")}, "rolling out", None),
        ({"endpoint": replace(ENDPOINT, status="RollingBack")}, "rolling out", None),
        ({"endpoint": replace(ENDPOINT, status="Deleting")}, "rolling out", None),
        ({"endpoint": replace(ENDPOINT, status="UpdateRollbackFailed")}, "failed", None),
        ({"endpoint": replace(ENDPOINT, status="OutOfService")}, "failed", None),
        ({"endpoint": replace(ENDPOINT, config_name=WANTED)}, "live", None),
        # AWS is not known to have taken the update: whatever the endpoint did since, it is asked for again.
        ({"head": ASKED}, "rolling out", "update_endpoint"),
        ({"head": EARLIER}, "rolling out", "update_endpoint"),
        # AWS took it, and the endpoint does not show it yet.
        ({"head": ASKED, "update_taken": True}, "rolling out", None),
        ({"head": NEW, "update_taken": True, "endpoint": None}, "rolling out", "create_endpoint"),
        # Another version was asked for before, and answers.
        ({"head": OTHER, "update_taken": True, "endpoint": OTHERS}, "rolling out", "update_endpoint"),
    ],
)
def test_rollout(change: dict[str, Any], state: str, last: str | None) -> None:
    """An endpoint is created or updated for the wanted version, and never while it changes."""
    plan = decide_rollout(STAGE, replace(SERVING, **change))
    assert plan.state == state
    assert steps(plan) == (["create_model", "create_endpoint_config", last] if last else [])


def test_trouble_is_noted_once() -> None:
    """What a person must mend is noted with the state it is in, and no more while that is so; once mended it is not."""
    facts = replace(SERVING, endpoint=replace(ENDPOINT, status="OutOfService"))
    plan = decide_rollout(STAGE, facts)
    assert plan.change is not None
    noted = plan.change.head
    assert noted == replace(facts.head, trouble="OutOfService")
    assert decide_rollout(STAGE, replace(facts, head=noted)).idle
    well = decide_rollout(STAGE, replace(facts, head=noted, endpoint=ENDPOINT))
    assert well.change is not None
    assert (well.change.head, steps(well)) == (facts.head, [])


def test_update_is_noted_before_it_is_asked_for() -> None:
    """The ledger says which version was asked for, by which decision, and when the endpoint had last changed."""
    plan = decide_rollout(STAGE, SERVING)
    assert plan.change is not None
    assert plan.change.head.update == Update(2, PACKAGE.run_id, START.isoformat(), HEAD.fence + 1)


@pytest.mark.parametrize("reason", [None, "the container did not answer /ping"])
def test_undone_update(reason: str | None) -> None:
    """An endpoint in service on another config, changed since the update, has undone it: the version is marked bad."""
    facts = replace(SERVING, head=EARLIER, update_taken=True)
    plan = decide_rollout(STAGE, replace(facts, endpoint=replace(ENDPOINT, reason=reason)))
    assert plan.state == "rolled back"
    assert (reason or "without a reason") in plan.reason
    assert plan.change is not None
    assert (plan.change.head.bad, plan.change.head.update) == ((2,), None)
    assert not plan.actions


def test_failed_endpoint() -> None:
    """A Failed endpoint's version is marked bad, then it is deleted, since nothing else can be done with it."""
    facts = replace(SERVING, endpoint=replace(ENDPOINT, status="Failed"), head=NEW, update_taken=True)
    first = decide_rollout(STAGE, facts)
    assert first.change is not None
    assert first.change.head.bad == (2,)
    second = decide_rollout(STAGE, replace(facts, head=first.change.head))
    assert steps(second) == ["delete_endpoint"]


def test_update_that_arrived() -> None:
    """Once the wanted version answers, nothing is noted as asked for any more."""
    plan = decide_rollout(STAGE, replace(SERVING, head=ASKED, endpoint=replace(ENDPOINT, config_name=WANTED)))
    assert plan.state == "live"
    assert plan.change is not None
    assert plan.change.head.update is None


@pytest.mark.parametrize(
    ("head", "version"),
    [
        ({}, 4),
        ({"bad": (4,)}, 3),
        ({"bad": (3, 4)}, 1),
        ({"bad": (1, 3, 4)}, None),
        ({"pin": Pin(1, over=5)}, 1),
        ({"pin": Pin(1, over=3)}, 4),
        ({"pin": Pin(1, over=3), "bad": (4,)}, 1),
        ({"pin": Pin(1, over=5), "bad": (1,)}, 4),
    ],
)
def test_wanted(head: dict[str, Any], version: int | None) -> None:
    """Wanted is the newest approved version that is not bad, or the pinned one until a newer one comes."""
    packages = (package(5, "PendingManualApproval"), package(4), package(3), package(2, "Rejected"), package(1))
    found = wanted(Head("reviews", **head), packages)
    assert (found.version if found else None) == version


@given(
    st.lists(st.integers(1, 9), unique=True),
    st.sets(st.integers(1, 9)),
    st.sampled_from(["Approved", "Rejected", "PendingManualApproval"]),
)
def test_never_wanted(versions: list[int], bad: set[int], approval: str) -> None:
    """No version that is bad, or not approved, is ever wanted, in whatever order versions are listed."""
    found = wanted(Head("reviews", bad=tuple(bad)), [package(version, approval) for version in versions])
    assert found is None or (approval == "Approved" and found.version == max(set(versions) - bad))


def test_live_model_tells_its_version() -> None:
    """A live model is made from its package and answers with the package's version."""
    request = requests.live_model(STAGE, SPEC.name, PACKAGE).request
    assert request["PrimaryContainer"] == {
        "ModelPackageName": PACKAGE.arn,
        "Environment": {"FRESHET_MODEL_VERSION": "2"},
    }
