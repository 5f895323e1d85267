import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

REGION = "eu-central-1"
TABLE = {
    "TableName": "ledger",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "N"},
        {"AttributeName": "sk", "AttributeType": "B"},
        {"AttributeName": "state", "AttributeType": "S"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-state",
            "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "Tags": [{"Key": "team", "Value": "a"}],
}
EVERY_TYPE = {
    "S": {"S": "ü"},
    "N": {"N": "1.50"},
    "B": {"B": b"\x00\xff"},
    "SS": {"SS": ["a", "b"]},
    "NS": {"NS": ["1", "2.5"]},
    "BS": {"BS": [b"\x00", b"\xff"]},
    "L": {"L": [{"B": b"1"}, {"M": {"deep": {"BS": [b"2"]}}}, {"NULL": True}]},
    "M": {"M": {"$bytes": {"B": b"3"}, "B": {"S": "not binary"}, "empty": {"L": []}}},
    "BOOL": {"BOOL": False},
}


def key(number: str, sort: bytes = b"\x00") -> dict[str, Any]:
    return {"pk": {"N": number}, "sk": {"B": sort}}


@pytest.fixture
def dynamodb(cloud: Any) -> Any:
    client = cloud.client("dynamodb")
    client.create_table(**TABLE)
    return client


@pytest.fixture
def again(cloud: Any, start_cloud: Any) -> Callable[..., Any]:
    """Stop the cloud and start it anew with the same state; a client of the new one."""

    def restart(region: str = REGION) -> Any:
        cloud.cloud.stop()
        return start_cloud().client("dynamodb", region=region)

    return restart


def items(client: Any) -> list[Any]:
    found: list[Any] = client.scan(TableName="ledger")["Items"]
    return found


def test_items_of_every_type_come_back(dynamodb: Any, again: Any) -> None:
    """An item of all types, nested, is after a restart what it was, and so is the order of a scan."""
    for number in ("2", "10", "1"):
        dynamodb.put_item(TableName="ledger", Item=key(number) | EVERY_TYPE)
    dynamodb.put_item(TableName="ledger", Item=key("10.0") | {"n": {"N": "7"}})
    before = items(dynamodb)
    assert len(before) == 3
    assert items(again()) == before


def test_every_kind_of_write_is_kept(dynamodb: Any, again: Any) -> None:
    """Updates, deletions, batches and transactions are all there after a restart."""
    for number in "12345":
        dynamodb.put_item(TableName="ledger", Item=key(number) | {"labels": {"SS": ["a"]}})
    values = {":one": {"N": "1"}, ":more": {"SS": ["b"]}, ":list": {"L": [{"S": "x"}]}}
    change = "SET l = :list ADD n :one, labels :more"
    dynamodb.update_item(TableName="ledger", Key=key("1"), UpdateExpression=change, ExpressionAttributeValues=values)
    dynamodb.update_item(TableName="ledger", Key=key("9"), UpdateExpression=change, ExpressionAttributeValues=values)
    dynamodb.delete_item(TableName="ledger", Key=key("2"))
    writes = [{"PutRequest": {"Item": key("6")}}, {"DeleteRequest": {"Key": key("3")}}]
    dynamodb.batch_write_item(RequestItems={"ledger": writes})
    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "ledger", "Item": key("7")}},
            {"Delete": {"TableName": "ledger", "Key": key("4")}},
            {
                "Update": {
                    "TableName": "ledger",
                    "Key": key("5"),
                    "UpdateExpression": "SET n = :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
            },
            {
                "ConditionCheck": {
                    "TableName": "ledger",
                    "Key": key("8"),
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            },
        ]
    )
    before = items(dynamodb)
    assert {item["pk"]["N"] for item in before} == {"1", "5", "6", "7", "9"}
    assert items(again()) == before


def test_refused_writes_change_nothing(dynamodb: Any, again: Any) -> None:
    """A failed condition, a cancelled transaction and a batch with one bad entry leave all items as they were."""
    dynamodb.put_item(TableName="ledger", Item=key("1") | {"n": {"N": "1"}})
    bad = {"pk": {"N": "2"}, "sk": {"S": "of another type"}}
    new = {"TableName": "ledger", "Item": key("1"), "ConditionExpression": "attribute_not_exists(pk)"}
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(**new)
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "ledger", "Item": key("3")}}, {"Put": new}])
    with pytest.raises(ClientError, match="ValidationException"):
        dynamodb.batch_write_item(
            RequestItems={"ledger": [{"PutRequest": {"Item": item}} for item in (key("1"), key("3"), bad)]}
        )
    assert items(dynamodb) == [key("1") | {"n": {"N": "1"}}]
    assert items(again()) == [key("1") | {"n": {"N": "1"}}]


def test_tables_come_back(dynamodb: Any, again: Any) -> None:
    """A table is after a restart what it was: its date, indexes, tags, TTL and recovery; a deleted one is not there."""
    arn = dynamodb.describe_table(TableName="ledger")["Table"]["TableArn"]
    dynamodb.update_table(TableName="ledger", DeletionProtectionEnabled=True)
    dynamodb.update_time_to_live(
        TableName="ledger", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    dynamodb.update_continuous_backups(
        TableName="ledger", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "dev"}])
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["team"])
    dynamodb.create_table(**TABLE | {"TableName": "gone"})
    dynamodb.put_item(TableName="gone", Item=key("1"))
    dynamodb.delete_table(TableName="gone")

    def shown(client: Any) -> list[Any]:
        backups = client.describe_continuous_backups(TableName="ledger")["ContinuousBackupsDescription"]
        return [
            client.list_tables()["TableNames"],
            client.describe_table(TableName="ledger")["Table"],
            client.list_tags_of_resource(ResourceArn=arn)["Tags"],
            client.describe_time_to_live(TableName="ledger")["TimeToLiveDescription"],
            backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        ]

    before = shown(dynamodb)
    client = again()
    assert shown(client) == before
    assert before[0] == ["ledger"]
    client.create_table(**TABLE | {"TableName": "gone"})
    assert client.scan(TableName="gone")["Items"] == []


