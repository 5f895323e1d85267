import zipfile
from pathlib import Path

import pytest

from infra import archive
from infra.errors import PackageError

GOOD = {"app.py": b"", "chalicelib/__init__.py": b"", "chalice/app.py": b"", "chalice/__init__.py": b""}


def _zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as target:
        for name, content in files.items():
            target.writestr(name, content)
    return path


def test_contents(tmp_path: Path) -> None:
    """A good zip is accepted and measured."""
    contents = archive.check(_zip(tmp_path / "a.zip", {**GOOD, "app.py": b"12345"}))
    assert (contents.unzipped_bytes, len(contents.names)) == (5, 4)


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ("x/fast.so", "compiled"),
        ("x/fast.cpython-311-x86_64-linux-gnu.so", "compiled"),
        ("libs/libgomp.so.1.0.0", "compiled"),
        ("x/a.pyd", "compiled"),
        ("x/a.dylib", "compiled"),
        ("chalicelib/__pycache__/a.cpython-311.pyc", "compiled"),
        ("numpy/__init__.py", "does not belong"),
        ("boto3/__init__.py", "does not belong"),
        ("training/__init__.py", "does not belong"),
        ("tests/test_x.py", "does not belong"),
    ],
)
def test_foreign_file(tmp_path: Path, extra: str, complaint: str) -> None:
    """Compiled files, data libraries, the SDK and the rest of the checkout are refused."""
    with pytest.raises(PackageError, match=complaint):
        archive.check(_zip(tmp_path / "a.zip", {**GOOD, extra: b""}))


def test_size(tmp_path: Path) -> None:
    """Ten million bytes unzipped are too many, however small the zip."""
    with pytest.raises(PackageError, match="too many"):
        archive.check(_zip(tmp_path / "a.zip", {**GOOD, "big.txt": b"0" * archive.MAX_UNZIPPED_BYTES}))


@pytest.mark.parametrize("gone", ["app.py", "chalicelib/__init__.py"])
def test_code_is_there(tmp_path: Path, gone: str) -> None:
    """A zip without our code is refused."""
    with pytest.raises(PackageError, match="missing"):
        archive.check(_zip(tmp_path / "a.zip", {name: body for name, body in GOOD.items() if name != gone}))


def test_requirement_left_out(tmp_path: Path) -> None:
    """A requirement that Chalice silently left out of the zip is noticed."""
    path = _zip(tmp_path / "a.zip", {**GOOD, "typing_extensions-4.16.0.dist-info/METADATA": b""})
    archive.check(path, distributions=["typing-extensions==4.16.0"])
    with pytest.raises(PackageError, match="jmespath"):
        archive.check(path, distributions=["typing-extensions==4.16.0", "jmespath==1.1.0"])


def test_rewrite_is_reproducible(tmp_path: Path) -> None:
    """Order and times of the files do not show in the bytes."""
    first = _zip(tmp_path / "a.zip", GOOD)
    second = tmp_path / "b.zip"
    with zipfile.ZipFile(second, "w") as target:
        for name, content in reversed(GOOD.items()):
            target.writestr(zipfile.ZipInfo(name, (2001, 2, 3, 4, 5, 6)), content)
    archive.rewrite(first, tmp_path / "1.zip")
    archive.rewrite(second, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


@pytest.mark.parametrize(
    ("app", "complaint"),
    [
        ("import chalice, click", "click"),
        ("import chalice, chalicelib.missing", "chalicelib.missing"),
        ("import chalice", "no attribute 'app'"),
        ("import chalice; app = 1", "AssertionError"),
    ],
)
def test_import_is_isolated(tmp_path: Path, app: str, complaint: str) -> None:
    """What is missing in the zip fails the import, as it would on AWS, although it may be installed here."""
    path = _zip(tmp_path / "a.zip", {**GOOD, "app.py": app.encode()})
    with pytest.raises(PackageError, match=complaint):
        archive.import_cpu_s(path, "app.app", {})


def test_runtime_packages(tmp_path: Path) -> None:
    """boto3 may be imported without being in the zip: Lambda's runtime brings it."""
    path = _zip(tmp_path / "a.zip", {**GOOD, "app.py": b"import chalice, boto3\napp = print"})
    assert archive.import_cpu_s(path, "app.app", {}) > 0


def test_name_that_leads_out(tmp_path: Path) -> None:
    """A file name that would leave the folder is refused."""
    with pytest.raises(PackageError, match="leads out"):
        archive.import_cpu_s(_zip(tmp_path / "a.zip", {**GOOD, "../../evil.py": b""}), "app.app", {})
