"""Labels: a row of the ledger that claims the instance, and the line of ground truth in S3.

A caller's count is one row, begun anew by the first request of an hour, so that the table does not grow with time. The
rows of labels stay: an id is good for ever, and so must be the memory of its label. The price: some 250 bytes a label.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.calls import translated
from chalicelib.adapters.clients import client
from chalicelib.adapters.ledger import condition_failed
from chalicelib.core.container import JSON_LINES
from chalicelib.core.feedback import Label
from chalicelib.core.places import ground_truth_key

_ROUNDS = 2  # of adding to an hour's count, or beginning it: who loses a beginning to another adds to that


@dataclass(frozen=True)
class StoredLabels:
    """`services.ports.Labels` over the ledger and the stage's bucket."""

    table: str
    bucket: str

    def admit(self, caller: str, labels: int, limit: int, hour: datetime) -> bool:
        """Count labels of a caller; False, and none counted, if the hour then had more than the limit."""
        if labels > limit:
            return False
        values = {":hour": {"S": hour.isoformat()}, ":labels": {"N": str(labels)}}
        room = {":room": {"N": str(limit - labels)}}
        return any(
            self._counted(caller, "ADD labels :labels", "since = :hour AND labels <= :room", values | room)
            or self._counted(
                caller,
                "SET since = :hour, labels = :labels",
                "attribute_not_exists(since) OR since < :hour",
                values,
            )
            for _ in range(_ROUNDS)
        )

    def claim(self, label: Label) -> Label:
        """Keep the label unless its instance has one; return the one that the instance has."""
        row = {
            "pk": {"S": f"label#{label.inference_id}"},
            "sk": {"S": str(label.index)},
            "pipeline": {"S": label.pipeline},
            "value": {"S": label.value},
            "caller": {"S": label.caller},
            "collected": {"S": label.collected.isoformat()},
        }
        with translated("PutItem"):
            try:
                client("dynamodb", hurried=True).put_item(
                    TableName=self.table,
                    Item=row,
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if not condition_failed(error):
                    raise
                return _held(label, error.response["Item"])  # type: ignore[typeddict-item] # what was asked for
        return label

    def store(self, label: Label) -> None:
        """Write a label's line where ground truth lies, unless it is there."""
        with translated("PutObject"):
            try:
                client("s3", hurried=True).put_object(
                    Bucket=self.bucket,
                    Key=ground_truth_key(label.pipeline, label.collected, label.inference_id, label.index),
                    Body=label.to_line(),
                    ContentType=JSON_LINES,
                    IfNoneMatch="*",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "PreconditionFailed":
                    raise

    def _counted(self, caller: str, update: str, condition: str, values: dict[str, Any]) -> bool:
        with translated("UpdateItem"):
            try:
                client("dynamodb", hurried=True).update_item(
                    TableName=self.table,
                    Key={"pk": {"S": "feedback"}, "sk": {"S": caller}},
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                )
            except ClientError as error:
                if not condition_failed(error):
                    raise
                return False
        return True


def _held(label: Label, row: Mapping[str, Any]) -> Label:
    """Return the label that a row holds for the same instance."""
    collected = datetime.fromisoformat(row["collected"]["S"])
    return replace(label, value=row["value"]["S"], caller=row["caller"]["S"], collected=collected)
