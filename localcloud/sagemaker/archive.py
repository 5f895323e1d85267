"""``model.tar.gz`` and ``output.tar.gz``: packed from a folder, unpacked into one, files and folders only.

Nothing of an archive is trusted: links, devices, absolute names, ``..`` and a name that comes twice are refused
before a byte of that member is written, and modes and owners are not taken over. Packing is repeatable: the same
files give the same bytes. The price of the speed asked of a laptop: the weakest compression.
"""

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from localcloud.errors import DataError


def regular_files(folder: Path) -> list[Path]:
    """Return the files below ``folder`` in the order of their names; links and devices are not among them.

    A folder that is a link itself has none: it could lead anywhere on the machine.
    """
    found: list[Path] = []
    if folder.is_symlink():
        return found
    for parent, _, names in os.walk(folder):
        found += [path for path in (Path(parent, name) for name in names) if path.is_file() and not path.is_symlink()]
    return sorted(found)


def pack(folders: Sequence[Path], archive: Path) -> None:
    """Write the files below ``folders`` into one gzipped tar; of files of one name, that of the first folder."""
    files: dict[str, Path] = {}
    for folder in folders:
        for path in regular_files(folder):
            files.setdefault(path.relative_to(folder).as_posix(), path)
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            with path.open("rb") as content:
                tar.addfile(member, content)


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of a gzipped tar below ``folder``.

    Raises
    ------
    DataError
        If it is no gzipped tar, is damaged, or holds anything but files and folders that stay below ``folder``.
    """
    try:
        with tarfile.open(archive, mode="r:gz") as tar:
            for member in tar:
                _unpack_member(tar, member, folder)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DataError(f"the archive cannot be unpacked as a .tar.gz ({type(error).__name__})") from error


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\0" in member.name:
        raise DataError("the archive holds a name that leads out of its folder")
    target = folder.joinpath(*name.parts)
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        raise DataError("the archive holds something that is neither a file nor a folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("xb") as copy:
        shutil.copyfileobj(content, copy, 1 << 20)
