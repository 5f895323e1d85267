"""Which local cloud lives on a state directory."""

import json
import os
from pathlib import Path

import pytest

from cli import running
from cli.errors import NotRunningError


@pytest.fixture
def state(tmp_path: Path) -> Path:
    document = {
        "pid": 4711,
        "port": 4566,
        "endpoint_url": "http://127.0.0.1:4566",
        "api_url": "http://127.0.0.1:4566/dev/",
    }
    (tmp_path / running.CLOUD_FILE).write_text(json.dumps(document))
    return tmp_path


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"pid": 1}', '"text"'])
def test_no_description(tmp_path: Path, text: str | None) -> None:
    """A file that is missing, or is no description, describes nothing."""
    if text is not None:
        (tmp_path / running.CLOUD_FILE).write_text(text)
    assert running.described(tmp_path) is None


def test_unreadable_description(tmp_path: Path) -> None:
    """A description that cannot be read describes nothing either."""
    (tmp_path / running.CLOUD_FILE).mkdir()
    assert running.described(tmp_path) is None


@pytest.mark.parametrize(
    ("command", "healthy", "found"),
    [
        ("", True, False),  # the process has ended; another cloud has its port
        ("/usr/bin/editor STATE/notes", True, False),  # its id is another program's now
        ("python -m localcloud --state STATE", False, True),  # ours, though it does not answer
        ("python -m localcloud --state .freshet", True, True),  # started by hand
        ("python -m localcloud --state /elsewhere", False, False),
    ],
)
def test_find(state: Path, command: str, *, healthy: bool, found: bool) -> None:
    """A file is believed only if its process lives and is the local cloud that wrote it."""
    cloud = running.find(
        state,
        command_of=lambda pid: command.replace("STATE", str(state)) if pid == 4711 else "",
        get=lambda _url: {} if healthy else None,
    )
    assert (cloud is not None) == found


def test_require_says_what_to_do(tmp_path: Path) -> None:
    """Where no local cloud runs, the message says how to start one."""
    with pytest.raises(NotRunningError, match=r"no local cloud is running on .*`freshet up`"):
        running.require(tmp_path)


def test_require_stale(state: Path) -> None:
    """A file left by a cloud that was killed is no running cloud."""
    with pytest.raises(NotRunningError, match="no local cloud is running"):
        running.require(state, command_of=lambda _pid: "", get=lambda _url: None)


def test_require_answer(state: Path) -> None:
    """A cloud that lives but does not answer is told apart from one that does not run."""
    with pytest.raises(NotRunningError, match=r"4711\) does not answer.*`freshet down`"):
        running.require(state, command_of=lambda _pid: f"localcloud {state}", get=lambda _url: None)


def test_command_of() -> None:
    """The command line of this process is known, that of no process is empty."""
    assert "python" in running.command_of(os.getpid())
    assert running.command_of(2**22 + 1) == ""  # above every platform's largest id
