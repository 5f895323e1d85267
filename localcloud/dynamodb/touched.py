"""Which items a request may change: their tables and attributes that hold the key. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

Item = Mapping[str, Any]  # attribute values by name, in DynamoDB's JSON with bytes as bytes

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


def touched(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, Item]]:
    """Yield the table, as the request names it, and the key, alone or in an item, of each item a write is about."""
    if operation == "BatchWriteItem":
        for table, writes in request["RequestItems"].items():
            for write in writes:
                yield from ((table, part.get("Item") or part["Key"]) for part in write.values())
    elif operation == "TransactWriteItems":
        for write in request["TransactItems"]:
            for kind, part in write.items():
                if kind != "ConditionCheck":
                    yield part["TableName"], part.get("Item") or part["Key"]
    else:
        yield request["TableName"], request.get("Item") or request.get("Key") or {}
