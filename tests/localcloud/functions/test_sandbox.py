from pathlib import Path

import pytest

from localcloud.lambda_process import LambdaProcess, StartError
from localcloud.processes import Processes
from localcloud.settings import Settings


def test_a_killed_worker_is_not_started_again(tmp_path: Path) -> None:
    """A worker that is being started while the cloud stops does not come up behind its back."""
    with Processes() as processes:
        settings = Settings(state=tmp_path, app="app:app", app_dir=tmp_path)
        worker = LambdaProcess(processes, settings, {}, tmp_path / "log")
        worker.kill()
        with pytest.raises(StartError, match="stopping"):
            worker.start()
