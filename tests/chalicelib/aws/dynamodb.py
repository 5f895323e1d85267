"""DynamoDB's items, conditions and transactions, as far as the ledger uses them."""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from typing import Any

from tests.chalicelib.aws.refusals import refused

Item = dict[str, Any]


@dataclass
class Tables:
    """Items by table, partition and sort key; a ``page`` of a query is so short that tests meet a second one."""

    items: dict[tuple[str, str, str], Item] = field(default_factory=dict)
    page: int = 5  # items
    _sorted: list[tuple[str, str, str]] = field(default_factory=list, repr=False)

    def get_item(self, TableName: str, Key: Item, ConsistentRead: bool) -> Item:  # noqa: FBT001 - boto3's
        assert ConsistentRead
        item = self.items.get((TableName, Key["pk"]["S"], Key["sk"]["S"]))
        return {"Item": item} if item else {}

    def put_item(self, TableName: str, Item: Item, ConditionExpression: str = "", **values: Any) -> Item:
        if not self._holds(TableName, Item, ConditionExpression, values):
            raise refused("ConditionalCheckFailedException")
        self._store(_key(TableName, Item), Item)
        return {}

    def transact_write_items(self, TransactItems: list[Item]) -> Item:
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
        assert KeyConditionExpression == "pk = :pk AND sk BETWEEN :first AND :last"
        partition, first, last = (ExpressionAttributeValues[name]["S"] for name in (":pk", ":first", ":last"))
        begin = bisect_left(self._sorted, (TableName, partition, first))
        end = bisect_right(self._sorted, (TableName, partition, last))
        found = [self.items[key] for key in self._sorted[begin:end]]
        return [{"Items": found[start : start + self.page]} for start in range(0, len(found) or 1, self.page)]

    def _store(self, key: tuple[str, str, str], item: Item) -> None:
        if key not in self.items:
            insort(self._sorted, key)
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


def _key(table: str, item: Item) -> tuple[str, str, str]:
    return table, item["pk"]["S"], item["sk"]["S"]
