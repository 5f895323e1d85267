import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.sagemaker.host_names import can_resolve, host_names, hosts_file, resolving

needs_names = pytest.mark.skipif(not can_resolve(), reason="this machine refuses user namespaces: no names for hosts")


@pytest.mark.parametrize(
    ("job", "first"), [(0, "127.1.0.1"), (1, "127.1.1.1"), (256, "127.2.0.1"), (254 * 256, "127.1.0.1")]
)
def test_each_job_has_addresses_of_its_own(job: int, first: str) -> None:
    """The hosts of a job have loopback addresses that those of the next jobs do not have; the machine's names stay."""
    lines = hosts_file(host_names(2), job, "127.0.0.1 localhost\n").splitlines()
    assert lines == [f"{first} algo-1", f"{first[:-1]}2 algo-2", "127.0.0.1 localhost"]


@needs_names
def test_only_the_command_sees_the_names(tmp_path: Path) -> None:
    """A command finds a name of its hosts file; the machine's own file is as before, and so is the exit code."""
    before = Path("/etc/hosts").read_bytes()
    file = tmp_path / "hosts"
    file.write_text(hosts_file(["algo-1"], 7, ""))
    program = "import socket, sys; print(socket.gethostbyname('algo-1')); sys.exit(3)"
    done = subprocess.run(
        resolving([sys.executable, "-c", program], file), capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("127.1.7.1", 3)
    assert Path("/etc/hosts").read_bytes() == before
