"""What the services need of the world, as protocols: adapters implement them with boto3, tests with fakes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from chalicelib.core.actions import Plan
from chalicelib.core.facts import Endpoint, EndpointConfig, Job, ModelPackage, Upload
from chalicelib.core.feedback import Label
from chalicelib.core.predictions import Answer, Instance
from chalicelib.core.tokens import Token


class Storage(Protocol):
    """The stage's bucket (keys are the bucket's) and the versions of what people dropped."""

    def find_upload(self, bucket: str, key: str, version_id: str | None) -> Upload | None:
        """Return the facts of an object version (the current one for None); None if it is gone."""

    def read_json(self, key: str) -> Any | None:  # noqa: ANN401 - JSON
        """Return a document; None if there is none."""

    def write_json_once(self, key: str, data: Any) -> None:  # noqa: ANN401 - JSON
        """Store a document unless the key holds one already."""

    def newest_folders(self, prefix: str, file_name: str, limit: int) -> Sequence[str]:
        """Return the names of the folders below a prefix that hold the file, by its time, newest first."""


class SageMaker(Protocol):
    """What SageMaker says now. Each method returns None for what does not exist."""

    def processing_job(self, name: str) -> Job | None:
        """Describe a processing job."""

    def training_job(self, name: str) -> Job | None:
        """Describe a training job."""

    def transform_job(self, name: str) -> Job | None:
        """Describe a transform job."""

    def package_of_run(self, group: str, run_id: str) -> ModelPackage | None:
        """Find the version that a run registered."""

    def newest_approved_package(self, group: str) -> ModelPackage | None:
        """Find the newest approved version."""

    def endpoint(self, name: str) -> Endpoint | None:
        """Describe an endpoint."""

    def endpoint_config(self, name: str) -> EndpointConfig | None:
        """Describe an endpoint config."""


class Executor(Protocol):
    """Performs plans."""

    def perform(self, plan: Plan) -> None:
        """Perform the actions in order; each one that was performed before is met and left as it is."""


class Runtime(Protocol):
    """The models that answer."""

    def invoke(self, endpoint: str, instances: Sequence[Instance], inference_id: str) -> Answer:
        """Return the model's answer, with the name of the variant that gave it.

        Raises
        ------
        UnavailableError
            If no model gave an answer that can be used.
        PayloadTooLargeError
            If the instances are more than SageMaker takes.
        """


class Keys(Protocol):
    """The stage's secret key, with which inference ids are signed."""

    def inference_key(self) -> bytes:
        """Return the key; the first one to ask makes it."""


class Tokens(Protocol):
    """The tokens with which callers write, by their digests."""

    def add(self, token: Token) -> None:
        """Keep a token; one that is there already stays as it is."""

    def find(self, digest: str) -> Token | None:
        """Return the token of a digest."""

    def all(self) -> Sequence[Token]:
        """Return every token."""

    def remove(self, token: Token) -> None:
        """Forget a token."""


class Labels(Protocol):
    """The labels that callers gave, and how many each gave within an hour."""

    def admit(self, caller: str, labels: int, limit: int, hour: datetime) -> bool:
        """Count labels of a caller; False, and none counted, if the hour then had more than the limit."""

    def claim(self, label: Label) -> Label:
        """Keep the label unless its instance has one; return the one that the instance has."""

    def store(self, label: Label) -> None:
        """Write a label's line where ground truth lies, unless it is there."""
