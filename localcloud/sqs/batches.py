"""The batch form of an operation: up to ten entries, each of which succeeds or fails by itself, in one transaction."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.sqs.contents import Content
from localcloud.sqs.refusals import refused

Data = Mapping[str, Any]

_MOST = 10
_LARGEST = 1_048_576  # bytes of all messages of a batch together


def run(database: Database, entries: list[Data], do: Callable[[Data], dict[str, Any]]) -> dict[str, Any]:
    """Do each entry; raises AwsError if the batch is none."""
    _check([entry["Id"] for entry in entries])
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    with database.transaction():
        for entry in entries:
            try:
                with database.transaction():
                    done.append({"Id": entry["Id"], **do(entry)})
            except AwsError as error:
                code = error.query_code or error.code
                failed.append({"Id": entry["Id"], "SenderFault": True, "Code": code, "Message": error.message})
    return {"Successful": done, "Failed": failed}


def check_size(entries: list[Data]) -> None:
    """Refuse messages that are too much together."""
    size = sum(Content(entry["MessageBody"], entry.get("MessageAttributes", {}), {}).size for entry in entries)
    if size > _LARGEST:
        raise refused(
            "BatchRequestTooLong", f"Batch requests cannot be longer than {_LARGEST} bytes. You have sent {size} bytes."
        )


def _check(ids: list[str]) -> None:
    if not ids:
        raise refused("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(ids) > _MOST:
        raise refused(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {_MOST}. You have sent {len(ids)}.",
        )
    for identity in ids:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", identity):
            raise refused(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens "
                "and underscores. It can be at most 80 letters long.",
            )
        if ids.count(identity) > 1:
            raise refused("BatchEntryIdsNotDistinct", f"Id {identity} repeated.")
