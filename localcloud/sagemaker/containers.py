"""A container without an engine: an image's command as a process, with a folder of its own in the place of ``/opt/ml``.

The folder is at ``/opt/ml`` itself where the machine allows it (`localcloud.sagemaker.namespaces`), and its outside
path is in ``SAGEMAKER_BASE_DIR`` in any case. What the process inherits of ours is in `localcloud.environment`. The
price: no isolation; a program sees the whole file system.
"""

import errno
import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from localcloud import emulated, environment
from localcloud.errors import AwsError, ContainerError, DataError, ImageError
from localcloud.processes import Child, Processes
from localcloud.sagemaker import namespaces
from localcloud.sagemaker.host_names import hosts_file, machine_hosts
from localcloud.settings import Image, Settings

ROOT = "/opt/ml"


def local_path(base: Path, container_path: str) -> Path:
    """Return where a path of the container lies below its base folder.

    Raises
    ------
    AwsError
        If the path is not below ``/opt/ml``, the only place a base folder can stand for.
    """
    path = PurePosixPath(container_path)
    if ".." in path.parts:
        raise AwsError("ValidationException", f"LocalPath {container_path} must not contain ..")
    if not path.is_relative_to(ROOT) or path == PurePosixPath(ROOT):
        raise emulated.refusal(f"LocalPath {container_path} outside {ROOT}/")
    return base.joinpath(*path.relative_to(ROOT).parts)


def told(path: Path, most: int) -> str:
    """Read what a container left in a file, at most so many bytes; a link, which may lead anywhere, says nothing."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            return file.read(most).decode("utf-8", errors="ignore")
    except OSError:
        return ""


class Containers:
    """Starts the programs that stand for images."""

    def __init__(self, settings: Settings, processes: Processes) -> None:
        self._settings = settings
        self._processes = processes
        self._networks = itertools.count()
        self._folders = threading.Lock()  # no empty folder is removed while another one is made in it

    def image(self, uri: str) -> Image:
        """Return what runs for an image.

        Raises
        ------
        ImageError
            If the images file has no line for it.
        """
        try:
            return self._settings.images[uri]
        except KeyError:
            raise ImageError(f"CannotPullContainerError: the image {uri} is not in the images file") from None

    def new_base(self, *names: str) -> Path:
        """Make a fresh base folder; the names only help a person who looks. Raises DataError."""
        parent = self._root.joinpath(*names)
        try:
            with self._folders:
                self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
                parent.mkdir(parents=True, exist_ok=True)
                return Path(tempfile.mkdtemp(dir=parent))
        except OSError as error:
            raise DataError(f"InternalServerError: no folder could be made for it ({error.strerror})") from error

    def remove_base(self, base: Path) -> None:
        """Remove a base folder with all that a container left there, and the folders above that are now empty."""
        shutil.rmtree(
            base, ignore_errors=True
        )  # a container may have left files nobody can remove: not worth a failure
        with self._folders:
            for parent in base.parents:
                if parent == self._root:
                    return
                try:
                    parent.rmdir()
                except OSError:  # somebody else's folder lies there
                    return

    def remove_all(self) -> None:
        """Remove what a local cloud that was killed left in this state."""
        shutil.rmtree(self._root, ignore_errors=True)

    @property
    def mounts(self) -> bool:
        """Say whether containers see their folder at ``/opt/ml``, and hosts of their own."""
        return self._settings.namespaces and namespaces.can_mount()

    def hosts_file(self, names: Sequence[str], folder: Path) -> Path | None:
        """Write into a folder by which names the hosts of a job know each other; None where there is nothing to tell.

        One host alone has no use for names, and where there are no mounts they could not be told.
        """
        if len(names) == 1 or not self.mounts:
            return None
        file = folder / "hosts"
        file.write_text(hosts_file(names, next(self._networks), machine_hosts()), encoding="utf-8")
        return file

    @property
    def _root(self) -> Path:
        return (self._settings.state / "sagemaker").resolve()

    def log(self, *names: str) -> Path:
        """Return the log file of a container."""
        return (self._settings.state / "logs" / "sagemaker").joinpath(*names[:-1], f"{names[-1]}.log")

    def spawn(
        self,
        image: Image,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        base: Path,
        log: Path,
        entrypoint: Sequence[str] = (),
        hosts: Path | None = None,
    ) -> Child:
        """Start a container; ``entrypoint`` replaces the image's command, ``hosts`` is its ``/etc/hosts``.

        Raises
        ------
        ContainerError
            If the command cannot be started at all.
        """
        command = [*(entrypoint or image.command), *arguments]
        whole = {**environment.inherited(), **image.env, **env, "SAGEMAKER_BASE_DIR": str(base)}
        cwd = image.cwd or str(base)
        try:
            if self.mounts:
                _look_for(command[0], Path(cwd), whole.get("PATH"))
                command = namespaces.inside(command, base, hosts)
            return self._processes.spawn(command, env=whole, cwd=cwd, log=log)
        except OSError as error:
            raise ContainerError(
                f"ClientError: the container's command could not be started: {error.strerror}"
            ) from error

    def stop(self, process: Child, grace: float) -> int:
        """SIGTERM, ``grace`` seconds, SIGKILL; returns the exit code."""
        return self._processes.stop(process, grace)


def _look_for(program: str, cwd: Path, path: str | None) -> None:
    """Raise OSError for a program that is not there, which a shell would only tell the log."""
    if program.startswith(f"{ROOT}/"):
        return
    if shutil.which(str(cwd / program) if "/" in program else program, path=path) is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
