"""A whole local cloud with the application on it, started by the `freshet` command as a person would."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

FRESHET = Path(sys.executable).with_name("freshet")
NOT_PROMOTED = 3  # the exit code
_TIMEOUT_S = 240


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit code and the JSON documents it printed."""

    code: int
    documents: list[Any]
    stderr: str

    @property
    def last(self) -> Any:
        """The last document."""
        return self.documents[-1]


@dataclass(frozen=True)
class Local:
    """A running local cloud."""

    state: Path
    address: Mapping[str, Any]

    def freshet(self, *arguments: str | Path) -> Ran:
        """Run a command against it."""
        return freshet(self.state, *arguments)

    def learn(self, pipeline: str, path: Path) -> Mapping[str, Any]:
        """Upload a file and wait until its version is live; where the gate holds or rejects it, a person approves it.

        Small files make models of which the gate cannot be sure.
        """
        ran = self.freshet("upload", pipeline, path, "--wait")
        if ran.code != NOT_PROMOTED:
            assert ran.code == 0, ran.stderr
            return dict(ran.last)
        self.freshet("approve", pipeline, str(ran.last["version"]))
        deadline = time.monotonic() + _TIMEOUT_S
        while (run := self.freshet("runs", pipeline, "--limit", "1").last["runs"][0])["state"] != "live":
            assert time.monotonic() < deadline, run
        return dict(run)

    def client(self, service: str) -> Any:
        """Give a boto3 client."""
        return boto3.client(  # type: ignore[call-overload] # the stubs want a literal
            service,
            endpoint_url=self.address["endpoint_url"],
            region_name=self.address["region"],
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the local cloud has no secrets
        )


def freshet(state: Path, *arguments: str | Path) -> Ran:
    """Run the command with ``--json``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FRESHET_"))}
    ran = subprocess.run(
        [FRESHET, *arguments, "--json"],
        env={**environment, "FRESHET_STATE": str(state)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return Ran(ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """Start a local cloud; stop it whatever happens."""
    state = tmp_path_factory.mktemp("state")
    started = freshet(state, "up", "--detach", "--port", "0")
    assert started.code == 0, started.stderr
    try:
        yield Local(state, started.last)
    finally:
        assert freshet(state, "down").code == 0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Spread the moments over a run, as shares of its length; the same in every test run."""
    if "kill_moment" in metafunc.fixturenames:
        count = metafunc.config.getoption("--kills")
        dice = random.Random(count)  # noqa: S311 - repeatable
        metafunc.parametrize("kill_moment", [round((n + dice.random()) / count, 3) for n in range(count)])
