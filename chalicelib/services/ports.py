"""What the services need of the world, as protocols: adapters implement them with boto3, tests with fakes."""

from collections.abc import Sequence
from typing import Any, Protocol

from chalicelib.core.actions import Plan
from chalicelib.core.facts import Endpoint, EndpointConfig, Job, ModelPackage, Upload
from chalicelib.core.predictions import Instance


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

    def invoke(self, endpoint: str, instances: Sequence[Instance], inference_id: str) -> tuple[dict[str, Any], str]:
        """Return the model's answer and the name of the variant that gave it.

        Raises
        ------
        NotReadyError
            If no model answered.
        """
