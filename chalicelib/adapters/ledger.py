"""The ledger in DynamoDB: one table, the partition ``pipeline#<name>``, one item for each row.

Sort keys: ``HEAD``, ``DATASET#<id>``, ``RUN#<id>``, ``UPLOAD#<id>``, ``BATCH#<id>``, ``CHECK#<id>`` and
``DECISION#<fence>``. A row is the attribute ``data``, JSON that people can read in the console; the head's ``fence`` is
a number besides, since the condition of every transition is on it. All reads are consistent. The price of reading rows
by their kind: a page of 1 MB for every few thousand rows, each time.

Drift checks, and decisions to check and to tell, come by themselves for ever: their items have a number ``expires``
besides (epoch seconds), `KEPT` after they began, and DynamoDB deletes them within days of it. Everything else stays.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.calls import translated
from chalicelib.adapters.clients import client
from chalicelib.core.errors import FenceLostError, UnavailableError
from chalicelib.core.ledger import BatchEnd, DatasetRow, Decision, Head, Row, RunRow, Transition, UploadVerdict
from chalicelib.core.watched import CheckRow

KEPT = timedelta(days=90)
_PASSING = {"watching", "telling"}  # areas of decisions

_Item = dict[str, dict[str, str]]
_ABSENT = "attribute_not_exists(pk)"
_LOST = "ConditionalCheckFailed"


@dataclass(frozen=True)
class DynamoLedger:
    """`services.ports.Ledger` over one table."""

    table: str

    def head(self, pipeline: str) -> Head:
        """Return a pipeline's head; that of a pipeline never seen before has the fence 0."""
        data = self._get(pipeline, "HEAD")
        return Head.from_dict(data) if data else Head(pipeline)

    def dataset(self, pipeline: str, dataset_id: str) -> DatasetRow | None:
        """Return the row of a dataset version."""
        data = self._get(pipeline, f"DATASET#{dataset_id}")
        return DatasetRow(**data) if data else None

    def run(self, pipeline: str, run_id: str) -> RunRow | None:
        """Return the row of a run."""
        data = self._get(pipeline, f"RUN#{run_id}")
        return RunRow.from_dict(data) if data else None

    def datasets(self, pipeline: str) -> Sequence[DatasetRow]:
        """Return all dataset versions, the newest first."""
        rows = [DatasetRow(**data) for data in self._query(pipeline, "DATASET#")]
        return sorted(rows, key=lambda row: row.started, reverse=True)

    def check(self, pipeline: str, check_id: str) -> CheckRow | None:
        """Return the row of a drift check."""
        data = self._get(pipeline, f"CHECK#{check_id}")
        return CheckRow(**data) if data else None

    def checks(self, pipeline: str) -> Sequence[CheckRow]:
        """Return all drift checks, the newest first."""
        rows = [CheckRow(**data) for data in self._query(pipeline, "CHECK#")]
        return sorted(rows, key=lambda row: row.started, reverse=True)

    def decision(self, pipeline: str, fence: int) -> Decision | None:
        """Return the decision that was written under a fence."""
        data = self._get(pipeline, _decision_key(fence))
        return Decision.from_dict(data) if data else None

    def decisions(self, pipeline: str, after: int = 0) -> Sequence[Decision]:
        """Return the decisions after a fence, the oldest first."""
        found = self._query(pipeline, "DECISION#", _decision_key(after + 1))
        return [Decision.from_dict(data) for data in found]

    def verdicts(self, pipeline: str) -> Mapping[str, UploadVerdict]:
        """Return what became of uploads, by their ids."""
        return {data["upload_id"]: UploadVerdict(**data) for data in self._query(pipeline, "UPLOAD#")}

    def batches(self, pipeline: str) -> Mapping[str, BatchEnd]:
        """Return how batches ended, by their ids."""
        return {data["batch_id"]: BatchEnd(**data) for data in self._query(pipeline, "BATCH#")}

    def write(self, transition: Transition) -> None:
        """Write the head, rows and decision of a transition at once.

        Raises
        ------
        FenceLostError
            If the fence is no longer the one before the transition's.
        """
        head = transition.head
        before = head.fence - 1
        expected = {":before": {"N": str(before)}}
        condition = "fence = :before" if before else _ABSENT
        item = {**_item(head.pipeline, "HEAD", head.to_dict()), "fence": {"N": str(head.fence)}}
        put_head = {"TableName": self.table, "Item": item, "ConditionExpression": condition}
        if before:
            put_head["ExpressionAttributeValues"] = expected
        rows = (*transition.rows, transition.decision)
        puts = [{"Put": {"TableName": self.table, "Item": _row_item(head.pipeline, row)}} for row in rows]
        try:
            with translated("TransactWriteItems"):
                self._transact([{"Put": put_head}, *puts])
        except _LostError as error:
            raise FenceLostError(f"the fence of {head.pipeline} is no longer {before}") from error

    def settle(self, pipeline: str, verdicts: Sequence[UploadVerdict]) -> None:
        """Write verdicts on uploads; one that has a verdict keeps it."""
        for verdict in verdicts:
            put_once(self.table, _item(pipeline, f"UPLOAD#{verdict.upload_id}", asdict(verdict)))

    def end_batch(self, pipeline: str, end: BatchEnd) -> None:
        """Write down how a batch ended; the first word stays."""
        put_once(self.table, _item(pipeline, f"BATCH#{end.batch_id}", asdict(end)))

    def conclude(self, pipeline: str, decision: Decision) -> None:
        """Write down how the actions of a decision ended."""
        with translated("PutItem"):
            client("dynamodb").put_item(TableName=self.table, Item=_row_item(pipeline, decision))

    def _transact(self, items: list[dict[str, Any]]) -> None:
        try:
            client("dynamodb").transact_write_items(TransactItems=items)
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
            if _LOST in codes:
                raise _LostError from error
            # A conflict with another transaction, or throttling: nothing was written.
            raise UnavailableError(f"TransactWriteItems was cancelled: {', '.join(sorted(map(str, codes)))}") from error

    def _get(self, pipeline: str, key: str) -> Any | None:  # noqa: ANN401 - JSON
        with translated("GetItem"):
            answer = client("dynamodb").get_item(
                TableName=self.table,
                Key={"pk": {"S": _partition(pipeline)}, "sk": {"S": key}},
                ConsistentRead=True,
            )
        return json.loads(answer["Item"]["data"]["S"]) if "Item" in answer else None

    def _query(self, pipeline: str, prefix: str, first: str = "") -> Iterator[Any]:
        last = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        pages = (
            client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.table,
                ConsistentRead=True,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ExpressionAttributeValues={
                    ":pk": {"S": _partition(pipeline)},
                    ":first": {"S": first or prefix},
                    ":last": {"S": last},
                },
            )
        )
        with translated("Query"):
            for page in pages:
                for item in page["Items"]:
                    yield json.loads(item["data"]["S"])


