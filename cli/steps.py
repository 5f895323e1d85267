"""A story as the steps that people wait for: which are done, which runs, how long each took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chalicelib.core.facts import FINISHED, Job
from chalicelib.services.stories import Story

RUN = ("prepare", "train", "score", "evaluate", "register", "roll out")
BATCH = ("shard", "score")
CHECK = ("check",)
ROLL_OUT = ("roll out",)
Kind = Literal["run", "batch", "roll-out", "check"]
State = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True)
class Step:
    """One step, its state, and its seconds (None: not known, or it takes none)."""

    name: str
    state: State
    seconds: float | None = None


def steps_of(kind: Kind, story: Story | None, *, now: datetime, settled_at: datetime | None = None) -> tuple[Step, ...]:
    """Return the steps; ``settled_at`` is when the end was seen, None if nobody watched."""
    names = _NAMES[kind]
    if story is None:
        return tuple(Step(name, "waiting") for name in names)
    return tuple(_STEPS.get(name, _job_step)(name, story, now, settled_at) for name in names)


def seconds_of(story: Story, *, now: datetime, settled_at: datetime | None = None) -> float | None:
    """Return how long it all took, or takes: from its beginning to the end seen, or the last job's end."""
    started, ended = began(story), settled_at
    if started is None:
        return None
    if ended is None and story.settled:
        ended = max((job.ended for job in story.jobs.values() if job.ended), default=None)
    return _span(started, ended or now)


def began(story: Story) -> datetime | None:
    """Return when it began: when that was decided, or where nobody says so, when the first job started."""
    if story.started:
        return datetime.fromisoformat(story.started)
    return min((job.started for job in story.jobs.values() if job.started), default=None)


def _job_step(name: str, story: Story, now: datetime, _settled_at: datetime | None) -> Step:
    job = story.jobs.get(name)
    if job is None:
        return Step(name, "waiting")
    if job.status not in FINISHED:
        return Step(name, "running", _span(job.started, now))
    return Step(name, "done" if job.status == "Completed" else "failed", _span(job.started, job.ended))


def _register(name: str, story: Story, _now: datetime, _settled_at: datetime | None) -> Step:
    if story.version is not None:
        return Step(name, "done")
    return Step(name, "running" if story.state == "registering" else "waiting")


def _roll_out(name: str, story: Story, now: datetime, settled_at: datetime | None) -> Step:
    if story.version is None:
        return Step(name, "waiting")
    since = _ended(story.jobs.get("evaluate"))
    match story.state:
        case "live" | "replaced":
            return Step(name, "done", _span(since, settled_at) if settled_at else None)
        case "failed" | "rolled back":
            return Step(name, "failed")
        case "rolling out":
            return Step(name, "running", _span(since, now))
        case _:
            return Step(name, "waiting")


_NAMES: Mapping[Kind, Sequence[str]] = {"run": RUN, "batch": BATCH, "roll-out": ROLL_OUT, "check": CHECK}
_STEPS = {"register": _register, "roll out": _roll_out}


def _ended(job: Job | None) -> datetime | None:
    return job.ended if job else None


def _span(start: datetime | None, end: datetime | None) -> float | None:
    return max(0.0, (end - start).total_seconds()) if start and end else None
