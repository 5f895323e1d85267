"""Takes a stage down: its stack, and what was made at run time, outside the stack, and costs money while it stands.

``python -m infra.teardown --stage dev [--yes] [--data]`` lists what it found, asks, and removes it. First running jobs
and endpoints, since they are billed by the second; then the stack, after which no handler can make a new one; then what
a handler made meanwhile; then endpoint configs, models and packages. The bucket and the ledger outlive the stack (they
hold people's data) unless ``--data`` is given. Only names that start exactly ``freshet-<stage>-`` are touched. The
image's repository and SageMaker's shared log groups stay.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from chalicelib.core.names import Names
from infra.errors import InfraError, TeardownError
from infra.inventory import BILLED, RECORDS, clear, find
from infra.resources import physical_names, read_template, stages

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Clients:
    """The services that hold a stage's parts (boto3 clients)."""

    sagemaker: Any
    cloudformation: Any
    s3: Any
    dynamodb: Any


@dataclass(frozen=True)
class Target:
    """What is to go: a stage's prefix and stack, and its bucket and table by name if the data goes too."""

    prefix: str
    stack: str
    bucket: str | None
    table: str | None


def survey(clients: Clients, target: Target) -> list[str]:
    """Return one line for each thing that `tear_down` would remove, in that order."""
    kinds = (*BILLED, *RECORDS)
    lines = [f"{kind.title} {name}" for kind in kinds for name in find(clients.sagemaker, kind, target.prefix)]
    if _stack_exists(clients.cloudformation, target.stack):
        lines.append(f"stack {target.stack}")
    if target.bucket is not None and _exists(lambda: clients.s3.head_bucket(Bucket=target.bucket), "404"):
        lines.append(f"bucket {target.bucket} with every version of every file")
    if target.table is not None and _exists(
        lambda: clients.dynamodb.describe_table(TableName=target.table), "ResourceNotFoundException"
    ):
        lines.append(f"table {target.table} with every entry")
    return lines


def tear_down(clients: Clients, target: Target, *, tell: Tell, sleep: Callable[[float], None]) -> None:
    """Remove everything that `survey` finds.

    Raises
    ------
    TeardownError
        If something does not go; what costs money has been tried first.
    """
    for kind in BILLED:
        clear(clients.sagemaker, kind, target.prefix, tell=tell, sleep=sleep)
    _delete_stack(clients.cloudformation, target.stack, tell)
    for kind in (*BILLED, *RECORDS):
        clear(clients.sagemaker, kind, target.prefix, tell=tell, sleep=sleep)
    if target.bucket is not None:
        _delete_bucket(clients.s3, target.bucket, tell)
    if target.table is not None:
        _delete_table(clients.dynamodb, target.table, tell)


def _exists(look: Callable[[], object], *absent: str) -> bool:
    try:
        look()
    except ClientError as error:
        if error.response["Error"]["Code"] in absent:
            return False
        raise
    return True


def _stack_exists(cloudformation: Any, stack: str) -> bool:  # noqa: ANN401 - a boto3 client
    return _exists(lambda: cloudformation.describe_stacks(StackName=stack), "ValidationError")


def _delete_stack(cloudformation: Any, stack: str, tell: Tell) -> None:  # noqa: ANN401 - a boto3 client
    if not _stack_exists(cloudformation, stack):
        return
    tell(f"delete stack: {stack}")
    cloudformation.delete_stack(StackName=stack)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)
    except WaiterError as error:
        raise TeardownError(f"stack {stack} was not deleted: {error}") from error


def _delete_bucket(s3: Any, bucket: str, tell: Tell) -> None:  # noqa: ANN401 - a boto3 client
    if not _exists(lambda: s3.head_bucket(Bucket=bucket), "404"):
        return
    tell(f"delete bucket: {bucket}")
    while objects := _versions(s3, bucket):  # each round empties a first page, or raises
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if errors := answer.get("Errors"):
            raise TeardownError(f"bucket {bucket}: {len(errors)} versions stay, the first: {errors[0]['Message']}")
    s3.delete_bucket(Bucket=bucket)


def _versions(s3: Any, bucket: str) -> list[dict[str, str]]:  # noqa: ANN401 - a boto3 client
    page = s3.list_object_versions(Bucket=bucket)
    found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]


def _delete_table(dynamodb: Any, table: str, tell: Tell) -> None:  # noqa: ANN401 - a boto3 client
    if not _exists(lambda: dynamodb.describe_table(TableName=table), "ResourceNotFoundException"):
        return
    tell(f"delete table: {table}")
    dynamodb.delete_table(TableName=table)
    dynamodb.get_waiter("table_not_exists").wait(TableName=table)


def run(
    clients: Clients, target: Target, *, ask: Callable[[], bool], tell: Tell, sleep: Callable[[float], None]
) -> bool:
    """Say what there is, ask, remove it; return whether nothing is left."""
    found = survey(clients, target)
    if not found:
        tell(f"nothing found: no stack {target.stack}, nothing named {target.prefix}*")
        return True
    tell("to be removed:")
    for line in found:
        tell(f"  {line}")
    if not ask():
        tell("nothing was removed")
        return False
    tear_down(clients, target, tell=tell, sleep=sleep)
    tell("done" if target.bucket else "done; the bucket and the ledger stay and are billed for what they hold (--data)")
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Take a stage down; return 0 if it is gone, 1 if the answer was no, 2 if something failed."""
    template = read_template()
    parser = argparse.ArgumentParser(prog="python -m infra.teardown", description="Remove a stage from AWS.")
    parser.add_argument("--stage", choices=stages(template), required=True)
    parser.add_argument("--stack", help="the stack's name (default: freshet-STAGE)")
    parser.add_argument("--data", action="store_true", help="also the bucket, with all versions, and the ledger")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(arguments)
    prefix = Names(options.stage).prefix
    try:
        session = boto3.Session()
        clients = Clients(*(session.client(name) for name in ("sagemaker", "cloudformation", "s3", "dynamodb")))
        account = session.client("sts").get_caller_identity()["Account"]
        region = clients.sagemaker.meta.region_name
        names = physical_names(template, stage=options.stage, account=account, region=region)
        target = Target(
            prefix,
            options.stack or prefix.rstrip("-"),
            names["Bucket"] if options.data else None,
            names["Ledger"] if options.data else None,
        )
        _tell(f"account {account}, region {region}, stage {options.stage}")
        gone = run(clients, target, ask=lambda: options.yes or _confirmed(options.stage), tell=_tell, sleep=time.sleep)
    except (InfraError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0 if gone else 1


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _confirmed(stage: str) -> bool:
    try:
        return input(f"Type the stage's name, {stage}, to go on: ").strip() == stage
    except EOFError:
        return False


if __name__ == "__main__":
    sys.exit(main())
