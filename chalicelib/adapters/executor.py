"""Performs actions: each once, or met as it was made before.

A create call that finds its name taken compares what is there with what was asked: equal means that this very action
was performed before (a look came twice, an answer was lost), and is success; anything else is a stranger's. A call that
changes what others change too (`Call`) is made only if nothing was decided since its plan, which leaves a gap of one
round trip: SageMaker takes no fence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters import signals
from chalicelib.adapters.calls import translated
from chalicelib.adapters.clients import client
from chalicelib.adapters.ledger import DynamoLedger
from chalicelib.adapters.sagemaker import describe, missing
from chalicelib.adapters.storage import S3Storage
from chalicelib.core.actions import Action, Call, CopyVersion, ListFiles, Publish, PutMetrics, Settle, WriteJson
from chalicelib.core.errors import BusyError, FenceLostError, NameTakenError, UnavailableError
from chalicelib.core.stage import Stage


@dataclass(frozen=True)
class AwsExecutor:
    """`services.ports.Executor` over S3, SageMaker, the ledger, CloudWatch and SNS."""

    stage: Stage
    storage: S3Storage
    ledger: DynamoLedger

    def perform(self, pipeline: str, actions: Sequence[Action], still: Callable[[], bool]) -> None:
        """Perform the actions in order.

        Raises
        ------
        GoneError
            If an upload was deleted before it could be copied.
        FenceLostError
            If something was decided since.
        CallError
            If AWS did not do it, for one of the reasons that its kinds name.
        """
        for action in actions:
            match action:
                case CopyVersion():
                    self.storage.copy_version(action)
                case WriteJson(key, data):
                    self.storage.write_json_once(key, data)
                case ListFiles(key, prefix, first, end):
                    found = self.storage.files(prefix, first, end)
                    self.storage.write_json_once(key, self.stage.bucket.manifest([*found]))
                case Settle(verdicts):
                    self.ledger.settle(pipeline, verdicts)
                case PutMetrics():
                    signals.put_metrics(self.stage, pipeline, action)
                case Publish():
                    signals.publish(self.stage, action)
                case Call(operation):
                    creates = operation.startswith("create_")
                    if (not creates or operation == "create_endpoint") and not still():
                        raise FenceLostError(f"{operation} of {pipeline}: something was decided since")
                    _create(action) if creates else _change(action)


def _create(call: Call) -> None:
    if _send(call, tolerate=_taken):
        return
    name_key, name = next(iter(call.request.items()))
    found = describe(call.operation.replace("create_", "describe_"), **{name_key: name})
    if found is None:
        raise UnavailableError(
            f"{name_key} {name} exists and is not shown yet: whose it is will be seen by the next look"
        )
    if not _covers(found, call.request):
        raise NameTakenError(f"{name_key} {name} exists with other properties than ours: rename or remove it")


def _change(call: Call) -> None:
    if not _send(call, tolerate=lambda error: _in_progress(error) or missing(error)) and call.operation[:6] != "delete":
        raise BusyError(f"{call.operation}: the endpoint is being changed")


def _send(call: Call, *, tolerate: Callable[[ClientError], bool]) -> bool:
    """Make a call; say whether AWS took it, or answered with an error that can be dealt with."""
    with translated(call.operation):
        try:
            getattr(client("sagemaker"), call.operation)(**call.request)
        except ClientError as error:
            if not tolerate(error):
                raise
            return False
    return True


def _in_progress(error: ClientError) -> bool:
    return "Cannot update in-progress endpoint" in error.response["Error"]["Message"]


def _taken(error: ClientError) -> bool:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    return code == "ResourceInUse" or (
        code == "ValidationException" and ("already existing" in message or "already exists" in message)
    )


def _covers(found: Any, asked: Any) -> bool:  # noqa: ANN401 - two JSON documents
    """Say whether a Describe answer holds what was asked for, as far as it tells (tags and tokens it does not)."""
    if isinstance(asked, Mapping) and isinstance(found, Mapping):
        return all(_covers(found[key], value) for key, value in asked.items() if key in found)
    if isinstance(asked, list) and isinstance(found, list):
        return len(found) == len(asked) and all(map(_covers, found, asked))
    return bool(found == asked)
