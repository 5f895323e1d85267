"""DynamoDB's items, conditions and transactions, as far as the ledger uses them."""

from dataclasses import dataclass, field
from typing import Any

from tests.chalicelib.aws.refusals import refused

Item = dict[str, Any]
_PAGE = 5  # items a page, so that tests meet a second one


@dataclass
class Tables:
    """Items by table, partition and sort key."""

    items: dict[tuple[str, str, str], Item] = field(default_factory=dict)

    def get_item(self, TableName: str, Key: Item, ConsistentRead: bool) -> Item:  # noqa: FBT001 - boto3's
        assert ConsistentRead
        item = self.items.get((TableName, Key["pk"]["S"], Key["sk"]["S"]))
        return {"Item": item} if item else {}

    def put_item(self, TableName: str, Item: Item, ConditionExpression: str = "", **values: Any) -> Item:
        if not self._holds(TableName, Item, ConditionExpression, values):
            raise refused("ConditionalCheckFailedException")
        self.items[_key(TableName, Item)] = Item
        return {}

    def transact_write_items(self, TransactItems: list[Item]) -> Item:
        puts = [item["Put"] for item in TransactItems]
        held = [self._holds(put["TableName"], put["Item"], put.get("ConditionExpression", ""), put) for put in puts]
        if not all(held):
            reasons = [{"Code": "None" if holds else "ConditionalCheckFailed"} for holds in held]
            raise refused("TransactionCanceledException", CancellationReasons=reasons)
        for put in puts:
            self.items[_key(put["TableName"], put["Item"])] = put["Item"]
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
        found = [
            self.items[key]
            for key in sorted(self.items)
            if key[:2] == (TableName, partition) and first <= key[2] <= last
        ]
        return [{"Items": found[start : start + _PAGE]} for start in range(0, len(found) or 1, _PAGE)]

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
