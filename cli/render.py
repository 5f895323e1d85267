"""How things look to people: stories, steps, tables and addresses as rich renderables. No I/O, no clock.

File names and reasons were written by others: they are put as plain text without control characters, never as markup.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath

from rich.console import Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from chalicelib.services.stories import Story
from cli.steps import Kind, Step, began, seconds_of, steps_of
from cli.tables import Column, blank, fitting, number, plain

COLOURS: Mapping[str, str] = {
    "live": "green",
    "scored": "green",
    "replaced": "dim",
    "superseded": "dim",
    "not started": "dim",
    "failed": "red",
    "refused": "yellow",
    "rejected": "yellow",
    "held": "yellow",
    "rolled back": "yellow",
    "no drift": "green",
    "drift": "yellow",
    "not enough data": "dim",
    "waiting": "dim",
}
_MARKS: Mapping[str, tuple[str, str]] = {"waiting": ("·", "dim"), "done": ("✓", "green"), "failed": ("✗", "red")}
_TITLES: Mapping[str, str] = {"auc": "AUC", "f1": "F1", "rmse": "RMSE", "mae": "MAE", "r2": "R²"}
_SHOWN = ("accuracy", "auc", "precision", "recall", "f1", "log_loss", "brier", "rmse", "mae", "r2")  # --json has all
_HEADLINES = {"accuracy": 3, "auc": 7, "rmse": 3, "r2": 7}  # what a line has room for, with their ranks as columns
_TOLD = 5  # reasons for which rows were set aside; --json has all
_GOOD_ENDS = frozenset({"live", "replaced", "scored"})
_NOT_SEEN = "to be looked at"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def duration(seconds: float | None) -> str:
    """Write a duration as people say it: ``0.8 s``, ``2 min 05 s``, ``1 h 10 min``."""
    if seconds is None:
        return ""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"


def age(moment: datetime | None, now: datetime) -> str:
    """Write how long ago something was, in its largest unit."""
    if moment is None:
        return ""
    seconds = max(0, int((now - moment).total_seconds()))
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"


def progress(
    kind: Kind, name: str, story: Story | None, *, now: datetime, settled_at: datetime | None = None
) -> RenderableType:
    """Show the way of one file or version, step by step, with where it is now below."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=1)
    table.add_column(min_width=8)
    table.add_column(justify="right", min_width=11)
    table.add_column(ratio=1, overflow="fold")
    for step in steps_of(kind, story, now=now, settled_at=settled_at):
        style = "dim" if step.state == "waiting" else ""
        table.add_row(_mark(step), Text(step.name, style), Text(duration(step.seconds), "dim"), _note(step, story))
    last = headline(story, now=now, settled_at=settled_at)
    return Group(Text(plain(name), "bold"), table, last, *_set_aside(story), *_report(story))


def headline(story: Story | None, *, now: datetime, settled_at: datetime | None = None) -> Text:
    """Say where something is, and why, in one line."""
    if story is None:
        return Text(f"waiting {_NOT_SEEN}", "dim")
    line = Text(story.state, f"bold {COLOURS.get(story.state, 'cyan')}")
    if story.state in _GOOD_ENDS:
        version = f"version {story.version}" if story.state == "live" else plain(story.reason)
        spent = duration(seconds_of(story, now=now, settled_at=settled_at))
        return line.append(f"  {version}{f' after {spent}' if spent else ''}", "not bold default")
    return line.append(f"  {plain(story.reason)}", "not bold default")


def _set_aside(story: Story | None) -> list[Text]:
    """Say which rows were set aside while the rest went on, and why: the most frequent reasons."""
    if story is None or not story.rejected:
        return []
    count, read = story.rows.get("rejected", 0), story.rows.get("read", 0)
    told = [f"  {plain(row.file)}: {plain(str(row.finding))}" for row in story.rejected[:_TOLD]]
    more = sum(row.finding.rows for row in story.rejected[_TOLD:])
    head = Text("note", "bold yellow").append(f"  {count:,} of {read:,} rows were set aside", "not bold default")
    return [head, *(Text(line, "dim") for line in [*told, *([f"  and {more:,} more"] if more else [])])]


