"""How plans, explanations and standings look to people, as rich renderables. No I/O, no clock."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from chalicelib.core.actions import Change, Plan
from chalicelib.core.ledger import DatasetRow, Decision, Head, RunRow
from chalicelib.core.watched import CheckRow
from chalicelib.services.standings import Standing
from chalicelib.services.stories import Explanation, Story
from cli import render
from cli.tables import Column, fitting, number, pairs, plain


def standings(found: Sequence[Standing], *, now: datetime, width: int) -> RenderableType:
    """Show which model of each pipeline answers; a narrow screen shows less of each."""
    serving = [standing.plans["serving"] for standing in found]
    learning = [standing.plans["learning"] for standing in found]
    table = fitting(
        [
            Column("pipeline", 0, [Text(standing.pipeline) for standing in found]),
            Column("endpoint", 4, [Text(standing.status) for standing in found]),
            number("version", 2, [str(standing.version or "none") for standing in found]),
            number("wanted", 3, [str(standing.wanted or "none") for standing in found]),
            Column("state", 1, [render.state(plan.state) for plan in serving]),
            Column("learning", 5, [render.state(plan.state) for plan in learning]),
            number("waiting", 6, [str(len(standing.waiting)) for standing in found]),
            Column("why", 7, [Text(plain(plan.reason), "dim") for plan in serving], folds=True),
        ],
        width,
    )
    notes = {standing.pipeline: dict(_notes(standing, now)) for standing in found}
    return Group(table, *(_section(name, pairs(told)) for name, told in notes.items() if told))


def plan(pipeline: str, area: str, planned: Plan) -> RenderableType:
    """Show what would come next in one area."""
    told = {"reason": planned.reason}
    told |= {f"evidence: {name}": _value(value) for name, value in planned.evidence.items()}
    head = Text(f"{pipeline}, {area}: ", "bold").append(render.state(planned.state))
    steps = [*map(str, planned.documents), *_ledger(planned.change), *map(str, planned.actions)]
    lines = [Text(plain(step)) for step in steps] or [Text("nothing to do now", "dim")]
    return Group(head, _indented(Group(pairs(told), *lines)), "")


def explanation(found: Explanation, *, now: datetime) -> RenderableType:
    """Show all of a run: what it is, its steps, the verdict, every decision, and where its files lie."""
    story = found.story
    return Group(
        pairs(_identity(story)),
        "",
        render.progress("run", "Steps", story, now=now),
        *([_section("Verdict", _verdict(story))] if story.verdict else []),
        *([_section("On the held-out rows", render.metrics(story))] if story.metrics else []),
        _section("Decisions", Group(*(_decision(decision) for decision in found.decisions))),
        _section("Files", pairs(found.artifacts)),
    )


def _identity(story: Story) -> Mapping[str, str]:
    told = {
        "dataset version": story.id,
        "run": story.run_id,
        "version": str(story.version) if story.version is not None else None,
        "state": story.state,
        "reason": story.reason,
        "cause": story.cause,
        "began": story.started,
        "files": ", ".join(story.files),
    }
    return {name: value for name, value in told.items() if value}


def _verdict(story: Story) -> RenderableType:
    verdict = story.verdict or {}
    reasons = [Text(f"- {plain(reason)}") for reason in verdict.get("reasons", ())]
    numbers = {name: _value(value) for name, value in verdict.get("evidence", {}).items()}
    return Group(Text(render.decision_of(story), "bold"), *reasons, *([pairs(numbers)] if numbers else []))


def _decision(decision: Decision) -> RenderableType:
    head = Text(f"{decision.at[:19].replace('T', ' ')}  ", "dim").append(render.state(decision.state))
    head.append(f"  {plain(decision.reason)}", "default")
    told = {"cause": decision.cause}
    told |= {name: _value(value) for name, value in decision.evidence.items() if value is not None}
    told |= {f"action {count}": action for count, action in enumerate(decision.actions, 1)}
    told |= {"outcome": decision.outcome or "not known (yet)"}
    return Group(head, _indented(pairs(told)))


def _notes(standing: Standing, now: datetime) -> Iterator[tuple[str, str]]:
    """Give what is out of the ordinary, or under way."""
    head, learning = standing.head, standing.plans["learning"]
    if head.pin:
        yield "pinned", f"version {head.pin.version}, until there is one newer than version {head.pin.over}"
    if head.bad:
        yield "bad", f"version{'s' if len(head.bad) > 1 else ''} {', '.join(map(str, head.bad))} must not answer again"
    if head.dataset_id:
        run = f", run {head.run_id}" if head.run_id else ""
        yield "active", f"dataset version {head.dataset_id}{run}: {learning.state}, {learning.reason}"
    elif learning.state != "idle":
        yield learning.state, learning.reason
    if head.wish:
        yield "wished", head.wish.cause
    yield from _watched(standing)
    if standing.waiting:
        yield "waiting", ", ".join(standing.waiting)
    for count, trouble in enumerate(standing.troubles, 1):
        when = render.age(datetime.fromisoformat(trouble.at), now)
        yield f"trouble {count}", f"{trouble.reason}, {when}: {trouble.outcome or 'its outcome is not known (yet)'}"


def _watched(standing: Standing) -> Iterator[tuple[str, str]]:
    """Give what drift checks found, and what is under way or in the way of them."""
    head, watching = standing.head, standing.plans["watching"]
    if head.watched and head.watched.checks:
        last, drifted, checks = head.watched.checks[-1], sum(head.watched.drifted), len(head.watched.checks)
        told = f"{last.verdict} until {last.end[:16]}{', and the quality is worse' if head.watched.worse else ''}"
        yield "drift", f"{told}; {drifted} of the last {checks} checks of version {head.watched.version}"
    if watching.state != "idle":
        yield f"drift: {watching.state}", watching.reason


def _ledger(change: Change | None) -> Iterator[str]:
    """Say what the ledger would say."""
    if change is None:
        return
    for row in change.rows:
        match row:
            case DatasetRow():
                yield f"note dataset version {row.dataset_id} as {row.state}"
            case RunRow():
                yield f"note run {row.run_id} as {row.state}"
            case CheckRow():
                yield f"note drift check {row.check_id} as {row.state}"
    yield f"note as wanted: {_wanted(change.head)}"


def _wanted(head: Head) -> str:
    told = {name: value for name, value in head.to_dict().items() if value and name not in {"pipeline", "fence"}}
    return ", ".join(f"{name} {_value(value)}" for name, value in told.items()) or "nothing"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(member)}" for name, member in value.items() if member is not None)
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _section(title: str, body: RenderableType) -> RenderableType:
    return Group("", Text(title, "bold"), _indented(body))


def _indented(body: RenderableType) -> RenderableType:
    return Padding(body, (0, 0, 0, 2), expand=False)
