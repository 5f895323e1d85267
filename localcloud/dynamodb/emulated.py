"""What of DynamoDB is emulated: operations by what they do, and of those on tables the members that moto heeds."""

from collections.abc import Mapping
from typing import Any

from localcloud.dynamodb.touched import WRITES
from localcloud.emulated import refusal, unknown

READS = frozenset(
    {
        *("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "DescribeTable", "ListTables"),
        *("DescribeTimeToLive", "DescribeContinuousBackups", "ListTagsOfResource", "DescribeLimits"),
        "DescribeEndpoints",
    }
)
TABLE_CHANGES = frozenset(
    {
        *("CreateTable", "UpdateTable", "DeleteTable", "UpdateTimeToLive", "UpdateContinuousBackups"),
        *("TagResource", "UntagResource"),
    }
)
OPERATIONS = READS | TABLE_CHANGES | WRITES
_STATEMENTS = {  # PartiQL: where the statements are
    "ExecuteStatement": lambda request: [request["Statement"]],
    "BatchExecuteStatement": lambda request: [each["Statement"] for each in request["Statements"]],
    "ExecuteTransaction": lambda request: [each["Statement"] for each in request["TransactStatements"]],
}
PARTIQL = frozenset(_STATEMENTS)
_TABLE = "TableName AttributeDefinitions BillingMode ProvisionedThroughput DeletionProtectionEnabled WarmThroughput"
_MEMBERS = {
    "CreateTable": f"{_TABLE} KeySchema LocalSecondaryIndexes GlobalSecondaryIndexes Tags",
    "UpdateTable": f"{_TABLE} GlobalSecondaryIndexUpdates",
}
_OFF = {
    "StreamSpecification": {"StreamEnabled": False},
    "SSESpecification": {"Enabled": False},
    "TableClass": "STANDARD",
}


def check(operation: str, request: Mapping[str, Any]) -> None:
    """Refuse what would be ignored, or forgotten at a stop."""
    if operation in PARTIQL and not all(
        statement.split(None, 1)[0].upper() == "SELECT" for statement in _STATEMENTS[operation](request)
    ):
        raise unknown(f"dynamodb.{operation} of anything but SELECT")
    allowed = _MEMBERS.get(operation)
    for name, value in request.items():
        if allowed and name not in allowed.split() and _OFF.get(name) != value:
            raise refusal(name)
    if operation == "CreateTable" and request["TableName"].startswith("arn:"):
        raise refusal("a TableName that is an ARN")