def _report(story: Story | None) -> list[Text]:
    """Say where a person opens the report."""
    return [Text(f"report {story.report}", overflow="fold")] if story and story.report else []


def change(name: str, story: Story | None, *, seconds: float) -> Text:
    """Write one change as a line for logs."""
    state, reason = (story.state, story.reason) if story else ("waiting", _NOT_SEEN)
    return Text(f"{seconds:8.1f} s  {plain(name)}  {state}: {plain(reason)}")


def metrics(story: Story) -> RenderableType:
    """Show the best-known metrics of the held-out rows."""
    names = [name for name in _SHOWN if name in story.metrics]
    table = blank()
    for name in names:
        table.add_column(_TITLES.get(name, name.replace("_", " ")), justify="right")
    table.add_row(*(f"{story.metrics[name]:.4f}" for name in names))
    return table


def runs(stories: Sequence[Story], *, now: datetime, width: int) -> RenderableType:
    """Show runs, newest first; a narrow screen shows less of each, never half of it."""
    return fitting(
        [
            Column("id", 5, [Text(story.id) for story in stories]),
            Column("file", 1, [Text(plain(_files(story))) for story in stories], folds=True),
            Column("state", 0, [state(story.state) for story in stories]),
            Column("verdict", 10, [Text(decision_of(story)) for story in stories]),
            number("rows", 8, [_count(story.rows.get("read")) for story in stories]),
            number("set aside", 9, [_count(story.rows.get("rejected")) for story in stories]),
            *_headlines(stories),
            number("version", 2, [str(story.version or "") for story in stories]),
            number("started", 4, [age(began(story), now) for story in stories]),
            number("took", 6, [duration(seconds_of(story, now=now)) for story in stories]),
        ],
        width,
    )


def predictions(rows: Sequence[tuple[str, float, str]], positive_label: str) -> RenderableType:
    """Show predictions: label, score, text."""
    table = blank()
    table.add_column("label")
    table.add_column(f"P({positive_label})", justify="right")
    table.add_column("text", overflow="fold")
    for label, score, text in rows:
        table.add_row(Text(plain(label), "bold"), f"{score:.3f}", Text(plain(text)))
    return table


def _headlines(stories: Sequence[Story]) -> list[Column]:
    """Make a column of each metric that any of the runs has; the first of a kind stay on a narrow screen."""
    known = [name for name in _HEADLINES if any(name in story.metrics for story in stories)]
    return [
        number(_TITLES.get(name, name), _HEADLINES[name], [_share(story.metrics.get(name)) for story in stories])
        for name in known
    ]


def state(word: str) -> Text:
    """Return a state in its colour."""
    return Text(word, COLOURS.get(word, "cyan"))


def decision_of(story: Story) -> str:
    """Return the gate's word; empty before there is one."""
    return str(story.verdict["decision"]) if story.verdict else ""


def _files(story: Story) -> str:
    """Return the name of the only file, or of one and how many more there are."""
    first, *others = [PurePosixPath(key).name for key in story.files] or [""]
    return f"{first} and {len(others)} more" if others else first


def _mark(step: Step) -> RenderableType:
    if step.state == "running":
        return Spinner("dots", style="cyan")
    mark, style = _MARKS[step.state]
    return Text(mark, style)


def _note(step: Step, story: Story | None) -> Text:
    if story is None or step.state != "done":
        return Text("")
    return Text(_NOTES.get(step.name, _no_note)(story), "dim")


def _no_note(_story: Story) -> str:
    return ""


def _rows_note(story: Story) -> str:
    if "read" not in story.rows:
        return ""
    parts = ", ".join(f"{story.rows[name]:,} {name}" for name in ("train", "validation", "test") if name in story.rows)
    return f"{story.rows['read']:,} rows{f': {parts}' if parts else ''}"


def _quality_note(story: Story) -> str:
    known = [name for name in _HEADLINES if name in story.metrics]
    return ", ".join(f"{_TITLES.get(name, name)} {story.metrics[name]:.4f}" for name in known)


def _version_note(story: Story) -> str:
    return f"version {story.version}"


_NOTES = {"prepare": _rows_note, "evaluate": _quality_note, "register": _version_note}


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
