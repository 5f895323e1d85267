"""The image that is a digest of code."""

import re
from pathlib import Path

import pytest

from cli import image


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {"training/a.py": "a", "training/b/c.py": "c", "chalicelib/core/d.py": "d"}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_uri(root: Path) -> None:
    """The URI is an ECR one by digest, as the template's parameter demands."""
    uri = image.uri(root, "us-east-1")
    assert re.fullmatch(r"[0-9]{12}\.dkr\.ecr\.us-east-1\.amazonaws\.com/freshet-training@sha256:[0-9a-f]{64}", uri)


@pytest.mark.parametrize("name", ["training/a.py", "training/b/c.py", "chalicelib/core/d.py", "training/new.py"])
def test_code_matters(root: Path, name: str) -> None:
    """Changed or added code is another image."""
    before = image.digest(root)
    (root / name).write_text("other")
    assert image.digest(root) != before


def test_names_matter(root: Path) -> None:
    """A file moved is another image, with the same contents."""
    before = image.digest(root)
    (root / "training/a.py").rename(root / "training/z.py")
    assert image.digest(root) != before


@pytest.mark.parametrize("name", ["training/__pycache__/a.pyc", "chalicelib/services/x.py", "README.md"])
def test_rest_does_not(root: Path, name: str) -> None:
    """What is compiled, or not in the image, is no other image."""
    before = image.digest(root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("other")
    assert image.digest(root) == before
