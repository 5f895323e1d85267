"""Putting a file, with a bar for people who wait for a large one."""

from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from chalicelib.core.facts import Upload
from cli import tables
from cli.connection import Connection
from cli.screen import Screen

_WORTH_A_BAR = 8 * 1024 * 1024  # bytes


def put(connection: Connection, path: Path, key: str, screen: Screen) -> Upload:
    """Put a file under a key and return which version of it that is."""
    size = path.stat().st_size
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    hidden = screen.as_json or not screen.console.is_terminal or size < _WORTH_A_BAR
    with Progress(*columns, console=screen.console, transient=True, disable=hidden) as bar:
        task = bar.add_task(tables.plain(path.name), total=size)
        return connection.put(path, key, lambda count: bar.advance(task, count))
