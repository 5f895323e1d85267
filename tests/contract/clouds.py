"""A local cloud in a process of its own, started as any user would."""

import http.client
import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/contract:1"
REGION = "us-east-1"  # that of the local cloud's application
QUICK = {
    "alarm_evaluation": 0.0,
    "data_capture": 0.1,
    "endpoint_start": 0.0,
    "event_retry": 0.1,
    "health_check": 0.02,
    "invocation": 3,
    "invocation_metrics": 0.1,
    "job_end": 0.0,
    "job_start": 0.0,
    "job_stop": 1,
    "job_watch": 0.1,
    "lambda_retries": "0.1,0.2",
    "parallel_jobs": 3,
    "ping_deadline": 3,
    "revival": 0.1,
    "server_stop": 2,
    "serverless_ping_deadline": 3,
    "sns_retries": "0.1,0.1,0.1",
    "tuning": 0.05,
}


class LocalCloud:
    """``python -m localcloud`` on a folder: its address, its own pages, its end."""

    def __init__(self, folder: Path, *arguments: str, **changed: object) -> None:
        self.state = folder / "state"
        images = folder / "images.json"
        images.write_text(json.dumps({IMAGE: {"command": [sys.executable, str(PROGRAMS / "container.py")]}}))
        command = [sys.executable, "-m", "localcloud", "--port", "0", "--state", str(self.state)]
        command += ["--images", str(images), "--app", "app:app", "--app-dir", str(PROGRAMS), *arguments]
        for name, value in {**QUICK, **changed}.items():
            command += ["--set", f"{name}={value}"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=environment)
        assert self._process.stdout is not None
        ready = json.loads(self._process.stdout.readline())
        self.endpoint_url: str = ready["endpoint_url"]
        self._port: int = ready["port"]

    def page(self, name: str, change: object = None) -> Any:
        """Read one of the cloud's own pages, or change something there."""
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as connection:
            body = None if change is None else json.dumps(change)
            connection.request("GET" if change is None else "POST", f"/_localcloud/{name}", body)
            response = connection.getresponse()
            told = json.loads(response.read())
        assert response.status == http.HTTPStatus.OK, told
        return told

    def advance(self, seconds: float) -> None:
        """Let time pass on a virtual clock, with all that is due on the way."""
        self.page("clock", {"advance": seconds})

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send a signal and wait for the end."""
        self._process.send_signal(number)
        self._process.communicate(timeout=30)
