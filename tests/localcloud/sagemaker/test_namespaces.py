import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.sagemaker.host_names import host_names, hosts_file
from localcloud.sagemaker.namespaces import can_mount, inside
from tests.localcloud.sagemaker.clouds import Cloud
from tests.localcloud.sagemaker.processing_programs import process_program

pytestmark = pytest.mark.skipif(not can_mount(), reason="this machine refuses user namespaces")


def run(program: str, base: Path, hosts: Path | None = None, cwd: Path | None = None) -> tuple[str, int]:
    """Run a Python program inside; what it printed, and its exit code."""
    command = inside([sys.executable, "-c", program], base, hosts)
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=cwd)
    assert done.stderr == ""
    return done.stdout.strip(), done.returncode


def test_the_folder_is_at_its_real_path(tmp_path: Path) -> None:
    """What a program writes below /opt/ml is in its folder, and the machine has no such file.

    What else the machine has in /opt, a Python perhaps, is there as it was.
    """
    program = """
import json, os, pathlib
pathlib.Path("/opt/ml/made").write_text("x")
print(json.dumps({name: os.lstat(f"/opt/{name}").st_ino for name in os.listdir("/opt")}))
"""
    told, code = run(program, tmp_path, cwd=tmp_path)
    assert (code, (tmp_path / "made").read_text()) == (0, "x")
    assert not Path("/opt/ml/made").exists()
    found = json.loads(told)
    assert found.pop("ml") == tmp_path.stat().st_ino
    assert found == {path.name: path.lstat().st_ino for path in Path("/opt").iterdir() if path.name != "ml"}


def test_only_the_command_sees_the_names(tmp_path: Path) -> None:
    """A command finds a name of its hosts file; the machine's own file is as before, and so is the exit code."""
    before = Path("/etc/hosts").read_bytes()
    file = tmp_path / "hosts"
    file.write_text(hosts_file(host_names(1), 7, ""))
    program = "import socket, sys; print(socket.gethostbyname('algo-1')); sys.exit(3)"
    assert run(program, tmp_path, file) == ("127.1.7.1", 3)
    assert Path("/etc/hosts").read_bytes() == before


def test_the_process_is_the_one_that_was_started(tmp_path: Path) -> None:
    """The program has the process id, the folder and the arguments it was started with, and signals end it as such."""
    command = inside(["/bin/sh", "-c", 'pwd; echo $$ "$1"; kill -TERM $$', "x", "a  b"], tmp_path)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        out, _ = process.communicate(timeout=30)
    assert out.splitlines() == [str(tmp_path), f"{process.pid} a  b"]
    assert process.returncode == -signal.SIGTERM


def test_a_container_finds_its_files_at_both_paths(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "Use Your Own Training Algorithms": everything is below /opt/ml.

    SAGEMAKER_BASE_DIR is the same folder seen from outside (the training toolkit's own variable).
    """
    process_program(
        cloud,
        """
        assert os.path.samefile("/opt/ml", base)
        pathlib.Path("/opt/ml/output/message").write_text(str(sorted(os.listdir("/opt/ml"))))
        """,
    )
    assert cloud.wait("j", "Completed")["ExitMessage"] == "['config', 'output']"


@pytest.mark.parametrize("settings", [{}, {"namespaces": False}], indirect=True)
def test_a_program_that_is_not_there_fails_the_job(cloud: Cloud) -> None:
    """Ours: a command that cannot be started is told as such, with and without a namespace."""
    cloud.process("j", AppSpecification={"ImageUri": "job", "ContainerEntrypoint": ["no-such-program"]})
    assert "could not be started: No such file" in cloud.wait("j", "Failed")["FailureReason"]


@pytest.mark.parametrize("settings", [{"namespaces": False}], indirect=True)
def test_without_namespaces_there_is_the_variable(cloud: Cloud) -> None:
    """Ours: where they are refused, a container takes its root from SAGEMAKER_BASE_DIR."""
    cloud.process("j", "fail", "seen")
    assert cloud.wait("j", "Failed")["ExitMessage"] == "seen"
