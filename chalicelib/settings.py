"""The only place that reads the environment: what the template sets on every function."""

import os
from collections.abc import Mapping

from chalicelib.core.errors import SettingsError
from chalicelib.core.stage import Stage


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
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise SettingsError(f"environment variable {name} is not set: infra/template.json and `freshet up` set it")
    return value
