"""The model's folder: files that cannot hold code, and a manifest of their SHA-256, checked before anything is parsed.

JSON and plain arrays (`.npy`, read with ``allow_pickle=False``) only. A folder with a file missing, extra or altered is
refused whole. Files are read once, and what was hashed is what is parsed.
"""

import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chalicelib.core.spec import PipelineSpec
from training.errors import ArtifactError

MANIFEST = "manifest.json"
SPEC = "spec.json"
METRICS = "metrics.json"
FORMAT = 1
MODEL_FILE = "model.tar.gz"
MAX_UNPACKED = 2 * 1024**3  # bytes of an archive; a model of ten million n-grams has 0.2 GB


@dataclass(frozen=True)
class Files:
    """Verified files by name, as bytes."""

    contents: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """The SHA-256 of their manifest: what tells one model from another."""
        return hashlib.sha256(_render_manifest(self.contents)).hexdigest()

    def json(self, name: str) -> Any:  # noqa: ANN401 - JSON is anything
        """Return a file's JSON value.

        Raises
        ------
        ArtifactError
            If there is no such file or it is no JSON.
        """
        try:
            return json.loads(self._get(name))
        except (ValueError, RecursionError) as error:
            raise ArtifactError(f"{name} is not JSON") from error

    def array(self, name: str, dtype: type[np.generic], length: int | None = None) -> npt.NDArray[Any]:
        """Return a file's one-dimensional array.

        Raises
        ------
        ArtifactError
            If there is no such file, or its type or length is another.
        """
        try:
            array = np.lib.format.read_array(io.BytesIO(self._get(name)), allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise ArtifactError(f"{name} is not a plain array") from error
        if array.dtype != dtype or array.ndim != 1 or (length is not None and len(array) != length):
            raise ArtifactError(f"{name} must be an array of {length or 'any number of'} {dtype.__name__}")
        return array

    def spec(self) -> PipelineSpec:
        """Return the spec the model was trained for."""
        return PipelineSpec.from_dict(self.json(SPEC))

    def _get(self, name: str) -> bytes:
        if name not in self.contents:
            raise ArtifactError(f"the model has no file {name}")
        return self.contents[name]


def to_json(value: object) -> bytes:
    """Return JSON bytes that depend on the value only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def to_npy(array: npt.NDArray[Any]) -> bytes:
    """Return an array in numpy's own format, without Python objects."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def write_model(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write the files and, last, their manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / MANIFEST).write_bytes(_render_manifest(contents))


def read_model(folder: Path) -> Files:
    """Return a model's files after checking every one of them.

    Raises
    ------
    ArtifactError
        If the manifest is missing or unreadable, or a file is missing, extra or altered.
    """
    present = {path.name for path in folder.iterdir()}

    def read(name: str) -> bytes:
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise ArtifactError(f"{name} is not a plain file")
        return path.read_bytes()

    return _verify(present, read)


def read_archive(path: Path) -> Files:
    """Return the files of a `model.tar.gz` after checking every one of them; nothing is unpacked to the disk.

    Raises
    ------
    ArtifactError
        As of `read_model`; also if it is no archive, or holds anything but plain files beside each other.
    """
    contents: dict[str, bytes] = {}
    left = MAX_UNPACKED
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                if member.isdir() and name in {"", "."}:
                    continue
                left -= member.size
                content = archive.extractfile(member) if member.isreg() and left >= 0 else None
                if content is None or "/" in name or name in contents:
                    raise ArtifactError("the archive holds something else than small plain files, each once")
                contents[name] = content.read()
    except FileNotFoundError as error:
        raise ArtifactError(f"there is no {path.name}") from error
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ArtifactError(f"{path.name} is not a readable archive") from error
    return _verify(contents.keys(), contents.__getitem__)


def _verify(present: AbstractSet[str], read: Callable[[str], bytes]) -> Files:
    """Return the files that the manifest lists, if they are those that are there, unaltered."""
    if MANIFEST not in present:
        raise ArtifactError(f"the model has no {MANIFEST}")
    written = read(MANIFEST)
    try:
        manifest = json.loads(written)
        digests = {name: entry["sha256"] for name, entry in manifest["files"].items()}
        known = manifest["format"] == FORMAT
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"{MANIFEST} is not a manifest") from error
    if not known:
        raise ArtifactError(f"{MANIFEST} has an unknown format")
    others = present - {MANIFEST}
    if others != set(digests):
        raise ArtifactError(
            f"the model's files are not those of its {MANIFEST}:"
            f" missing {sorted(set(digests) - others)}, extra {sorted(others - set(digests))}"
        )
    contents = {}
    for name, digest in digests.items():
        contents[name] = read(name)
        if hashlib.sha256(contents[name]).hexdigest() != digest:
            raise ArtifactError(f"{name} is not the file that was trained: its SHA-256 differs")
    if written != _render_manifest(contents):
        raise ArtifactError(f"{MANIFEST} is not the one that was written")
    return Files(contents)


def _render_manifest(contents: Mapping[str, bytes]) -> bytes:
    """Return the one manifest that these files can have."""
    files = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in contents.items()
    }
    return to_json({"format": FORMAT, "files": files})
