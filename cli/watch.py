"""Watches what becomes of files and wishes, by asking again and again until all is settled or the time is over.

A terminal sees the steps live; a pipe gets a plain line on each change and the steps at the end; a program a JSON line
on each change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath

from rich.console import Group, RenderableType
from rich.live import Live

from chalicelib.core.facts import Upload
from chalicelib.services.stories import Story
from cli import documents, render
from cli.address import Address
from cli.clock import Clock
from cli.errors import DriftedError, FailedError, NotPromotedError, OutcomeError, RefusedError, TimedOutError
from cli.screen import Screen
from cli.steps import Kind
from cli.tables import plain

_FRAMES_PER_S = 8
_BAD_ENDS: Mapping[str, type[OutcomeError]] = {
    "failed": FailedError,
    "refused": RefusedError,
    "held": NotPromotedError,
    "rejected": NotPromotedError,
    "rolled back": NotPromotedError,
    "drift": DriftedError,
    "not enough data": RefusedError,
}


@dataclass(frozen=True)
class Sight:
    """One file, wish or version as it was last seen: ``about`` is what programs are told of it besides its story."""

    kind: Kind
    pipeline: str
    name: str
    about: documents.Document
    read: Callable[[], Story | None]
    story: Story | None = None
    settled_at: datetime | None = None

    def look(self, clock: Clock) -> "Sight":
        """Look again, unless it is settled."""
        if self.settled_at:
            return self
        story = self.read()
        return replace(self, story=story, settled_at=clock.now() if story and story.settled else None)


Sights = tuple[Sight, ...]


def of_upload(kind: Kind, pipeline: str, upload: Upload, read: Callable[[str, Upload], Story | None]) -> Sight:
    """Return the sight of a file that was put."""
    name = PurePosixPath(upload.key).name
    return Sight(kind, pipeline, name, documents.of_upload(upload), partial(read, pipeline, upload))


@dataclass(frozen=True)
class Patience:
    """How long to wait, and how long between two looks, in seconds."""

    timeout: float
    interval: float


def follow(sights: Sights, patience: Patience, clock: Clock) -> Iterator[Sights]:
    """Give what each look shows, the last one with all settled or the time over."""
    deadline = clock.monotonic() + patience.timeout
    while True:
        sights = tuple(sight.look(clock) for sight in sights)
        yield sights
        if all(sight.settled_at for sight in sights) or clock.monotonic() >= deadline:
            return
        clock.sleep(min(patience.interval, max(0.0, deadline - clock.monotonic())))


def watch(sights: Sights, patience: Patience, clock: Clock, screen: Screen) -> Sights:
    """Show what becomes of them; return the last sight of each."""
    looks = follow(sights, patience, clock)
    if screen.console.is_terminal and not screen.as_json:
        return _live(sights, looks, clock, screen)
    latest = _lines(sights, looks, clock, screen)
    for sight in latest:
        screen.say(_picture(sight, clock.now()))
    return latest


def outcome(sights: Sequence[Sight], patience: Patience, address: Address) -> OutcomeError | None:
    """Return what did not end well, the worst first: failed, refused, not promoted, drifted, not in time; or None."""
    logs = f" (logs: {address.local.state / 'logs'})" if address.local else ""
    problems: dict[type[OutcomeError], list[str]] = {
        kind: [] for kind in (FailedError, RefusedError, NotPromotedError, DriftedError, TimedOutError)
    }
    for sight in sights:
        story, name = sight.story, plain(sight.name)
        if story and story.state in _BAD_ENDS:
            problems[_BAD_ENDS[story.state]].append(f"{name} {story.state}: {plain(story.reason)}")
        elif not sight.settled_at:
            where = story.state if story else "waiting"
            problems[TimedOutError].append(
                f"{name} is still {where} after {patience.timeout:g} s; it goes on by itself"
            )
    for kind, messages in problems.items():
        if messages:
            return kind("; ".join(messages) + (logs if kind is FailedError else ""))
    return None


def see_out(sights: Sights, patience: Patience, clock: Clock, screen: Screen, address: Address) -> Sights:
    """Watch to the end, show how good the models are, and return the last sights.

    Raises
    ------
    OutcomeError
        If not all of them ended well.
    """
    latest = watch(sights, patience, clock, screen)
    runs = {sight.story.run_id: sight.story for sight in latest if sight.story and sight.story.metrics}
    for story in runs.values():
        screen.say()
        screen.say(render.metrics(story))
    problem = outcome(latest, patience, address)
    if problem:
        raise problem
    return latest


def _live(sights: Sights, looks: Iterator[Sights], clock: Clock, screen: Screen) -> Sights:
    seen = [sights]

    def picture() -> RenderableType:
        return Group(*(_picture(sight, clock.now()) for sight in seen[-1]))

    with Live(console=screen.console, get_renderable=picture, refresh_per_second=_FRAMES_PER_S):
        for latest in looks:
            seen[:] = [latest]
    return seen[-1]


def _lines(sights: Sights, looks: Iterator[Sights], clock: Clock, screen: Screen) -> Sights:
    begun, told, latest = clock.monotonic(), [""] * len(sights), sights
    for latest in looks:
        for index, sight in enumerate(latest):
            state = sight.story.state if sight.story else "waiting"
            if told[index] == state:
                continue
            told[index] = state
            if screen.as_json:
                screen.line(_event(sight, clock))
            else:
                screen.say(render.change(sight.name, sight.story, seconds=clock.monotonic() - begun))
    return latest


def _picture(sight: Sight, now: datetime) -> RenderableType:
    return render.progress(sight.kind, sight.name, sight.story, now=now, settled_at=sight.settled_at)


def _event(sight: Sight, clock: Clock) -> documents.Document:
    if sight.story is None:
        told: documents.Document = {"pipeline": sight.pipeline, "state": "waiting", "settled": False}
    else:
        told = documents.of_story(sight.story, now=clock.now(), settled_at=sight.settled_at)
    return {"event": "progress", **sight.about, **told}
