"""The only file of the command that reads and writes the environment.

The application's adapters make their clients as any boto3 program does, from the environment; so this is where a chosen
address is put. For a local cloud everything else that could lead a client elsewhere (profiles, configuration files,
addresses of single services, proxies) is taken out of the way.
"""

import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path

LOCAL_REGION = "us-east-1"  # the local cloud's own default
_LOOPBACK = "127.0.0.1,localhost"


@dataclass(frozen=True)
class Environment:
    """What the environment says about which cloud is meant."""

    state: Path | None = None  # FRESHET_STATE
    stage: str | None = None  # FRESHET_STAGE: a stage on AWS
    endpoint_url: str | None = None  # AWS_ENDPOINT_URL


def read(environ: MutableMapping[str, str] = os.environ) -> Environment:
    """Return what the environment says; empty values count as none."""
    state = environ.get("FRESHET_STATE")
    return Environment(
        state=Path(state) if state else None,
        stage=environ.get("FRESHET_STAGE") or None,
        endpoint_url=environ.get("AWS_ENDPOINT_URL") or None,
    )


def point_at_local(endpoint_url: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Lead every boto3 client of this process to the local cloud, with credentials that mean nothing."""
    _without_aws(environ)
    environ.update(
        AWS_ENDPOINT_URL=endpoint_url,
        AWS_DEFAULT_REGION=LOCAL_REGION,
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 - no secret: the local cloud checks no signature
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        NO_PROXY=_LOOPBACK,
        no_proxy=_LOOPBACK,
    )


def use_profile(profile: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Let boto3 use a profile of the person's AWS configuration."""
    environ["AWS_PROFILE"] = profile


def of_local_cloud(environ: MutableMapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for a local cloud's own process: the person's, without their AWS and Freshet settings."""
    inherited = dict(environ)
    _without_aws(inherited)
    return {**inherited, "NO_PROXY": _LOOPBACK, "no_proxy": _LOOPBACK}


def _without_aws(environ: MutableMapping[str, str]) -> None:
    for name in [name for name in environ if name.startswith(("AWS_", "FRESHET_"))]:
        del environ[name]
