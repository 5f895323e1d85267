"""What containers print, from their log files to CloudWatch Logs, line by line.

The files stay where they are. How far each was read is kept in the transaction that adds its lines, so a restart ships
none twice and, as it looks at every file once, none not at all. A line without its end waits for the end of its
container. The price: a line's time is that of the look that found it.
Source of the groups' and streams' names: SageMaker Developer Guide, "Log groups and streams"; ours: an instance is
named by its number among those of its variant, and ``algo-1`` stands for the one instance of a transform.
"""

import logging
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from localcloud.database import Database
from localcloud.observed import Append

log = logging.getLogger(__name__)
_JOBS = {
    "training-jobs": "/aws/sagemaker/TrainingJobs",
    "processing-jobs": "/aws/sagemaker/ProcessingJobs",
    "transform-jobs": "/aws/sagemaker/TransformJobs",
}
_ENDPOINTS = "endpoints"
_JOB_FILE = re.compile(r"(?P<job>[^.]+)(\.(?P<host>algo-\d+))?\.log")
_LONGEST = 1 << 20  # bytes of a line that are read at once
_AT_ONCE = 1000  # lines of one transaction


class LogShipping:
    """Ships the files below a folder, ``<kind>/<region>/<name>...log``; safe to use from several threads."""

    def __init__(self, database: Database, append: Append, now: Callable[[], datetime], folder: Path) -> None:
        self._database = database
        self._append = append
        self._now = now
        self._folder = folder
        self._lock = threading.Lock()
        self._followed: Counter[tuple[str, ...]] = Counter()
        database.define(
            "CREATE TABLE IF NOT EXISTS sagemaker_log_files (file TEXT PRIMARY KEY, stream TEXT, shipped INTEGER)"
        )

    def run(self, sleep: Callable[[float], object], every: float) -> None:
        """Ship what a cloud that was killed left; then what is followed, again and again until ``sleep`` raises."""
        for file in sorted(self._folder.glob("*/*/**/*.log")):
            with self._lock:  # for each: a job need not wait for all of them
                self._ship(file, last=True)
        while True:
            sleep(every)
            self.look()

    def look(self) -> None:
        """Ship the whole lines that are new in what is followed."""
        with self._lock:
            for names in list(self._followed):
                self._look(names, last=False)

    def follow(self, *names: str) -> None:
        """Ship from time to time what a container prints; its log is called as `Containers.log` calls it."""
        with self._lock:
            self._followed[names] += 1

    def finish(self, *names: str) -> None:
        """Ship what is left of a container that has ended."""
        with self._lock:
            self._followed[names] -= 1
            if not self._followed[names]:
                del self._followed[names]
            try:
                self._look(names, last=True)
            except (
                OSError,
                sqlite3.Error,
            ) as error:  # a full disk: what the container did stands; the next start ships
                log.warning("log_not_shipped names=%s error=%s", "/".join(names), error)

    @contextmanager
    def job(self, noun: str, region: str, name: str) -> Iterator[None]:
        """Follow a job as long as the block runs; ``noun`` is its kind's in ARNs."""
        names = (f"{noun}s", region, name)
        self.follow(*names)
        try:
            yield
        finally:
            self.finish(*names)

    def _look(self, names: Sequence[str], *, last: bool) -> None:
        folder = self._folder.joinpath(*names[:-1])
        hosts = sorted(folder.glob(f"{names[-1]}.algo-*.log")) if names[0] in _JOBS else []
        for file in (folder / f"{names[-1]}.log", *hosts):
            self._ship(file, last=last)

    def _ship(self, file: Path, *, last: bool) -> None:
        if not file.exists():
            return
        key = file.relative_to(self._folder).as_posix()
        row = self._database.row("SELECT stream, shipped FROM sagemaker_log_files WHERE file = ?", key)
        place = _place(key, int(self._now().timestamp()))
        if place is None:
            return
        region, group, stream = place
        stream, shipped = row or (stream, 0)
        size = file.stat().st_size
        if size == shipped:
            return
        if size < shipped:  # somebody removed it, and it was begun anew
            shipped = 0
        with file.open("rb") as lines:
            lines.seek(shipped)
            while read := _whole_lines(lines.readline, last=last):
                now = self._now()
                texts = [(now, line.decode("utf-8", "replace").rstrip("\r\n")) for line in read]
                shipped += sum(map(len, read))
                with self._database.transaction():
                    self._append(group, stream, texts, region=region)
                    self._database.execute(
                        "INSERT OR REPLACE INTO sagemaker_log_files VALUES (?, ?, ?)", key, stream, shipped
                    )


def _whole_lines(readline: Callable[[int], bytes], *, last: bool) -> list[bytes]:
    found: list[bytes] = []
    while len(found) < _AT_ONCE and (line := readline(_LONGEST)):
        if not (last or line.endswith(b"\n") or len(line) == _LONGEST):
            break
        found.append(line)
    return found


def _place(key: str, epoch: int) -> tuple[str, str, str] | None:
    """Return the region, group and stream of a file; None for one that is no container's."""
    kind, region, *names = key.split("/")
    if kind == _ENDPOINTS and len(names) == 2:  # noqa: PLR2004  the endpoint's name and the file's
        variant, _, number = names[1].removesuffix(".log").rpartition("-")
        return region, f"/aws/sagemaker/Endpoints/{names[0]}", f"{variant}/{number}"
    found = _JOB_FILE.fullmatch(names[0]) if len(names) == 1 else None
    if kind not in _JOBS or found is None:
        return None
    return region, _JOBS[kind], f"{found['job']}/{found['host'] or 'algo-1'}-{epoch}"
