import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.errors import DataError
from localcloud.sagemaker.archive import pack, unpack


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def write(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info in members:
            tar.addfile(info, io.BytesIO(b""))
    return path


def test_what_is_packed_comes_out_again(tmp_path: Path) -> None:
    """Files in folders come out as they went in, and the same files give the same bytes."""
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "a").write_bytes(b"1")
    (source / "deep" / "b").write_bytes(b"\x00\xff" * 70_000)
    (source / "link").symlink_to("/etc/passwd")
    pack([source], tmp_path / "one.tar.gz")
    (source / "a").touch()
    pack([source], tmp_path / "two.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    unpack(tmp_path / "one.tar.gz", tmp_path / "target")
    found = {path.relative_to(tmp_path / "target").as_posix() for path in (tmp_path / "target").rglob("*")}
    assert found == {"a", "deep", "deep/b"}
    assert (tmp_path / "target" / "deep" / "b").read_bytes() == b"\x00\xff" * 70_000


@pytest.mark.parametrize(
    "members",
    [
        [member("../evil")],
        [member("a/../../evil")],
        [member("/tmp/evil-of-the-archive-test")],  # noqa: S108  the name that must not be written
        [member("link", tarfile.SYMTYPE, "/etc"), member("link/evil")],
        [member("hard", tarfile.LNKTYPE, "/etc/passwd")],
        [member("device", tarfile.CHRTYPE)],
        [member("pipe", tarfile.FIFOTYPE)],
        [member("twice"), member("twice")],
        [member("file"), member("file/below")],
        [member("../folder", tarfile.DIRTYPE)],
    ],
)
def test_an_archive_cannot_leave_its_folder(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    """Names that lead out, links, devices and double names are refused, and nothing is written outside."""
    target = tmp_path / "deep" / "target"
    target.mkdir(parents=True)
    with pytest.raises(DataError):
        unpack(write(tmp_path / "a.tar.gz", *members), target)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.name in {"evil", "below", "folder"}) == []


@pytest.mark.parametrize("spoil", [lambda _: b"", lambda _: b"no tar", lambda body: body[:-20], lambda body: body[9:]])
def test_a_damaged_archive_is_one_kind_of_error(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    """Whatever is wrong with the bytes, the error is DataError and names no path."""
    path = write(tmp_path / "a.tar.gz", member("a"), member("b"))
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataError) as refused:
        unpack(path, tmp_path / "target")
    assert str(tmp_path) not in str(refused.value)
