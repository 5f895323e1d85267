"""DynamoDB's items whose time to live has passed."""

from datetime import UTC, datetime
from typing import Any

DAY_S = 86_400
TABLE = {
    "TableName": "ledger",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "N"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def left(client: Any) -> set[str]:
    """Return the keys of the items that are there."""
    return {item["pk"]["N"] for item in client.scan(TableName="ledger")["Items"]}


def test_what_has_expired_is_deleted(start_cloud: Any) -> None:
    """Items whose time to live has passed go at a look after that, for good; others, and odd ones, stay."""
    cloud = start_cloud(virtual_clock=True)
    client = cloud.client("dynamodb")
    client.create_table(**TABLE)
    now = datetime.now(UTC).timestamp()
    lives: dict[str, dict[str, Any]] = {
        "1": {"expires": {"N": f"{now + DAY_S:.0f}"}},
        "2": {"expires": {"N": f"{now + 3 * DAY_S:.0f}"}},
        "3": {"expires": {"S": "0"}},
        "4": {"expires": {"N": f"{now - 6 * 365 * DAY_S:.0f}"}},
        "5": {},
    }
    for number, more in lives.items():
        client.put_item(TableName="ledger", Item={"pk": {"N": number}} | more)
    cloud.advance(2 * DAY_S)
    assert len(left(client)) == 5
    spec = {"AttributeName": "expires", "Enabled": True}
    client.update_time_to_live(TableName="ledger", TimeToLiveSpecification=spec)
    cloud.advance(2 * 3600)
    assert left(client) == {"2", "3", "4", "5"}
    cloud.cloud.stop()
    again = start_cloud(virtual_clock=True)
    client = again.client("dynamodb")
    assert left(client) == {"2", "3", "4", "5"}
    again.advance(2 * DAY_S)
    assert left(client) == {"3", "4", "5"}
