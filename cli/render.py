"""How things look to people: stories, steps, tables and addresses as rich renderables. No I/O, no clock.

File names and reasons were written by others: they are put as plain text without control characters, never as markup.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from rich import box
from rich.console import Group, JustifyMethod, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from chalicelib.services.progress import Story
from cli.connection import Live
from cli.steps import Kind, Step, began, seconds_of, steps_of

COLOURS: Mapping[str, str] = {
    "live": "green",
    "scored": "green",
    "replaced": "dim",
    "failed": "red",
    "refused": "yellow",
    "waiting": "dim",
}
_MARKS: Mapping[str, tuple[str, str]] = {"waiting": ("·", "dim"), "done": ("✓", "green"), "failed": ("✗", "red")}
_TITLES: Mapping[str, str] = {"auc": "AUC", "f1": "F1", "rmse": "RMSE", "mae": "MAE", "r2": "R²"}
_SHOWN = ("accuracy", "auc", "precision", "recall", "f1", "log_loss", "brier", "rmse", "mae", "r2")  # --json has all
_HEADLINES = {"accuracy": 3, "auc": 7, "rmse": 3, "r2": 7}  # what a line has room for, with their ranks as columns
_TOLD = 5  # reasons for which rows were set aside; --json has all
_GAP = 3  # between the columns of a table
_FOLDED = 14  # the least width of a column whose cells may take several lines
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def plain(text: str) -> str:
    """Return another's text with its control characters made visible: it must not steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


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
    kind: Kind, file: str, story: Story | None, *, now: datetime, settled_at: datetime | None = None
) -> RenderableType:
    """Show one file's way, step by step, with where it is now below."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=1)
    table.add_column(min_width=8)
    table.add_column(justify="right", min_width=11)
    table.add_column(ratio=1, overflow="fold")
    for step in steps_of(kind, story, now=now, settled_at=settled_at):
        style = "dim" if step.state == "waiting" else ""
        table.add_row(_mark(step), Text(step.name, style), Text(duration(step.seconds), "dim"), _note(step, story))
    return Group(Text(plain(file), "bold"), table, headline(story, now=now, settled_at=settled_at), *_set_aside(story))


def headline(story: Story | None, *, now: datetime, settled_at: datetime | None = None) -> Text:
    """Say where a file is, and why, in one line."""
    if story is None:
        return Text("waiting for the upload's event", "dim")
    line = Text(story.state, f"bold {COLOURS.get(story.state, 'cyan')}")
    if story.settled and story.state not in {"failed", "refused"}:
        version = f"version {story.version}" if story.version is not None else plain(story.reason)
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


def change(file: str, story: Story | None, *, seconds: float) -> Text:
    """Write one change as a line for logs."""
    state, reason = (story.state, story.reason) if story else ("waiting", "for the upload's event")
    return Text(f"{seconds:8.1f} s  {plain(file)}  {state}: {plain(reason)}")


def metrics(story: Story) -> RenderableType:
    """Show the best-known metrics of the held-out rows."""
    names = [name for name in _SHOWN if name in story.metrics]
    table = _table()
    for name in names:
        table.add_column(_TITLES.get(name, name.replace("_", " ")), justify="right")
    table.add_row(*(f"{story.metrics[name]:.4f}" for name in names))
    return table


def runs(stories: Sequence[Story], *, now: datetime, width: int) -> RenderableType:
    """Show runs, newest first; a narrow screen shows less of each, never half of it."""
    return _fitting(
        [
            _Column("id", 5, [Text(story.id) for story in stories]),
            _Column("file", 1, [Text(plain(PurePosixPath(story.upload.key).name)) for story in stories], folds=True),
            _Column("state", 0, [_state(story.state) for story in stories]),
            _number("rows", 8, [_count(story.rows.get("read")) for story in stories]),
            _number("set aside", 9, [_count(story.rows.get("rejected")) for story in stories]),
            *_headlines(stories),
            _number("version", 2, [str(story.version or "") for story in stories]),
            _number("started", 4, [age(began(story), now) for story in stories]),
            _number("took", 6, [duration(seconds_of(story, now=now)) for story in stories]),
        ],
        width,
    )


def endpoints(found: Sequence[Live], active: Mapping[str, int], *, width: int) -> RenderableType:
    """Show which model of each pipeline answers; a narrow screen shows less of each."""
    return _fitting(
        [
            _Column("pipeline", 0, [Text(live.pipeline) for live in found]),
            _Column("endpoint", 3, [Text(live.status) for live in found]),
            _number("version", 2, [str(live.version or "none") for live in found]),
            _Column("state", 1, [_state(live.state) for live in found]),
            _number("active runs", 5, [str(active[live.pipeline]) for live in found]),
            _Column("why", 4, [Text(plain(live.reason), "dim") for live in found], folds=True),
        ],
        width,
    )


def pairs(values: Mapping[str, str]) -> RenderableType:
    """Show names and values, aligned."""
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(name, Text(plain(value)))
    return table


def predictions(rows: Sequence[tuple[str, float, str]], positive_label: str) -> RenderableType:
    """Show predictions: label, score, text."""
    table = _table()
    table.add_column("label")
    table.add_column(f"P({positive_label})", justify="right")
    table.add_column("text", overflow="fold")
    for label, score, text in rows:
        table.add_row(Text(plain(label), "bold"), f"{score:.3f}", Text(plain(text)))
    return table


@dataclass(frozen=True)
class _Column:
    """A column of a table; the lower its rank, the narrower the screen that still shows it."""

    title: str
    rank: int
    cells: Sequence[Text]
    right: bool = False
    folds: bool = False

    @property
    def least(self) -> int:
        """The width below which it says nothing."""
        natural = max(len(self.title), *(cell.cell_len for cell in self.cells), 0)
        return min(natural, _FOLDED) if self.folds else natural


def _number(title: str, rank: int, cells: Sequence[str]) -> _Column:
    return _Column(title, rank, [Text(cell) for cell in cells], right=True)


def _headlines(stories: Sequence[Story]) -> list[_Column]:
    """Make a column of each metric that any of the runs has; the first of a kind stay on a narrow screen."""
    known = [name for name in _HEADLINES if any(name in story.metrics for story in stories)]
    return [
        _number(_TITLES.get(name, name), _HEADLINES[name], [_share(story.metrics.get(name)) for story in stories])
        for name in known
    ]


def _fitting(columns: Sequence[_Column], width: int) -> Table:
    """Make a table of the columns that fit, by rank."""
    kept: list[_Column] = []
    for column in sorted(columns, key=lambda column: column.rank):
        if sum(other.least + _GAP for other in kept) + column.least > width:
            break
        kept.append(column)
    shown = [column for column in columns if column in kept]
    table = _table()
    for column in shown:
        justify: JustifyMethod = "right" if column.right else "left"
        table.add_column(
            column.title, justify=justify, no_wrap=not column.folds, min_width=column.least, overflow="fold"
        )
    for cells in zip(*(column.cells for column in shown), strict=True):
        table.add_row(*cells)
    return table


def _state(state: str) -> Text:
    return Text(state, COLOURS.get(state, "cyan"))


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")


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
    return f"{story.rows['read']:,} rows: {parts}"


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
