"""The only place that reads the environment: what the template sets on every function."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.core.errors import SettingsError
from chalicelib.core.stage import Stage

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


@dataclass(frozen=True)
class Http:
    """How far the HTTP routes are open: pages of which origins may call them, and labels an hour of one caller."""

    origins: frozenset[str] = frozenset()
    labels_per_hour: int = 10_000


def stage_name(environment: Mapping[str, str] = os.environ) -> str:
    """Return the stage's name, which the rules' patterns need already when the application is packaged."""
    return _required(environment, "FRESHET_STAGE")


def stage(environment: Mapping[str, str] = os.environ) -> Stage:
    """Return the deployment this process belongs to.

    Raises
    ------
    SettingsError
        If a variable is missing.
    """
    return Stage(
        name=stage_name(environment),
        bucket_name=_required(environment, "FRESHET_BUCKET"),
        role_arn=_required(environment, "FRESHET_ROLE_ARN"),
        image_uri=_required(environment, "FRESHET_IMAGE_URI"),
        table_name=_required(environment, "FRESHET_TABLE"),
        topic_arn=_required(environment, "FRESHET_TOPIC_ARN"),
    )


def http(environment: Mapping[str, str] = os.environ) -> Http:
    """Return how far the HTTP routes are open; a variable that is not set, or empty, has its default.

    Raises
    ------
    SettingsError
        If an origin is none that a browser sends, or the limit is no positive number.
    """
    origins = [origin.strip() for origin in environment.get("FRESHET_CORS_ORIGINS", "").split(",") if origin.strip()]
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(f"FRESHET_CORS_ORIGINS: {origin!r} is no origin: write https://host, or with a port")
    limit = environment.get("FRESHET_LABELS_PER_HOUR") or str(Http.labels_per_hour)
    if not limit.isdecimal() or int(limit) == 0:
        raise SettingsError(f"FRESHET_LABELS_PER_HOUR must be a positive number, got {limit!r}")
    return Http(frozenset(origins), int(limit))


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise SettingsError(f"environment variable {name} is not set: infra/template.json and `freshet up` set it")
    return value
