"""Which items a request may change: their tables and attributes that hold the key. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]  # attribute values by name, in DynamoDB's JSON with bytes as bytes

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


@dataclass(frozen=True)
class Touched:
    """One item that a write is about: its table, as the request names it, and its key, alone or in a whole item."""

    table: str
    item: Item
    whole: bool


def touched(operation: str, request: Mapping[str, Any]) -> Iterator[Touched]:
    """Yield what a request, which fits its model, is about."""
    if operation == "BatchWriteItem":
        for table, writes in request["RequestItems"].items():
            yield from (_of(table, part) for write in writes for part in write.values())
    elif operation == "TransactWriteItems":
        for write in request["TransactItems"]:
            yield from (_of(part["TableName"], part) for kind, part in write.items() if kind != "ConditionCheck")
    else:
        yield _of(request["TableName"], request)


def _of(table: str, part: Mapping[str, Any]) -> Touched:
    whole = "Item" in part
    return Touched(table, part["Item" if whole else "Key"], whole)
