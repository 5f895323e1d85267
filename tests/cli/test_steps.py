"""A story as steps."""

import pytest

from cli.steps import BATCH, RUN, Kind, Step, began, seconds_of, steps_of
from tests.cli.fakes import LIVE, at, job, story


@pytest.mark.parametrize(("kind", "names"), [("run", RUN), ("batch", BATCH)])
def test_nothing_yet(kind: Kind, names: tuple[str, ...]) -> None:
    """Before the event arrived every step waits."""
    assert steps_of(kind, None, now=at(0)) == tuple(Step(name, "waiting") for name in names)


def test_live() -> None:
    """Each job's time is its own; the roll-out's is from the last job's end to the end that was seen."""
    assert steps_of("run", LIVE, now=at(100), settled_at=at(75)) == (
        Step("prepare", "done", 2),
        Step("train", "done", 60),
        Step("score", "done", 6),
        Step("evaluate", "done", 1),
        Step("register", "done"),
        Step("roll out", "done", 3),
    )


def test_unseen_end() -> None:
    """Where nobody watched, how long the roll-out took is not known."""
    assert steps_of("run", LIVE, now=at(5000))[-1] == Step("roll out", "done", None)


@pytest.mark.parametrize(
    ("state", "members", "step", "expected"),
    [
        ("training", {"jobs": {"train": job("train", "InProgress", begin=3)}}, 1, Step("train", "running", 7)),
        ("training", {"jobs": {"train": job("train", "Stopping", begin=3)}}, 1, Step("train", "running", 7)),
        ("failed", {"jobs": {"train": job("train", "Failed", begin=3, end=5)}}, 1, Step("train", "failed", 2)),
        ("failed", {"jobs": {"train": job("train", "Stopped", begin=3, end=5)}}, 1, Step("train", "failed", 2)),
        ("registering", {}, 4, Step("register", "running")),
        (
            "rolling out",
            {"version": 1, "jobs": {"evaluate": job("evaluate", end=4)}},
            5,
            Step("roll out", "running", 6),
        ),
        ("failed", {"version": 1}, 5, Step("roll out", "failed")),
        ("replaced", {"version": 1}, 5, Step("roll out", "done")),
        ("waiting", {"version": 1}, 5, Step("roll out", "waiting")),
    ],
)
def test_states(state: str, members: dict[str, object], step: int, expected: Step) -> None:
    """A step's state is its job's, or for what has no job, the run's."""
    assert steps_of("run", story(state, **members), now=at(10))[step] == expected


def test_seconds() -> None:
    """A run lasts from its first job to the end seen, else to its last job's end, else until now."""
    assert seconds_of(LIVE, now=at(999), settled_at=at(75)) == 75
    assert seconds_of(LIVE, now=at(999)) == 72
    running = story("training", jobs={"train": job("train", "InProgress", begin=3)})
    assert seconds_of(running, now=at(10)) == 7
    assert seconds_of(story("refused"), now=at(10)) is None
    assert began(story("refused")) is None
