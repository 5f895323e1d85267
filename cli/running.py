"""Which local cloud, if any, uses a state directory: its ``cloud.json``, believed only as far as its process lives.

A cloud killed by force leaves the file behind, and its process id may be another's by now. So the process must also
look like a local cloud, and either name the state directory or answer at the file's address.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import NotRunningError
from cli.web import probe

CLOUD_FILE = "cloud.json"
_HEALTH = "/_localcloud/health"
_DEAD_LETTERS = "/_localcloud/dead-letters"

CommandOf = Callable[[int], str]
Get = Callable[[str], Any]


@dataclass(frozen=True)
class LocalCloud:
    """A local cloud's process and addresses."""

    state: Path
    pid: int
    port: int
    endpoint_url: str
    api_url: str

    @property
    def health_url(self) -> str:
        """Where it says that it is there."""
        return f"{self.endpoint_url}{_HEALTH}"

    @property
    def dead_letters_url(self) -> str:
        """Where it lists the events that no handler took."""
        return f"{self.endpoint_url}{_DEAD_LETTERS}"


def described(state: Path) -> LocalCloud | None:
    """Return what the state directory's file says; None if there is none to read, or it is no such file."""
    try:
        document = json.loads((state / CLOUD_FILE).read_text("utf-8"))
        return LocalCloud(
            state, document["pid"], document["port"], document["endpoint_url"].rstrip("/"), document["api_url"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def command_of(pid: int) -> str:
    """Return the command line of a living process; empty if there is none, or it has ended and waits for its parent."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return ""
    shown = subprocess.run(  # noqa: S603 - POSIX's own program, with a number
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
    )
    return "" if "<defunct>" in shown.stdout else shown.stdout.strip()


def is_ours(cloud: LocalCloud, *, command_of: CommandOf = command_of, get: Get = probe) -> bool:
    """Say whether the process of the file lives and is the local cloud that wrote it."""
    command = command_of(cloud.pid)
    if "localcloud" not in command:
        return False
    return str(cloud.state) in command or get(cloud.health_url) is not None


def find(state: Path, *, command_of: CommandOf = command_of, get: Get = probe) -> LocalCloud | None:
    """Return the local cloud that lives on a state directory."""
    cloud = described(state)
    return cloud if cloud and is_ours(cloud, command_of=command_of, get=get) else None


def require(state: Path, *, command_of: CommandOf = command_of, get: Get = probe) -> LocalCloud:
    """Return the local cloud that lives on a state directory and answers.

    Raises
    ------
    NotRunningError
        If there is none, it has ended, or it does not answer.
    """
    cloud = described(state)
    advice = "start one with `freshet up` (for AWS, name a stage: `--stage dev`)"
    if cloud is None:
        raise NotRunningError(f"no local cloud is running on {state}: {advice}")
    if not is_ours(cloud, command_of=command_of, get=get):
        raise NotRunningError(f"no local cloud is running on {state}, the last one ended without a word: {advice}")
    if get(cloud.health_url) is None:
        raise NotRunningError(
            f"the local cloud at {cloud.endpoint_url} (process {cloud.pid}) does not answer: "
            "stop it with `freshet down`, then start one with `freshet up`"
        )
    return cloud
