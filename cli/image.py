"""What stands for the training image on a laptop: a URI by digest of the code that would be in it.

The digest covers what the container runs (``training/`` with its pinned requirements, ``chalicelib/core/``), so that
changed code is another image, another recipe and another model, as on AWS. Compiled files do not count.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from infra.resources import LOCAL_ACCOUNT

CONTENT = ("chalicelib/core", "training")


def uri(root: Path, region: str) -> str:
    """Return the image's URI, with the digest of the code as it is now."""
    return f"{LOCAL_ACCOUNT}.dkr.ecr.{region}.amazonaws.com/freshet-training@sha256:{digest(root)}"


def digest(root: Path) -> str:
    """Return the SHA-256 of the image's files: names and contents, in order of their names."""
    whole = hashlib.sha256()
    for name, path in sorted(_files(root)):
        content = path.read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    for folder in CONTENT:
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                yield path.relative_to(root).as_posix(), path
