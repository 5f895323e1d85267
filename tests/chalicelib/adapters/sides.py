"""The adapters, on the account in memory or on the local cloud, and what their tests need of both."""

import io
import tarfile
import time
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.executor import AwsExecutor
from chalicelib.adapters.ledger import DynamoLedger
from chalicelib.adapters.sagemaker import SageMakerReader
from chalicelib.adapters.storage import S3Storage
from chalicelib.core.actions import Action
from chalicelib.core.facts import ModelPackage
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import SPEC

STORAGE, SAGEMAKER, LEDGER = S3Storage(STAGE.bucket_name), SageMakerReader(), DynamoLedger(STAGE.table_name)


@dataclass(frozen=True)
class Side:
    """The adapters on one of the two."""

    client: Any  # the factory of clients

    def put(self, key: str, content: bytes) -> str:
        """Store an object and return its version."""
        answer = self.client("s3").put_object(Bucket=STAGE.bucket_name, Key=key, Body=content)
        return str(answer["VersionId"])

    def perform(self, *actions: Action, still: bool = True) -> None:
        """Perform actions for the pipeline."""
        AwsExecutor(STAGE, STORAGE, LEDGER).perform(SPEC.name, actions, lambda: still)


def empty_archive() -> bytes:
    """Give a `model.tar.gz` without files."""
    file = io.BytesIO()
    tarfile.open(fileobj=file, mode="w:gz").close()
    return file.getvalue()


def completed(group: str, run_id: str) -> ModelPackage:
    """Wait until a run's version can be deployed."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        package = next((package for package in SAGEMAKER.packages(group) if package.run_id == run_id), None)
        if package and package.status == "Completed":
            return package
        time.sleep(0.02)
    raise TimeoutError(run_id)
