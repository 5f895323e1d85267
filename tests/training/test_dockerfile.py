import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "training/Dockerfile").read_text()


def test_copied_paths_exist() -> None:
    """What the image copies is in the repository, and only the container program and the core are."""
    copied = [
        line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY ") and "--from" not in line
    ]
    paths = [path for line in copied for path in line]
    assert paths == ["training/requirements.txt", "chalicelib/__init__.py", "chalicelib/core", "training"]
    assert all((ROOT / path).exists() for path in paths)


def test_entry_point_is_the_program() -> None:
    """SageMaker appends the command to the image's own entry point."""
    match = re.search(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)
    assert match is not None
    assert json.loads(match[1]) == ["python", "-m", "training"]
    assert "EXPOSE 8080" in DOCKERFILE
    assert 'LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port="true"' in DOCKERFILE


def test_packages_are_pinned_by_hash() -> None:
    """The image installs pinned packages whose every file is known by its hash."""
    assert "--require-hashes" in DOCKERFILE
    text = (ROOT / "training/requirements.txt").read_text()
    packages = re.findall(r"^[a-z][^\n]*(?:\n    [^\n]*)*", text, re.MULTILINE)
    assert len(packages) > 8
    assert all(re.match(r"[\w.-]+==\S+", package) and "--hash=sha256:" in package for package in packages)


def test_build_sees_only_what_it_copies() -> None:
    """The build context starts empty and admits the copied paths."""
    lines = (ROOT / "training/Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == {
        "chalicelib/__init__.py",
        "chalicelib/core",
        "training",
    }
