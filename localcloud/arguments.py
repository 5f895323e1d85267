"""The command line of the local cloud, and the two files it names, parsed into `Settings`."""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from localcloud.errors import ConfigError
from localcloud.overrides import overridden
from localcloud.settings import PRESETS, Image, Settings

_APP = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_PORTS = range(65_536)


def parse_arguments(arguments: Sequence[str]) -> Settings:
    """Read the command line; raises ConfigError saying what is wrong with a value or a file."""
    given = _parser().parse_args(arguments)
    if given.app is not None and not _APP.fullmatch(given.app):
        raise ConfigError(f"--app {given.app!r} is not module:attribute, for instance app:app")
    if not given.app_dir.is_dir():
        raise ConfigError(f"--app-dir {given.app_dir} is not a folder")
    if not _STAGE.fullmatch(given.stage) or given.stage == "_localcloud":
        raise ConfigError(f"--stage {given.stage!r} must be letters, digits, _ and -, and not _localcloud")
    if given.port not in _PORTS:
        raise ConfigError(f"--port {given.port} is not between 0 and 65535")
    delays, limits = overridden(given.delays, given.set)
    return Settings(
        state=given.state,
        port=given.port,
        stage=given.stage,
        app=given.app,
        app_dir=given.app_dir,
        environment=read_environment(given.environment) if given.environment else {},
        images=read_images(given.images) if given.images else {},
        virtual_clock=given.clock == "virtual",
        delays=delays,
        limits=limits,
    )


def read_environment(path: Path) -> Mapping[str, str]:
    """Read a JSON object of environment variables; raises ConfigError."""
    return _texts(_object(path), str(path))


def read_images(path: Path) -> Mapping[str, Image]:
    """Read what runs in place of each image URI; raises ConfigError."""
    images = {}
    for uri, entry in _object(path).items():
        where = f"{path}: image {uri}"
        if not isinstance(entry, dict):
            raise ConfigError(f"{where} is not an object with a command")
        if unknown := set(entry) - {"command", "cwd", "env"}:
            raise ConfigError(f"{where} has unknown members {', '.join(sorted(unknown))}: use command, cwd and env")
        command, cwd = entry.get("command"), entry.get("cwd")
        if not isinstance(command, list) or not command or not all(isinstance(part, str) for part in command):
            raise ConfigError(f"{where} needs a command: a list of texts, the program first")
        if cwd is not None and not (isinstance(cwd, str) and Path(cwd).is_dir()):
            raise ConfigError(f"{where}: cwd {cwd!r} is not a folder")
        images[uri] = Image(tuple(command), cwd, _texts(entry.get("env", {}), f"{where}: env"))
    return images


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localcloud", description="AWS for one application, on this machine.", allow_abbrev=False
    )
    parser.add_argument("--app", metavar="MODULE:ATTRIBUTE", help="the Chalice application to run")
    parser.add_argument("--app-dir", metavar="DIR", type=Path, default=Path(), help="its folder (default: this one)")
    parser.add_argument("--stage", default="dev", help="the stage it runs as (default: dev)")
    parser.add_argument("--port", type=int, default=4566, help="the port on 127.0.0.1; 0 takes any (default: 4566)")
    parser.add_argument("--state", metavar="DIR", type=Path, required=True, help="where state and logs are kept")
    parser.add_argument("--images", metavar="FILE", type=Path, help="JSON: what runs in place of each image URI")
    parser.add_argument("--environment", metavar="FILE", type=Path, help="JSON: environment of the functions")
    parser.add_argument("--delays", choices=sorted(PRESETS), default="fast", help="a preset (default: fast)")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="one delay or limit; may be repeated"
    )
    parser.add_argument(
        "--clock", choices=["real", "virtual"], default="real", help="virtual: time can be advanced (default: real)"
    )
    return parser


def _object(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path} is not a JSON object")
    return document


def _texts(document: object, where: str) -> dict[str, str]:
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise ConfigError(f"{where} is not an object of texts")
    return document
