import io
import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from training.artifact import Files, read_model, to_npy, write_model
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
