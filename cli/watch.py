"""Watches what becomes of files, by asking again and again until all is settled or the time is over.

A terminal sees the steps live; a pipe gets a plain line on each change and the steps at the end; a program a JSON line
on each change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from rich.console import Group, RenderableType
from rich.live import Live

from chalicelib.core.facts import Upload
from chalicelib.services.progress import Story
from cli import documents, render
from cli.address import Address
from cli.clock import Clock
from cli.errors import FailedError, OutcomeError, RefusedError, TimedOutError
from cli.screen import Screen
from cli.steps import Kind

_FRAMES_PER_S = 8
_BAD_ENDS: Mapping[str, type[OutcomeError]] = {"failed": FailedError, "refused": RefusedError}


@dataclass(frozen=True)
class Sight:
    """One file as it was last seen."""

    kind: Kind
    pipeline: str
    upload: Upload
    read: Callable[[], Story | None]
    story: Story | None = None
    settled_at: datetime | None = None

    @property
    def file(self) -> str:
        """The file's name."""
        return PurePosixPath(self.upload.key).name

    def look(self, clock: Clock) -> "Sight":
        """Look again, unless it is settled."""
        if self.settled_at:
            return self
        story = self.read()
        return replace(self, story=story, settled_at=clock.now() if story and story.settled else None)


Sights = tuple[Sight, ...]


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
    """Show what becomes of files; return the last sight of each."""
    looks = follow(sights, patience, clock)
    if screen.console.is_terminal and not screen.as_json:
        return _live(sights, looks, clock, screen)
    latest = _lines(sights, looks, clock, screen)
    for sight in latest:
        screen.say(_picture(sight, clock.now()))
    return latest


def outcome(sights: Sequence[Sight], patience: Patience, address: Address) -> OutcomeError | None:
    """Return how it ended badly, in the order failed, refused, not in time; None if all is well."""
    logs = f" (logs: {address.local.state / 'logs'})" if address.local else ""
    problems: dict[type[OutcomeError], list[str]] = {FailedError: [], RefusedError: [], TimedOutError: []}
    for sight in sights:
        story, file = sight.story, render.plain(sight.file)
        if story and story.state in _BAD_ENDS:
            problems[_BAD_ENDS[story.state]].append(f"{file} {story.state}: {render.plain(story.reason)}")
        elif not sight.settled_at:
            where = story.state if story else "waiting for its event"
            problems[TimedOutError].append(
                f"{file} is still {where} after {patience.timeout:g} s; it goes on by itself"
            )
    for kind, messages in problems.items():
        if messages:
            return kind("; ".join(messages) + (logs if kind is FailedError else ""))
    return None


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
                screen.say(render.change(sight.file, sight.story, seconds=clock.monotonic() - begun))
    return latest


def _picture(sight: Sight, now: datetime) -> RenderableType:
    return render.progress(sight.kind, sight.file, sight.story, now=now, settled_at=sight.settled_at)


def _event(sight: Sight, clock: Clock) -> documents.Document:
    if sight.story is None:
        return {"event": "progress", **documents.of_waiting(sight.pipeline, sight.upload)}
    described = documents.of_story(sight.story, now=clock.now(), settled_at=sight.settled_at)
    return {"event": "progress", **described}
