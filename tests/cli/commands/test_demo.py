"""The demo, on a local cloud of paper: what it says, and that it leaves nothing."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from chalicelib.services.stories import Story
from cli import local
from cli.commands.demo import SENTENCES
from cli.errors import CloudError
from cli.main import main
from tests.cli.fakes import LIVE, FakeConnection, story, tools

Demo = Callable[..., Result]
ANSWER = {"model_version": "1", "predictions": [{"label": "positive", "score": 0.9}]}


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what happens to the local cloud, which is not started."""
    noted: list[str] = []

    def start(launch: local.Launch, _clock: object) -> SimpleNamespace:
        noted.append(f"start {launch.state}")
        return SimpleNamespace()

    monkeypatch.setattr(local, "start", start)
    monkeypatch.setattr(local, "stop_child", lambda _started: noted.append("stop"))
    return noted


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder in which temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def demo(events: list[str], folder: Path) -> Demo:
    """Run the demo with a script of stories."""
    assert not events
    assert folder.is_dir()

    def run(
        *arguments: str, script: list[Story | None] | None = None, connection: FakeConnection | None = None
    ) -> Result:
        given = tools(connection or FakeConnection(script or [None, LIVE], ANSWER))
        return CliRunner().invoke(main, ["demo", "--rows", "200", *arguments], obj=given)

    return run


def test_shows(demo: Demo, events: list[str], folder: Path) -> None:
    """It shows the run, three predictions and where the page was, and leaves neither a cloud nor a file."""
    result = demo()
    assert result.exit_code == 0, result.output
    assert "✓  train" in result.stdout
    assert all(text in result.stdout for text in SENTENCES)
    assert "http://127.0.0.1:4566/dev/  was up as long as this demo." in result.stdout
    assert events[-1] == "stop"
    assert list(folder.iterdir()) == []


def test_json(demo: Demo) -> None:
    """With --json every line is a document, from the addresses to the end."""
    documents = [json.loads(line) for line in demo("--json").stdout.splitlines()]
    names = ["cloud", "uploaded", "progress", "progress", "prediction", "prediction", "prediction", "done"]
    assert [document["event"] for document in documents] == names


def test_keep(demo: Demo, events: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --keep the cloud stays, on the usual state directory, and how to stop it is said."""
    monkeypatch.setenv("FRESHET_STATE", "/usual")
    result = demo("--keep")
    assert events == ["start /usual"]
    assert "until `freshet down`" in result.stdout
    assert list(folder.iterdir()) == []


def test_keep_failed(demo: Demo, events: list[str]) -> None:
    """A demo that failed keeps nothing running, whatever was asked for."""
    assert demo("--keep", script=[story("failed")]).exit_code == 5
    assert events[-1] == "stop"


def test_failed(demo: Demo, events: list[str], folder: Path) -> None:
    """A demo that failed stops its cloud and keeps the folder with the logs."""
    assert demo(script=[story("failed")]).exit_code == 5
    assert events[-1] == "stop"
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (CloudError("gone"), 1)])
def test_ended_early(demo: Demo, events: list[str], error: BaseException, code: int) -> None:
    """Whatever ends it, the cloud is stopped."""

    class Failing(FakeConnection):
        def put(self, *_: object) -> None:  # type: ignore[override] # it never returns
            raise error

    assert demo(connection=Failing()).exit_code == code
    assert events[-1] == "stop"


def test_own_data(demo: Demo, tmp_path: Path) -> None:
    """Own data is uploaded under its own name."""
    path = tmp_path / "mine.csv"
    path.write_text("text,label\ngood,positive\n")
    connection = FakeConnection([LIVE], ANSWER)
    assert demo("--data", str(path), connection=connection).exit_code == 0
    assert connection.put_keys == ["uploads/reviews/mine.csv"]
