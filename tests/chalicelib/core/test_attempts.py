"""Whether a step's job is started, waited for, tried again or given up."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.actions import WriteJson
from chalicelib.core.attempts import MAX_ATTEMPTS, GivenUp, Step, advance, passing
from chalicelib.core.facts import Job, Jobs
from tests.chalicelib.aws.account import START
from tests.chalicelib.core.samples import DONE, FAILED, PASSED, RUNNING, STOPPED


def step(*jobs: Job) -> Step:
    """Return a step whose next attempt writes its number."""
    return Step("training", "it is time", jobs, lambda attempt: (WriteJson("attempt", attempt),))


@pytest.mark.parametrize(
    ("job", "again"),
    [
        (PASSED, True),
        (replace(FAILED, reason="CapacityError: no ml.m5.xlarge"), True),
        (FAILED, False),
        (replace(FAILED, reason=None), False),
        (replace(PASSED, message="refused: a.csv"), False),
        (STOPPED, False),
        (replace(STOPPED, reason="InternalServerError"), False),
        (replace(FAILED, reason="ClientError: MaxRuntimeExceeded"), False),
    ],
)
def test_passing(job: Job, again: bool) -> None:  # noqa: FBT001 - a table
    """Only what AWS itself failed is tried again, never what a program, a time limit or a person ended."""
    assert passing(job) == again


@given(st.integers(0, MAX_ATTEMPTS + 1), st.integers(0, 600))
def test_back_off(failed: int, seconds: int) -> None:
    """Each attempt waits twice as long as the one before, the last one is given up on, and numbers have no gaps."""
    plan = advance(START + timedelta(seconds=seconds), step(*[PASSED] * failed))
    if failed >= MAX_ATTEMPTS:
        assert isinstance(plan, GivenUp)
        return
    due = 0 if failed == 0 else 60 * 2 ** (failed - 1)
    assert not isinstance(plan, GivenUp)
    assert plan is not None
    assert plan.actions == ((WriteJson("attempt", failed + 1),) if seconds >= due else ())


@pytest.mark.parametrize(
    ("jobs", "state"), [((), "training"), ((RUNNING,), "training"), ((PASSED, RUNNING), "training")]
)
def test_unfinished(jobs: Jobs, state: str) -> None:
    """Steps after one that has not completed are not looked at."""
    plan = advance(START, step(*jobs), Step("scoring", "", (FAILED,), lambda _: ()))
    assert not isinstance(plan, GivenUp)
    assert plan is not None
    assert plan.state == state


def test_all_done() -> None:
    """Where every step has completed, an earlier failed attempt included, nothing is left to do."""
    assert advance(START, step(DONE), step(PASSED, DONE)) is None
