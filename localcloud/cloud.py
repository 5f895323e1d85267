"""One local cloud, from nothing to ready and back: its state, its time, its processes, its port, its services.

The port answers before the application is started, as the application calls it while being imported; the cloud is ready
when `start` returns. Stopping goes the other way round, and nothing that was started is left.
"""

import fcntl
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from localcloud.assembly import Assembly, Ground, MakeSageMaker, sagemaker
from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import ConfigError
from localcloud.frontdoor import FrontDoor
from localcloud.history import History
from localcloud.http_server import Server
from localcloud.leftovers import Leftovers
from localcloud.processes import Processes
from localcloud.settings import Settings

T = TypeVar("T")

log = logging.getLogger("localcloud")


class Cloud:
    """One local cloud; a process runs one at a time, as moto's state is the process's."""

    def __init__(self, settings: Settings, make_sagemaker: MakeSageMaker = sagemaker) -> None:
        self._settings = settings
        self._make_sagemaker = make_sagemaker
        self._ready = False
        self._undo: list[Callable[[], object]] = []
        self.port = 0
        self.endpoint_url = ""
        self.api_url = ""

    def start(self) -> None:
        """Start everything; raises ConfigError when that cannot be done, and leaves nothing behind then."""
        try:
            self._start()
        except BaseException:  # raised on: also an interrupt must leave no process behind
            self.stop()
            raise
        self._ready = True

    def stop(self) -> None:
        """Stop everything, in the reverse order; safe to call again."""
        self._ready = False
        while self._undo:
            self._undo.pop()()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        settings, logs = self._settings, self._settings.state / "logs"
        settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)  # jobs' data are nobody else's to read
        logs.mkdir(exist_ok=True)
        self._hold_state()
        self._log_to(logs / "cloud.log")
        database = self._keep(Database(settings.state / "state.db"), Database.close)
        clock = self._clock(database)
        history = self._keep(History(logs / "history.jsonl", clock.now), History.close)
        leftovers = Leftovers(database)
        leftovers.end()
        processes = self._keep(Processes(leftovers), Processes.close)
        clock.start()
        self._undo.append(clock.stop)
        ground = Ground(settings, database, clock, history, processes)
        assembly = Assembly(ground, lambda: self.endpoint_url, self._make_sagemaker)
        assembly.restore(self._undo.append)
        self._serve(assembly.door(lambda: self._ready))
        assembly.start(self.endpoint_url, logs / "lambda.log", self._undo.append)
        log.info("cloud_started endpoint_url=%s", self.endpoint_url)

    def _clock(self, database: Database) -> Clock:
        """Make the clock; a virtual one goes on from where it stood."""
        if not self._settings.virtual_clock:
            return Clock()
        database.define("CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 0), offset REAL)")
        database.execute("INSERT OR IGNORE INTO clock VALUES (0, 0.0)")
        row = database.row("SELECT offset FROM clock")
        return Clock(
            virtual=True,
            offset=row[0] if row else 0.0,
            shifted=lambda offset: database.execute("UPDATE clock SET offset = ?", offset),
        )

    def _serve(self, door: FrontDoor) -> None:
        server = Server(door, self._settings.port)
        self._undo.append(lambda: server.stop(self._settings.limits.closing_grace))
        server.start()
        self.port = server.port
        self.endpoint_url = f"http://127.0.0.1:{self.port}"
        self.api_url = f"{self.endpoint_url}/{self._settings.stage}/"

    def _hold_state(self) -> None:
        """Let no second cloud use the same state."""
        held = (self._settings.state / "lock").open("a+")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            held.close()
            raise ConfigError(
                f"another local cloud uses {self._settings.state}: choose another with --state"
            ) from error
        self._undo.append(held.close)

    def _log_to(self, path: Path) -> None:
        handler = logging.FileHandler(path, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        before = log.level
        log.addHandler(handler)
        log.setLevel(logging.INFO)

        def detach() -> None:
            log.removeHandler(handler)
            log.setLevel(before)
            handler.close()

        self._undo.append(detach)

    def _keep(self, part: T, end: Callable[[T], object]) -> T:
        self._undo.append(lambda: end(part))
        return part


def announce(cloud: Cloud, state: Path) -> str:
    """Write ``cloud.json``, whole or not at all, for those who look for the cloud; the same as one line."""
    line = json.dumps(
        {
            "pid": os.getpid(),
            "port": cloud.port,
            "endpoint_url": cloud.endpoint_url,
            "api_url": cloud.api_url,
        }
    )
    new = state / "cloud.json.new"
    new.write_text(line + "\n", "utf-8")
    new.replace(state / "cloud.json")
    return line
