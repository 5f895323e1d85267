import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import PipelineSpec
from tests.training.sample import put_spec
from training.__main__ import COMMANDS, main, shorten
from training.errors import InputError
from training.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@given(st.text(st.characters(exclude_categories=()), max_size=3000))
def test_messages_fit_where_sagemaker_reads_them(message: str) -> None:
    """Any message becomes UTF-8 of at most 1,024 bytes, whole characters only."""
    assert len(shorten(message)) <= 1024
    shorten(message).decode()


@pytest.mark.parametrize("arguments", [[], ["fit"], ["train", "now"]])
def test_unknown_commands_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    """Anything but one known command is a usage error."""
    assert main(arguments, Settings(tmp_path)) == 2


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "serve"])
def test_jobs_say_why_they_failed(tmp_path: Path, command: str) -> None:
    """A job without inputs ends with code 1 and says what is missing where SageMaker looks for it."""
    assert main([command], Settings(tmp_path)) == 1
    place = tmp_path / "output" / ("failure" if command == "train" else "message")
    assert place.read_text() == "spec.json is missing"


@pytest.mark.parametrize(("command", "code"), [("prepare", 0), ("shard", 1)])
def test_refused_file_is_named_to_the_outside(tmp_path: Path, spec: PipelineSpec, command: str, code: int) -> None:
    """As a process: the message has file, line and reason; the log has the upload's id, not its name, nor a traceback.

    `prepare` has done its work when it says what is wrong with the data; a batch cannot go on.
    """
    settings = Settings(tmp_path)
    put_spec(settings.processing_input("spec"), spec)
    settings.processing_input("raw").mkdir(parents=True)
    (settings.processing_input("raw") / "0123456789abcdef-jane.csv").write_text("text,label\nx\n")
    done = subprocess.run(
        [sys.executable, "-m", "training", command],
        cwd=ROOT,
        env={**os.environ, "SAGEMAKER_BASE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code
    message = settings.message.read_text()
    assert message.startswith("refused: 0123456789abcdef-jane.csv: line 2: 1 fields where the header has 2")
    log = done.stdout + done.stderr
    assert "0123456789abcdef" in log
    assert "line 2: 1 fields" in log
    assert "jane" not in log
    assert "Traceback" not in log


@pytest.mark.parametrize("command", ["prepare", "train"])
def test_stopped_jobs_end_by_themselves(tmp_path: Path, command: str) -> None:
    """SIGTERM ends a job by a handler of its own: the default action does nothing to a container's first process."""
    settings = Settings(tmp_path)
    channel = settings.processing_input("spec") if command == "prepare" else settings.channel("spec")
    channel.mkdir(parents=True)
    os.mkfifo(channel / "spec.json")  # the job waits here, as on a long read
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(tmp_path)}
    with (
        subprocess.Popen([sys.executable, "-m", "training", command], cwd=ROOT, env=environment) as job,
        (channel / "spec.json").open("wb"),  # returns when the job has opened it to read
    ):
        job.send_signal(signal.SIGTERM)
        assert job.wait(60) == 128 + signal.SIGTERM
    assert not (tmp_path / "output").exists()


def test_defects_are_reported_without_their_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours also reaches SageMaker, by type."""

    def fail(_: Settings) -> None:
        raise ZeroDivisionError("private")

    monkeypatch.setattr("training.train.run", fail)
    assert main(["train"], Settings(tmp_path)) == 1
    assert "ZeroDivisionError" in (tmp_path / "output/failure").read_text()
    assert "private" not in (tmp_path / "output/failure").read_text()


def test_settings_come_from_the_environment() -> None:
    """The defaults are SageMaker's; a moved root stays on loopback; a port must be one."""
    assert Settings.from_environment({}) == Settings(Path("/opt/ml"), "0.0.0.0", 8080, "")  # noqa: S104 - in a container
    moved = {"SAGEMAKER_BASE_DIR": "/x", "SAGEMAKER_BIND_TO_PORT": "9", "FRESHET_MODEL_VERSION": "v"}
    assert Settings.from_environment(moved) == Settings(Path("/x"), "127.0.0.1", 9, "v")
    with pytest.raises(InputError, match="must be a port"):
        Settings.from_environment({"SAGEMAKER_BIND_TO_PORT": "http"})


def test_trained_model_is_complete(trained: Settings) -> None:
    """A training job leaves the files of its manifest: model, spec and metrics, JSON and plain arrays only."""
    names = {path.name for path in trained.model.iterdir()}
    assert names >= {"manifest.json", "spec.json", "metrics.json", "booster.json"}
    assert {Path(name).suffix for name in names} == {".json", ".npy"}
    assert json.loads((trained.model / "metrics.json").read_text())["metrics"]["validation:auc"] > 0.8