def test_regions_are_apart(cloud: Any, dynamodb: Any, again: Any) -> None:
    """A table of the same name in another region has its own items, also after a restart."""
    other = cloud.client("dynamodb", region="us-east-1")
    other.create_table(**TABLE)
    other.put_item(TableName="ledger", Item=key("1"))
    assert items(dynamodb) == []
    assert items(again("us-east-1")) == [key("1")]


def test_indexes_find_what_came_back(dynamodb: Any, again: Any) -> None:
    """A query of a global secondary index finds items that were written before the restart."""
    dynamodb.put_item(TableName="ledger", Item=key("1") | {"state": {"S": "open"}})
    found = again().query(
        TableName="ledger",
        IndexName="by-state",
        KeyConditionExpression="#s = :open",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":open": {"S": "open"}},
    )
    assert found["Count"] == 1


@pytest.mark.usefixtures("dynamodb")
def test_one_winner(cloud: Any) -> None:
    """Of 16 writers who ask for the same new item at once, one gets it, time and again."""
    clients = [cloud.client("dynamodb", max_pool_connections=1) for _ in range(16)]
    winners: list[int] = []
    at_once = threading.Barrier(16)

    def claim(client: Any) -> None:
        for turn in range(5):
            at_once.wait()
            try:
                client.put_item(TableName="ledger", Item=key(str(turn)), ConditionExpression="attribute_not_exists(pk)")
            except client.exceptions.ConditionalCheckFailedException:
                continue
            winners.append(turn)

    threads = [threading.Thread(target=claim, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(winners) == [0, 1, 2, 3, 4]


def test_partiql_reads_only(dynamodb: Any) -> None:
    """A statement that changes something, which nobody would keep, is refused; SELECT is answered."""
    dynamodb.put_item(TableName="ledger", Item=key("1"))
    insert = "INSERT INTO \"ledger\" VALUE {'pk': 2, 'sk': 'x'}"
    calls: list[Callable[[], Any]] = [
        lambda: dynamodb.execute_statement(Statement=insert),
        lambda: dynamodb.batch_execute_statement(Statements=[{"Statement": insert}]),
        lambda: dynamodb.execute_transaction(TransactStatements=[{"Statement": insert}]),
    ]
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert len(dynamodb.execute_statement(Statement='SELECT * FROM "ledger"')["Items"]) == 1


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("StreamSpecification", {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}),
        ("SSESpecification", {"Enabled": True}),
        ("TableClass", "STANDARD_INFREQUENT_ACCESS"),
        ("OnDemandThroughput", {"MaxReadRequestUnits": 1}),
    ],
)
def test_what_a_table_cannot_be(cloud: Any, member: str, value: Any) -> None:
    """A table with a member that is not emulated is refused by the member's name, and not made."""
    dynamodb = cloud.client("dynamodb")
    with pytest.raises(ClientError, match=member):
        dynamodb.create_table(**TABLE | {member: value})
    assert dynamodb.list_tables()["TableNames"] == []


def test_other_operations_are_refused(dynamodb: Any, cloud: Any) -> None:
    """Backups, exports and streams, which would be forgotten, are refused."""
    streams = cloud.client("dynamodbstreams")
    calls: list[Callable[[], Any]] = [
        lambda: dynamodb.create_backup(TableName="ledger", BackupName="one"),
        dynamodb.list_exports,
        streams.list_streams,
    ]
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize(
    "bad",
    [
        {"pk": {"N": "1"}},
        {"pk": {"N": "1"}, "sk": {"S": "text"}},
        {"pk": {"N": "one"}, "sk": {"B": b"1"}},
        {"pk": {"N": "NaN"}, "sk": {"B": b"1"}},
        {"pk": {"N": "1"}, "sk": {"B": b"1"}, "more": {"S": "a"}},
    ],
)
def test_a_key_that_is_none_is_refused(dynamodb: Any, bad: Any) -> None:
    """A key with missing, further or other attributes than the table's is refused as DynamoDB does."""
    with pytest.raises(ClientError, match="The provided key element does not match the schema"):
        dynamodb.update_item(TableName="ledger", Key=bad)
    with pytest.raises(ClientError, match="The provided key element does not match the schema"):
        dynamodb.batch_write_item(RequestItems={"ledger": [{"DeleteRequest": {"Key": bad}}]})
    assert items(dynamodb) == []


@pytest.mark.parametrize("bad", [{}, {"pk": {"N": "1"}}, {"pk": {"N": "one"}, "sk": {"B": b"1"}}])
def test_an_item_without_a_key_is_refused(dynamodb: Any, bad: Any) -> None:
    """An item that lacks its table's key is refused, alone and in a batch."""
    with pytest.raises(ClientError) as refused:
        dynamodb.put_item(TableName="ledger", Item=bad)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError) as refused:
        dynamodb.batch_write_item(RequestItems={"ledger": [{"PutRequest": {"Item": bad}}]})
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_what_is_not_there(dynamodb: Any) -> None:
    """A table that is not there is not found, for its items nor its tags."""
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.put_item(TableName="none", Item=key("1"))
    arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/none"
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
