"""A local cloud in a process of its own, for tests that kill it, and the clients of one."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

ROOT = Path(__file__).parents[2]


def client(service: str, url: str, region: str = "eu-central-1", **config: Any) -> Any:
    """Make a client that tries once: what is refused is the test's to see."""
    make: Any = boto3.session.Session().client  # a session of its own: threads make clients too
    return make(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  no secret: the cloud takes any
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


class CloudProcess:
    """A cloud that answers at ``url`` once this is made; it is killed at the end, if not before."""

    def __init__(self, state: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "localcloud", "--port", "0", "--state", str(state), *arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._out = self._process.stdout
        self.url: str = json.loads(self._out.readline())["endpoint_url"]

    def client(self, service: str, **config: Any) -> Any:
        return client(service, self.url, **config)

    def kill(self) -> None:
        """Kill it, the process alone: what it started it cannot end any more."""
        self._process.kill()
        self._process.wait()
        self._out.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
