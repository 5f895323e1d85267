"""Performs plans: each action once, or met as it was made before.

A create call that finds its name taken compares what is there with what was asked: equal means that this very action
was performed before (an event came twice, an answer was lost), and is success; anything else is a stranger's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import client
from chalicelib.adapters.sagemaker import describe
from chalicelib.adapters.storage import S3Storage
from chalicelib.core.actions import Action, Call, CopyVersion, Plan, WriteJson
from chalicelib.core.errors import NameTakenError


@dataclass(frozen=True)
class AwsExecutor:
    """`services.ports.Executor` over S3 and SageMaker."""

    storage: S3Storage

    def perform(self, plan: Plan) -> None:
        """Perform the actions in order.

        Raises
        ------
        NameTakenError
            If a name of ours belongs to something else.
        """
        for action in plan.actions:
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case CopyVersion():
                self.storage.copy_version(action)
            case WriteJson(key, data):
                self.storage.write_json_once(key, data)
            case Call():
                _call(action)


def _call(call: Call) -> None:
    try:
        getattr(client("sagemaker"), call.operation)(**call.request)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if _in_progress(call, message):
            return  # its end is an event, and that event looks again
        if not _taken(code, message):
            raise
        name_key, name = next(iter(call.request.items()))
        found = describe(call.operation.replace("create_", "describe_"), **{name_key: name}) or {}
        if not _covers(found, call.request):
            raise NameTakenError(
                f"{name_key} {name} exists with other properties than ours: rename or remove it"
            ) from error


def _in_progress(call: Call, message: str) -> bool:
    return call.operation == "update_endpoint" and "Cannot update in-progress endpoint" in message


def _taken(code: str, message: str) -> bool:
    if code == "ResourceInUse":
        return True
    return code == "ValidationException" and ("already existing" in message or "already exists" in message)


def _covers(found: Any, asked: Any) -> bool:  # noqa: ANN401 - two JSON documents
    """Say whether a Describe answer holds what was asked for, as far as it tells (tags and tokens it does not)."""
    if isinstance(asked, Mapping) and isinstance(found, Mapping):
        return all(_covers(found[key], value) for key, value in asked.items() if key in found)
    if isinstance(asked, list) and isinstance(found, list):
        return len(found) == len(asked) and all(map(_covers, found, asked))
    return bool(found == asked)
