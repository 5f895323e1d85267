"""Names of a job's hosts that its own processes can resolve: the text of an ``/etc/hosts`` of their own.

Each job has a network of its own among the loopback addresses, so that a port one job listens on at a host's name is
free for another. The price: where `localcloud.sagemaker.namespaces` cannot mount, the names do not resolve.
"""

from collections.abc import Sequence
from pathlib import Path

_HOSTS = Path("/etc/hosts")
_JOBS = 254 * 256  # 127.1.0.0 to 127.254.255.0: one network for each job, reused after so many


def host_names(count: int) -> list[str]:
    """Return the names SageMaker gives so many hosts."""
    return [f"algo-{number}" for number in range(1, count + 1)]


def hosts_file(names: Sequence[str], job: int, machine: str) -> str:
    """Return an ``/etc/hosts``: the hosts of the so-manieth job, then what the ``machine``'s own says."""
    high, low = divmod(job % _JOBS, 256)
    lines = [f"127.{high + 1}.{low}.{number} {name}\n" for number, name in enumerate(names, 1)]
    return "".join(lines) + machine


def machine_hosts() -> str:
    """Return the machine's own ``/etc/hosts``."""
    return _HOSTS.read_text(encoding="utf-8", errors="replace")
