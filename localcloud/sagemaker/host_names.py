"""Names of a job's hosts that its own processes can resolve: an ``/etc/hosts`` of their own, where Linux allows it.

A process gets a user and a mount namespace (``unshare``, which needs no root) in which a file of the job lies over
``/etc/hosts``; nobody else sees it. Each job has a network of its own among the loopback addresses, so that a port one
job listens on at a host's name is free for another. The price: such a process sees itself as root, as most containers
do; where user namespaces are refused, and on macOS, the names do not resolve.
"""

import functools
import logging
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger(__name__)
_HOSTS = Path("/etc/hosts")
_JOBS = 254 * 256  # 127.1.0.0 to 127.254.255.0: one network for each job, reused after so many
_PROBE = 10.0  # seconds, ours: more than a namespace ever takes


def host_names(count: int) -> list[str]:
    """Return the names SageMaker gives so many hosts."""
    return [f"algo-{number}" for number in range(1, count + 1)]


def hosts_file(names: Sequence[str], job: int, machine: str) -> str:
    """Return an ``/etc/hosts``: the hosts of the so-manieth job, then what the ``machine``'s own says."""
    high, low = divmod(job % _JOBS, 256)
    lines = [f"127.{high + 1}.{low}.{number} {name}\n" for number, name in enumerate(names, 1)]
    return "".join(lines) + machine


@functools.cache
def can_resolve() -> bool:
    """Say whether this machine lets us give a process an ``/etc/hosts`` of its own; asked once."""
    if not _HOSTS.is_file():
        return False
    try:
        probe = subprocess.run(  # noqa: S603  a constant
            resolving(["/bin/sh", "-c", ":"], _HOSTS), capture_output=True, timeout=_PROBE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("hosts_not_resolvable error=%s", type(error).__name__)
        return False
    if probe.returncode != 0:
        log.warning("hosts_not_resolvable error=%s", probe.stderr.decode(errors="replace").strip())
    return probe.returncode == 0


def resolving(command: Sequence[str], hosts: Path) -> list[str]:
    """Return the command that runs ``command``, under the same process id, with ``hosts`` as its ``/etc/hosts``."""
    script = f'{_found("mount")} --bind "$0" {_HOSTS} && exec "$@"'
    return [_found("unshare"), "--user", "--map-root-user", "--mount", "/bin/sh", "-c", script, str(hosts), *command]


def machine_hosts() -> str:
    """Return the machine's own ``/etc/hosts``."""
    return _HOSTS.read_text(encoding="utf-8", errors="replace")


def _found(program: str) -> str:
    """Return the path of a program of ours: the container's PATH must not choose it."""
    return shutil.which(program) or program
