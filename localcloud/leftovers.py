"""Processes that outlived a local cloud: known from the database, ended by the next one.

The reaper ends them at once, but it can be killed as well. A process is told from a stranger that got its id since by
the moment it started, as the system tells it. The price: where the leader of a group is gone, its children are not
found.
"""

import logging
import signal
import sqlite3
import subprocess
from pathlib import Path

from localcloud.database import Database
from localcloud.reaper import signal_group

log = logging.getLogger(__name__)


class Leftovers:
    """The groups of processes that were started and did not end yet."""

    def __init__(self, database: Database) -> None:
        database.define("CREATE TABLE IF NOT EXISTS processes (id INTEGER PRIMARY KEY, started TEXT NOT NULL)")
        self._database = database

    def end(self) -> int:
        """Kill what an earlier local cloud left; how many groups it was."""
        noted = self._database.rows("SELECT id, started FROM processes")
        left = [pid for pid, started in noted if started and _start(pid) == started]
        for pid in left:
            log.warning("leftover_killed process=%d", pid)
            signal_group(pid, signal.SIGKILL)
        self._database.execute("DELETE FROM processes")
        return len(left)

    def add(self, pid: int) -> None:
        """Note a process that leads a group, just started."""
        self._change("INSERT OR REPLACE INTO processes VALUES (?, ?)", pid, _start(pid))

    def remove(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._change("DELETE FROM processes WHERE id = ?", pid)

    def _change(self, statement: str, pid: int, *values: str) -> None:
        try:
            self._database.execute(statement, pid, *values)
        except sqlite3.Error as error:  # a full disk: the reaper knows the process as well, and it runs
            log.warning("leftover_not_noted process=%d error=%s", pid, error)


def _start(pid: int) -> str:
    """Return when a process started, in whatever words the system has for it; empty if there is no such process."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            return stat.read_text().rpartition(")")[2].split()[19]
        except (OSError, IndexError):
            return ""
    asked = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603  a number