class _LostError(Exception):
    """A transaction's condition did not hold."""


def put_once(table: str, item: Mapping[str, Any], *, hurried: bool = False) -> bool:
    """Put an item unless its key has one; say whether it was put."""
    with translated("PutItem"):
        try:
            client("dynamodb", hurried=hurried).put_item(TableName=table, Item=item, ConditionExpression=_ABSENT)
        except ClientError as error:
            if not condition_failed(error):
                raise
            return False
    return True


def condition_failed(error: ClientError) -> bool:
    """Say whether an answer of DynamoDB means that a condition did not hold."""
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"


def _partition(pipeline: str) -> str:
    return f"pipeline#{pipeline}"


def _item(pipeline: str, key: str, data: Mapping[str, Any]) -> _Item:
    return {"pk": {"S": _partition(pipeline)}, "sk": {"S": key}, "data": {"S": json.dumps(data, sort_keys=True)}}


def _row_item(pipeline: str, row: Row | Decision) -> _Item:
    item = _item(pipeline, _sort_key(row), asdict(row))
    match row:
        case CheckRow():
            began = row.started
        case Decision() if row.area in _PASSING:
            began = row.at
        case _:
            return item
    expires = datetime.fromisoformat(began) + KEPT
    return {**item, "expires": {"N": str(int(expires.timestamp()))}}


def _sort_key(row: Row | Decision) -> str:
    match row:
        case DatasetRow():
            return f"DATASET#{row.dataset_id}"
        case RunRow():
            return f"RUN#{row.run_id}"
        case CheckRow():
            return f"CHECK#{row.check_id}"
        case Decision():
            return _decision_key(row.fence)


def _decision_key(fence: int) -> str:
    return f"DECISION#{fence:012d}"
