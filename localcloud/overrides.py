"""Delays and limits by name, as the command line gives them: ``job_start=5``, ``lambda_retries=60,120``."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from localcloud.errors import ConfigError
from localcloud.settings import PRESETS, Delays, Limits


def overridden(preset: str, given: Iterable[str]) -> tuple[Delays, Limits]:
    """Return a preset's delays and the limits, with each ``NAME=VALUE`` in place; raises ConfigError."""
    delays, limits = PRESETS[preset], Limits()
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--set {text} is not NAME=VALUE")
        if hasattr(delays, name):
            delays = replace(delays, **{name: _read(name, value, getattr(delays, name))})
        elif hasattr(limits, name):
            limits = replace(limits, **{name: _read(name, value, getattr(limits, name))})
        else:
            raise ConfigError(f"--set {name} is no delay or limit: docs/local-cloud.md lists them")
    return delays, limits


def _read(name: str, value: str, default: object) -> Any:  # noqa: ANN401  of the type that the default has
    try:
        if isinstance(default, tuple):
            return tuple(_number(part) for part in value.split(","))
        return int(_number(value)) if isinstance(default, int) else _number(value)
    except ValueError as error:
        raise ConfigError(f"--set {name}={value}: {error}") from error


def _number(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError("a number of at least 0 is needed")
    return number
