"""Checkpoints of a training job: from S3 into every host's folder before the start, back while it runs and at the end.

What changed since the last look goes up; nothing in S3 is removed. Hosts share the one prefix: of files of one name
the last to change is kept. The price: a file that is being written goes up as it is, and again when it has changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from localcloud.errors import AwsError
from localcloud.sagemaker import emulated
from localcloud.sagemaker.archive import regular_files
from localcloud.sagemaker.containers import ROOT, local_path
from localcloud.sagemaker.objects import Location, Objects, safe_path
from localcloud.sagemaker.store import Data

_FOLDER = f"{ROOT}/checkpoints/"
_TAKEN = (f"{ROOT}/input", f"{ROOT}/model", f"{ROOT}/output")
_Seen = tuple[int, int]  # modified (ns), size (bytes)


def read_checkpoints(config: Mapping[str, str]) -> Mapping[str, str]:
    """Return a CheckpointConfig with its defaults.

    Raises
    ------
    AwsError
        If its S3Uri is none, or its LocalPath cannot hold checkpoints.
    """
    emulated.only(config, "S3Uri LocalPath", "CheckpointConfig.")
    Location.parse(config["S3Uri"])
    path = config.get("LocalPath", _FOLDER)
    local_path(Path(), path)
    if any(f"{path.rstrip('/')}/".startswith(f"{taken}/") for taken in _TAKEN):
        raise AwsError("ValidationException", f"CheckpointConfig.LocalPath {path} is used for something else")
    return {**config, "LocalPath": path}


@dataclass
class Checkpoints:
    """The checkpoint folders of one job's hosts."""

    objects: Objects
    target: Location
    folders: Sequence[Path]
    _seen: dict[Path, _Seen] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Data, objects: Objects, bases: Sequence[Path]) -> Self:
        """Return a job's checkpoints; without folders if it asked for none."""
        config = data.get("CheckpointConfig")
        if config is None:
            return cls(objects, Location("", ""), ())
        prefix = Location.parse(config["S3Uri"])
        target = Location(prefix.bucket, f"{prefix.key.rstrip('/')}/" if prefix.key.strip("/") else "")
        return cls(objects, target, [local_path(base, config["LocalPath"]) for base in bases])

    def restore(self) -> None:
        """Copy what lies in S3 into every folder; raises DataError."""
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True)
        for key in self.objects.keys(self.target) if self.folders else ():
            for folder in self.folders:
                path = safe_path(folder, key[len(self.target.key) :])
                self.objects.download(Location(self.target.bucket, key), path)
                self._seen[path] = _state(path)

    def look(self, *, last: bool = False) -> None:  # noqa: ARG002  the protocol of all looks
        """Copy to S3 what changed since the last look; raises DataError."""
        changed: list[tuple[_Seen, Path, Path]] = []
        for folder in self.folders:
            for path in regular_files(folder):
                try:
                    state = _state(path)
                except OSError:  # gone since it was listed: a program that keeps its last few checkpoints
                    continue
                if self._seen.get(path) != state:
                    changed.append((state, path, folder))
        for state, path, folder in sorted(changed):
            try:
                self.objects.upload(path, self.target.below(path.relative_to(folder).as_posix()))
            except OSError:  # as above
                continue
            self._seen[path] = state


def _state(path: Path) -> _Seen:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
