"""Whether a step's job is to be started, waited for, tried again, or given up.

Another attempt is made only after one that AWS itself failed for a passing reason: it says so with the first word of
the reason (SageMaker's developer guide, "Error codes": InternalServerError, CapacityError; "Managed spot": a job that
was interrupted). A job whose own program failed, that ran out of time or that somebody stopped would end the same way
again, or is meant to be over. The attempt's number is in the job's name, so nothing else has to remember it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core import container
from chalicelib.core.actions import Action, Plan
from chalicelib.core.facts import FINISHED, Job, Jobs

MAX_ATTEMPTS = 3
_PASSING = ("InternalServerError", "Internal server error", "CapacityError", "ThrottlingException", "Interrupted")
_BACK_OFF = timedelta(minutes=1)  # doubled with each attempt


@dataclass(frozen=True)
class Step:
    """One job of a run: the state while it is under way, the attempts so far, and how the next one is started."""

    state: str
    reason: str
    jobs: Jobs
    start: Callable[[int], tuple[Action, ...]]


@dataclass(frozen=True)
class GivenUp:
    """A step's last job, which ended without success and is not tried again."""

    job: Job

    @property
    def reason(self) -> str:
        """What people are told: the container's own words, without the mark by which we knew them, or AWS's."""
        told = (self.job.message or self.job.reason or "no reason given").removeprefix(container.REFUSED)
        return f"{self.job.name} is {self.job.status}: {told}"


def advance(now: datetime, *steps: Step) -> Plan | GivenUp | None:
    """Return what the first step that has not completed asks for; None if all have completed."""
    for step in steps:
        last = step.jobs[-1] if step.jobs else None
        if last is None:
            return Plan(step.state, step.reason, step.start(1))
        if last.status == "Completed":
            continue
        if last.status not in FINISHED:
            return Plan(step.state, f"{last.name} is {last.status}")
        if given_up(step.jobs):
            return GivenUp(last)
        attempt = len(step.jobs) + 1
        due = (last.ended or now) + _BACK_OFF * 2 ** (attempt - 2)
        if now < due:
            return Plan(
                step.state, f"{last.name} failed for a passing reason: attempt {attempt} from {due:%H:%M:%S} UTC"
            )
        return Plan(step.state, f"{last.name} failed for a passing reason ({last.reason})", step.start(attempt))
    return None


def given_up(jobs: Jobs) -> bool:
    """Whether a step ended without success and is not tried again."""
    last = jobs[-1] if jobs else None
    if last is None or last.status not in FINISHED - {"Completed"}:
        return False
    return not passing(last) or len(jobs) >= MAX_ATTEMPTS


def passing(job: Job) -> bool:
    """Whether a job ended for a reason that another attempt may not meet."""
    return job.status == "Failed" and not job.message and (job.reason or "").startswith(_PASSING)
