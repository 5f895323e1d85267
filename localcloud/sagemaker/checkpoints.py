"""Checkpoints of a training job: what asks for them, and the mirror that keeps the hosts' folders in step with S3."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud import emulated
from localcloud.errors import AwsError
from localcloud.sagemaker.containers import ROOT, local_path
from localcloud.sagemaker.mirror import Mirror
from localcloud.sagemaker.objects import Location, Objects
from localcloud.sagemaker.store import Data

_FOLDER = f"{ROOT}/checkpoints/"
_TAKEN = (f"{ROOT}/input", f"{ROOT}/model", f"{ROOT}/output")


def read_checkpoints(config: Mapping[str, str]) -> Mapping[str, str]:
    """Return a CheckpointConfig with its defaults.

    Raises
    ------
    AwsError
        If its S3Uri is none, or its LocalPath cannot hold checkpoints.
    """
    emulated.only(config, "S3Uri LocalPath", "CheckpointConfig.")
    Location.parse(config["S3Uri"])
    path = config.get("LocalPath", _FOLDER)
    local_path(Path(), path)
    if any(f"{path.rstrip('/')}/".startswith(f"{taken}/") for taken in _TAKEN):
        raise AwsError("ValidationException", f"CheckpointConfig.LocalPath {path} is used for something else")
    return {**config, "LocalPath": path}


def checkpoints_of(data: Data, objects: Objects, bases: Sequence[Path]) -> Mirror:
    """Return a job's checkpoints; without folders if it asked for none."""
    config = data.get("CheckpointConfig")
    if config is None:
        return Mirror(objects, Location("", ""), ())
    prefix = Location.parse(config["S3Uri"])
    target = Location(prefix.bucket, f"{prefix.key.rstrip('/')}/" if prefix.key.strip("/") else "")
    return Mirror(objects, target, [local_path(base, config["LocalPath"]) for base in bases])
