"""Folders of a job's hosts kept in step with one prefix of S3 while the job runs.

What changed since the last look goes up; nothing in S3 is removed. Hosts share the one prefix: of files of one name
the last to change is kept. The price: a file that is being written goes up as it is, and again when it has changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.sagemaker.archive import regular_files
from localcloud.sagemaker.objects import Location, Objects, safe_path

_Seen = tuple[int, int]  # modified (ns), size (bytes)


@dataclass
class Mirror:
    """The folders of one job's hosts that mirror a prefix."""

    objects: Objects
    target: Location
    folders: Sequence[Path]
    _seen: dict[Path, _Seen] = field(default_factory=dict)

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
