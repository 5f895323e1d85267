import io
import json
import tarfile
from pathlib import Path
from random import Random

import numpy as np
import pytest

from tests.training.evaluated import archive
from training import artifact
from training.artifact import Files, read_archive, read_model, to_npy, write_model
from training.errors import ArtifactError

CONTENTS = {"a.json": b'{"x":1}', "b.npy": to_npy(np.arange(5))}


def test_files_come_back(tmp_path: Path) -> None:
    """What was written is read, each file with its digest in the manifest."""
    write_model(tmp_path, CONTENTS)
    files = read_model(tmp_path)
    assert files.json("a.json") == {"x": 1}
    np.testing.assert_array_equal(files.array("b.npy", np.int64, 5), np.arange(5))
    assert json.loads((tmp_path / "manifest.json").read_text())["files"].keys() == CONTENTS.keys()


def test_one_flipped_bit_anywhere_is_refused(tmp_path: Path) -> None:
    """A changed bit of any file, the manifest's digests included, refuses the whole model."""
    random = Random(0)  # noqa: S311 - places to break
    write_model(tmp_path, CONTENTS)
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        for _ in range(40):
            place, bit = random.randrange(len(content)), random.randrange(8)
            flipped = bytes([content[place] ^ 1 << bit])
            path.write_bytes(content[:place] + flipped + content[place + 1 :])
            with pytest.raises(ArtifactError):
                read_model(tmp_path)
        path.write_bytes(content)
    read_model(tmp_path)


def test_extra_and_missing_files_are_refused(tmp_path: Path) -> None:
    """A folder holds the manifest's files and nothing else."""
    write_model(tmp_path, CONTENTS)
    (tmp_path / "model.pkl").write_bytes(b"x")
    with pytest.raises(ArtifactError, match=r"extra \['model.pkl'\]"):
        read_model(tmp_path)
    (tmp_path / "model.pkl").unlink()
    (tmp_path / "a.json").unlink()
    with pytest.raises(ArtifactError, match=r"missing \['a.json'\]"):
        read_model(tmp_path)
    (tmp_path / "a.json").symlink_to(tmp_path / "b.npy")
    with pytest.raises(ArtifactError, match="not a plain file"):
        read_model(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(ArtifactError, match=r"has no manifest\.json"):
        read_model(tmp_path)


@pytest.mark.parametrize(
    "manifest", [b"", b"[]", b"{}", b'{"format":1,"files":[]}', b'{"format":2,"files":{}}', b"[" * 99999]
)
def test_unreadable_manifest_is_refused(tmp_path: Path, manifest: bytes) -> None:
    """A manifest is JSON of a known format."""
    (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(ArtifactError):
        read_model(tmp_path)


def test_arrays_of_objects_are_refused() -> None:
    """An array that would need unpickling is not read."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"x": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ArtifactError, match="not a plain array"):
        Files({"x.npy": buffer.getvalue()}).array("x.npy", np.float64)


def test_archives_hold_the_same_model(tmp_path: Path) -> None:
    """A model packed as SageMaker does is read as its folder is, without a file on the disk."""
    write_model(tmp_path / "model", CONTENTS)
    contents = {f"./{path.name}": path.read_bytes() for path in (tmp_path / "model").iterdir()}
    (tmp_path / "model.tar.gz").write_bytes(archive(contents))
    before = sorted(tmp_path.rglob("*"))
    assert read_archive(tmp_path / "model.tar.gz") == read_model(tmp_path / "model")
    assert sorted(tmp_path.rglob("*")) == before


def members() -> list[tarfile.TarInfo]:
    """Return archive members that no model has."""
    link, device, folder = tarfile.TarInfo("a.json"), tarfile.TarInfo("tty"), tarfile.TarInfo("more")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    device.type, folder.type = tarfile.CHRTYPE, tarfile.DIRTYPE
    inside, outside, root = (tarfile.TarInfo(name) for name in ("more/a.json", "../a.json", "/etc/a.json"))
    return [link, device, folder, inside, outside, root]


@pytest.mark.parametrize("member", members(), ids=lambda member: member.name)
def test_archives_hold_plain_files_only(tmp_path: Path, member: tarfile.TarInfo) -> None:
    """A link, a device, a folder or a path in an archive refuses it whole."""
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        packed.addfile(member, io.BytesIO())
    with pytest.raises(ArtifactError, match="plain files"):
        read_archive(path)


@pytest.mark.parametrize("content", [b"", b"no archive", archive(CONTENTS)[:40], archive({})])
def test_broken_archives_are_refused(tmp_path: Path, content: bytes) -> None:
    """What is no archive, is cut short or has no manifest is an error of ours."""
    (tmp_path / "model.tar.gz").write_bytes(content)
    with pytest.raises(ArtifactError):
        read_archive(tmp_path / "model.tar.gz")
    with pytest.raises(ArtifactError, match=r"there is no model\.tar\.gz"):
        read_archive(tmp_path / "other" / "model.tar.gz")


def test_large_archives_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More bytes than a model has are refused before they are read, as is the same name twice."""
    path = tmp_path / "model.tar.gz"
    path.write_bytes(archive({"a.json": bytes(600), "b.json": bytes(600)}))
    monkeypatch.setattr(artifact, "MAX_UNPACKED", 1000)
    with pytest.raises(ArtifactError, match="plain files"):
        read_archive(path)
    one, two = (tarfile.TarInfo("a.json") for _ in range(2))
    with tarfile.open(path, "w:gz") as packed:
        packed.addfile(one, io.BytesIO())
        packed.addfile(two, io.BytesIO())
    with pytest.raises(ArtifactError, match="each once"):
        read_archive(path)
