"""DynamoDB's items, conditions and transactions, as far as the ledger uses them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

from tests.chalicelib.aws.refusals import refused

Item = dict[str, Any]
Key = tuple[str, str, str]  # table, partition key, sort key


@dataclass
class Tables:
    """Items by table, partition and sort key; a ``page`` of a query is so short that tests meet a second one.

    Items whose time to live has passed are gone with the next call, as early as AWS may delete them.
    """

    time: Callable[[], datetime] = field(repr=False, compare=False)
    items: dict[Key, Item] = field(default_factory=dict)
    page: int = 5  # items
    _sorted: list[Key] = field(default_factory=list, repr=False)
    _expiring: list[tuple[int, Key]] = field(default_factory=list, repr=False)

    def get_item(self, TableName: str, Key: Item, ConsistentRead: bool) -> Item:  # noqa: FBT001 - boto3's
        assert ConsistentRead
        self._expire()
        item = self.items.get((TableName, Key["pk"]["S"], Key["sk"]["S"]))
        return {"Item": item} if item else {}

    def put_item(self, TableName: str, Item: Item, ConditionExpression: str = "", **values: Any) -> Item:
        self._expire()
        if not self._holds(TableName, Item, ConditionExpression, values):
            raise refused("ConditionalCheckFailedException")
        self._store(_key(TableName, Item), Item)
        return {}

    def transact_write_items(self, TransactItems: list[Item]) -> Item:
        self._expire()
        puts = [item["Put"] for item in TransactItems]
        held = [self._holds(put["TableName"], put["Item"], put.get("ConditionExpression", ""), put) for put in puts]
        if not all(held):
            reasons = [{"Code": "None" if holds else "ConditionalCheckFailed"} for holds in held]
            raise refused("TransactionCanceledException", CancellationReasons=reasons)
        for put in puts:
            self._store(_key(put["TableName"], put["Item"]), put["Item"])
        return {}

    def query_pages(
        self,
        TableName: str,
        ConsistentRead: bool,  # noqa: FBT001 - boto3's
        KeyConditionExpression: str,
        ExpressionAttributeValues: Item,
    ) -> list[Item]:
        assert ConsistentRead
        self._expire()
        assert KeyConditionExpression == "pk = :pk AND sk BETWEEN :first AND :last"
        partition, first, last = (ExpressionAttributeValues[name]["S"] for name in (":pk", ":first", ":last"))
        begin = bisect_left(self._sorted, (TableName, partition, first))
        end = bisect_right(self._sorted, (TableName, partition, last))
        found = [self.items[key] for key in self._sorted[begin:end]]
        return [{"Items": found[start : start + self.page]} for start in range(0, len(found) or 1, self.page)]

    def _expire(self) -> None:
        now = self.time().timestamp()
        while self._expiring and self._expiring[0][0] < now:
            expires, key = heappop(self._expiring)
            if _expires(self.items.get(key, {})) == expires:
                del self.items[key]
                del self._sorted[bisect_left(self._sorted, key)]

    def _store(self, key: Key, item: Item) -> None:
        if key not in self.items:
            insort(self._sorted, key)
        expires = _expires(item)
        if expires is not None and expires != _expires(self.items.get(key, {})):
            heappush(self._expiring, (expires, key))
        self.items[key] = item

    def _holds(self, table: str, item: Item, condition: str, values: Item) -> bool:
        known = self.items.get(_key(table, item))
        match condition:
            case "":
                return True
            case "attribute_not_exists(pk)":
                return known is None
            case "fence = :before":
                return known is not None and known["fence"] == values["ExpressionAttributeValues"][":before"]
        raise AssertionError(condition)


def _key(table: str, item: Item) -> Key:
    return table, item["pk"]["S"], item["sk"]["S"]


def _expires(item: Item) -> int | None:
    return int(item["expires"]["N"]) if "expires" in item else None
