import json
from pathlib import Path
from typing import Any

import pytest

from localcloud.arguments import parse_arguments, read_environment, read_images
from localcloud.errors import ConfigError
from localcloud.settings import PRESETS, Image


def written(path: Path, document: Any) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_everything(tmp_path: Path) -> None:
    """Every flag arrives in the settings."""
    images = written(
        tmp_path / "images.json", {"uri": {"command": ["python", "-m", "x"], "cwd": "/", "env": {"A": "1"}}}
    )
    environment = written(tmp_path / "environment.json", {"B": "2"})
    settings = parse_arguments(
        [
            *("--app", "pkg.app:app", "--app-dir", str(tmp_path), "--stage", "prod", "--port", "0"),
            *("--state", str(tmp_path / "s"), "--images", str(images), "--environment", str(environment)),
        ]
    )
    assert (settings.app, settings.app_dir, settings.stage, settings.port) == ("pkg.app:app", tmp_path, "prod", 0)
    assert settings.state == tmp_path / "s"
    assert settings.images == {"uri": Image(("python", "-m", "x"), "/", {"A": "1"})}
    assert settings.environment == {"B": "2"}


def test_delays_and_limits(tmp_path: Path) -> None:
    """A preset gives all delays, and each can be set alone, as can the limits, in the type they have."""
    told = ["--delays", "aws", "--set", "job_start=0.5", "--set", "lambda_retries=3,4", "--set", "parallel_jobs=2"]
    settings = parse_arguments(["--state", str(tmp_path), *told])
    assert (settings.delays.job_start, settings.delays.lambda_retries) == (0.5, (3.0, 4.0))
    assert settings.delays.endpoint_start == PRESETS["aws"].endpoint_start
    assert settings.limits.parallel_jobs == 2
    assert isinstance(settings.limits.parallel_jobs, int)


def test_defaults(tmp_path: Path) -> None:
    """Only the state's folder has to be said."""
    settings = parse_arguments(["--state", str(tmp_path)])
    assert (settings.app, settings.stage, settings.port, settings.images) == (None, "dev", 4566, {})


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--app", "app"], "is not module:attribute"),
        (["--app", "a b:c"], "is not module:attribute"),
        (["--app-dir", "/nowhere/at/all"], "is not a folder"),
        (["--port", "70000"], "between 0 and 65535"),
        (["--stage", "a/b"], "--stage 'a/b'"),
        (["--stage", "_localcloud"], "not _localcloud"),
        (["--images", "/nowhere.json"], "cannot be read"),
        (["--set", "job_start"], "is not NAME=VALUE"),
        (["--set", "color=red"], "is no delay or limit"),
        (["--set", "job_start=soon"], "job_start=soon"),
        (["--set", "job_start=-1"], "at least 0"),
    ],
)
def test_refused_arguments(arguments: list[str], part: str, tmp_path: Path) -> None:
    """A value that cannot be used is refused with its flag's name."""
    with pytest.raises(ConfigError, match=part):
        parse_arguments(["--state", str(tmp_path), *arguments])


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ("{", "cannot be read"),
        ([], "is not a JSON object"),
        ({"u": []}, "image u is not an object"),
        ({"u": {}}, "image u needs a command"),
        ({"u": {"command": []}}, "image u needs a command"),
        ({"u": {"command": "python"}}, "image u needs a command"),
        ({"u": {"command": ["python", 1]}}, "image u needs a command"),
        ({"u": {"command": ["python"], "cwd": "/nowhere/at/all"}}, "cwd '/nowhere/at/all' is not a folder"),
        ({"u": {"command": ["python"], "env": {"A": 1}}}, "env is not an object of texts"),
        ({"u": {"command": ["python"], "args": []}}, "unknown members args"),
    ],
)
def test_refused_images(document: Any, part: str, tmp_path: Path) -> None:
    """An images file that cannot be used is refused with the image's name and what it lacks."""
    with pytest.raises(ConfigError, match=part):
        read_images(written(tmp_path / "images.json", document))


def test_refused_environment(tmp_path: Path) -> None:
    """An environment holds texts only."""
    with pytest.raises(ConfigError, match="not an object of texts"):
        read_environment(written(tmp_path / "environment.json", {"A": 1}))
