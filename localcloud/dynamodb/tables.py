"""Items in moto's tables: read, put and removed in process, past its API and its expressions.

An item is written as DynamoDB's JSON, with binary values in base64; a key as its values alone, numbers that are equal
alike. Items come back in the order they were first written in, which is the order moto scans them in.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from localcloud.dynamodb.touched import Item
from localcloud.moto_services import dynamodb_backends, dynamodb_types
from localcloud.settings import ACCOUNT_ID

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")

_LONGEST_PAST_S = 5 * 365.25 * 86_400

Value = Mapping[str, Any]  # one attribute value: its type and what it holds


class Table:
    """One of moto's tables; another object of moto's after a transaction was rolled back, so never kept."""

    def __init__(self, found: Any) -> None:  # noqa: ANN401  moto has no types
        self._table = found
        self.name: str = found.name

    def has_key(self, item: Item, *, whole: bool) -> bool:
        """Say whether a ``whole`` item has a key of this table, or whether it is one and nothing else."""
        kinds = self._kinds()
        fits = all(name in item and _fits(item[name], kind) for name, kind in kinds.items())
        return fits and (whole or len(item) == len(kinds))

    def key(self, item: Item) -> str:
        """Write an item's key, which it has."""
        return json.dumps([_canonical(item[name]) for name in self._kinds()])

    def get(self, item: Item) -> str | None:
        """Write the item that has the key of ``item`` as it is now; None if there is none."""
        found = self._table.get_item(*self._typed(item))
        return None if found is None else json.dumps(found.to_json()["Attributes"], default=_base64)

    def put(self, text: str) -> None:
        """Put an item in the place of the one with its key, whatever it is."""
        item = {name: _read(value) for name, value in json.loads(text).items()}
        hash_key, range_key = self._typed(item)
        stored = dynamodb_types.Item(hash_key, range_key, item)
        if range_key is None:
            self._table.items[hash_key] = stored
        else:
            self._table.items[hash_key][range_key] = stored

    def remove(self, item: Item) -> None:
        """Remove the item that has the key of ``item``, if there is one."""
        self._table.delete_item(*self._typed(item))

    def expired(self, now: float) -> list[Item]:
        """Return the items whose time to live has passed ``now`` (epoch seconds), as full as their keys need.

        Source: DynamoDB Developer Guide, "Using time to live (TTL)": a number of epoch seconds at the top of the item;
        what passed more than five years ago is taken for a mistake and stays.
        """
        ttl = self._table.ttl
        if ttl["TimeToLiveStatus"] != "ENABLED":
            return []
        found = [item.to_json()["Attributes"] for item in self._table.all_items()]
        return [item for item in found if _has_passed(item.get(ttl["AttributeName"], {}), now)]

    def _kinds(self) -> dict[str, str]:
        """Give the types of the key's attributes, by their names."""
        kinds = {self._table.hash_key_attr: self._table.hash_key_type}
        return kinds | ({self._table.range_key_attr: self._table.range_key_type} if self._table.range_key_attr else {})

    def _typed(self, item: Item) -> tuple[Any, Any]:
        typed = [dynamodb_types.DynamoType(item[name]) for name in self._kinds()]
        return typed[0], typed[1] if len(typed) > 1 else None


def every() -> Iterator[tuple[str, Table]]:
    """Yield all tables with their regions."""
    for region, backend in dynamodb_backends[ACCOUNT_ID].items():
        yield from ((region, Table(found)) for found in list(backend.tables.values()))


def find(region: str, name: str) -> Table | None:
    """Find a table by its name or ARN."""
    tables = dynamodb_backends[ACCOUNT_ID][region].tables
    found = tables.get(name.rpartition("/")[2] if name.startswith("arn:") else name)
    return None if found is None or (name.startswith("arn:") and found.table_arn != name) else Table(found)


def _has_passed(value: Value, now: float) -> bool:
    return _fits(value, "N") and now - _LONGEST_PAST_S < float(value["N"]) < now


def _fits(value: Value, kind: str) -> bool:
    return list(value) == [kind] and (kind != "N" or _NUMBER.fullmatch(value["N"]) is not None)


def _canonical(value: Value) -> list[str]:
    ((kind, held),) = value.items()
    return [kind, str(Decimal(held).normalize()) if kind == "N" else _base64(held) if kind == "B" else held]


def _base64(held: bytes) -> str:
    return base64.b64encode(held).decode("ascii")


def _read(value: Value) -> Value:
    ((kind, held),) = value.items()
    if kind == "B":
        return {kind: base64.b64decode(held)}
    if kind == "BS":
        return {kind: [base64.b64decode(each) for each in held]}
    if kind == "L":
        return {kind: [_read(each) for each in held]}
    if kind == "M":
        return {kind: {name: _read(each) for name, each in held.items()}}
    return value
