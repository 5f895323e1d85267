"""A container's own view of the file system: its folder at ``/opt/ml``, its hosts in ``/etc/hosts``; Linux alone.

A process gets a user and a mount namespace (``unshare``, which needs no root); nobody else sees its mounts. Where the
machine has no ``/opt/ml``, an empty file system lies over ``/opt`` in which what was there before is mounted again, so
that a program that lives in ``/opt`` is found. Everything happens under the process id that is started, so signals and
exit codes are the program's own. The process keeps its user where ``unshare`` can do that, and sees itself as root
elsewhere, as most containers do. The price: two short programs for each entry of ``/opt`` before each container; where
its names cannot be listed, nothing of ``/opt`` is found; and a cloud that is run by root gives its containers root's
own files alone.
"""

import functools
import logging
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger(__name__)
_PROBE = 10.0  # seconds, ours: more than a namespace ever takes
_USERS = (("--map-current-user", "--keep-caps"), ("--map-root-user",))  # the first one that works is taken
_SCRIPT = """
set -e
mount=$1 mkdir=$2 cp=$3 base=$4 hosts=$5; shift 5
here=$PWD
if ! [ -d /opt/ml ]; then
    cd /opt
    "$mount" -t tmpfs -o mode=755 localcloud /opt
    for name in * .[!.]*; do
        if [ -L "$name" ]; then "$cp" -P "./$name" "/opt/$name"; continue; fi
        if [ -d "$name" ]; then "$mkdir" "/opt/$name"; elif [ -e "$name" ]; then : > "/opt/$name"; else continue; fi
        "$mount" -c --rbind "./$name" "/opt/$name"
    done
    "$mkdir" /opt/ml
fi
"$mount" --bind "$base" /opt/ml
if [ -n "$hosts" ]; then "$mount" --bind "$hosts" /etc/hosts; fi
cd "$here"
exec "$@"
"""


def inside(command: Sequence[str], base: Path, hosts: Path | None = None) -> list[str]:
    """Return what runs ``command`` with ``base`` at ``/opt/ml`` and a file, if any, as its ``/etc/hosts``."""
    return _inside(_users() or _USERS[0], command, base, hosts)


def can_mount() -> bool:
    """Say whether this machine lets us give a process mounts of its own; asked once."""
    return _users() is not None


@functools.cache
def _users() -> tuple[str, ...] | None:
    error = "there is no /opt or no /etc/hosts"
    if Path("/opt").is_dir() and Path("/etc/hosts").is_file():
        with tempfile.TemporaryDirectory() as folder:
            for users in _USERS:
                command = _inside(users, ["/bin/sh", "-c", ":"], Path(folder), Path("/etc/hosts"))
                error = _tried(command)
                if not error:
                    return users
    log.warning("namespaces_refused error=%s", error)
    return None


def _tried(command: Sequence[str]) -> str:
    try:
        probe = subprocess.run(command, capture_output=True, timeout=_PROBE, check=False)  # noqa: S603  our own
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    said = probe.stderr.decode(errors="replace").strip()
    return said or f"exit code {probe.returncode}" if probe.returncode else ""


def _inside(users: Sequence[str], command: Sequence[str], base: Path, hosts: Path | None) -> list[str]:
    tools = [_found(name) for name in ("mount", "mkdir", "cp")]
    shell = ["/bin/sh", "-c", _SCRIPT, "container", *tools, str(base), str(hosts or "")]
    return [_found("unshare"), "--user", *users, "--mount", *shell, *command]


def _found(program: str) -> str:
    """Return the path of a program of ours: the container's PATH must not choose it."""
    return shutil.which(program) or program
