from pathlib import Path

import pytest

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.functions.batches import Batches
from localcloud.functions.printed import Readers
from localcloud.functions.sandbox import Host, Sandbox, StartError
from localcloud.processes import Processes
from localcloud.settings import Settings
from localcloud.wiring import Function


def test_a_killed_sandbox_is_not_started_again(tmp_path: Path) -> None:
    """A sandbox that is being started while the cloud stops does not come up behind its back."""
    with Processes() as processes:
        settings = Settings(state=tmp_path, app="app:app", app_dir=tmp_path)
        clock = Clock()
        database = Database(tmp_path / "db")
        readers = Readers(tmp_path / "log", clock.now, Batches(clock, database))
        sandbox = Sandbox(Function("f", "f", "app.f", 1.0, 128), Host(settings, processes, clock, readers, ""))
        sandbox.kill()
        with pytest.raises(StartError, match="stopping"):
            sandbox.start()
        database.close()
