"""What the commands do with a deployment, as a protocol, and its one implementation: the application's own services.

The commands know only `Connection`, so that their tests need no cloud. Files are put by a client of their own: the
adapters' time-outs suit a Lambda function, not a person's line.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from chalicelib.bootstrap import Services, services_of
from chalicelib.core.facts import Upload
from chalicelib.core.predictions import Instance
from chalicelib.pipelines import DEFAULT
from chalicelib.services.gatekeeper import Gatekeeper
from chalicelib.services.progress import Story
from cli import web
from cli.address import Address
from cli.errors import AnswerError, CloudError
from cli.store import Store

OnBytes = Callable[[int], None]


@dataclass(frozen=True)
class Live:
    """Where a pipeline's endpoint is: the state and reason of its roll-out, and which version answers now."""

    pipeline: str
    endpoint: str
    status: str  # of the endpoint, as AWS spells it; "none" before there is one
    state: str
    reason: str
    version: int | None


class Connection(Protocol):
    """One deployment."""

    @property
    def address(self) -> Address:
        """Where it is."""

    @property
    def gatekeeper(self) -> Gatekeeper:
        """Who may write."""

    def put(self, path: Path, key: str, on_bytes: OnBytes) -> Upload:
        """Put a file into the bucket, telling of the bytes as they go."""

    def fetch(self, prefix: str, target: Path) -> int:
        """Write the files below a prefix, one after the other, to one file; return the number of lines."""

    def run_of(self, pipeline: str, upload: Upload) -> Story | None:
        """Tell what became of a labelled file."""

    def batch_of(self, pipeline: str, upload: Upload) -> Story | None:
        """Tell what became of a file to score."""

    def runs(self, pipeline: str, limit: int) -> Iterator[Story]:
        """Tell of the newest runs."""

    def live(self, pipeline: str) -> Live:
        """Tell which model answers."""

    def predict(self, pipeline: str, instance: Instance) -> Mapping[str, Any]:
        """Ask the HTTP route about one instance, by its columns."""

    def dead_letters(self) -> int | None:
        """Count the events that no handler took; None where that is not known."""


@dataclass(frozen=True)
class ServiceConnection:
    """`Connection` over the application's services, S3 and HTTP."""

    address: Address
    services: Services
    store: Store

    @property
    def gatekeeper(self) -> Gatekeeper:
        """Who may write."""
        return self.services.gatekeeper

    def put(self, path: Path, key: str, on_bytes: OnBytes) -> Upload:
        """Put a file into the bucket, telling of the bytes as they go.

        Raises
        ------
        CloudError
            If the file is gone again at once.
        """
        bucket = self.address.stage.bucket_name
        version_id = self.store.put(path, bucket, key, on_bytes)
        upload = self.services.progress.storage.find_upload(bucket, key, version_id)
        if upload is None:
            raise CloudError(f"s3://{bucket}/{key} was put and is gone: was it deleted meanwhile?")
        return upload

    def fetch(self, prefix: str, target: Path) -> int:
        """Write the files below a prefix, one after the other, to one file; return the number of lines."""
        return self.store.fetch(self.address.stage.bucket_name, prefix, target)

    def run_of(self, pipeline: str, upload: Upload) -> Story | None:
        """Tell what became of a labelled file."""
        return self.services.progress.run_of(pipeline, upload)

    def batch_of(self, pipeline: str, upload: Upload) -> Story | None:
        """Tell what became of a file to score."""
        return self.services.progress.batch_of(pipeline, upload)

    def runs(self, pipeline: str, limit: int) -> Iterator[Story]:
        """Tell of the newest runs."""
        return self.services.progress.runs(pipeline, limit)

    def live(self, pipeline: str) -> Live:
        """Tell which model answers."""
        plan = self.services.progress.roll_out(pipeline)
        endpoint = self.services.predictor.endpoints()[pipeline]
        name = self.address.stage.names.endpoint(pipeline)
        status = endpoint.status if endpoint else "none"
        return Live(pipeline, name, status, plan.state, plan.reason, self._version(pipeline))

    def predict(self, pipeline: str, instance: Instance) -> Mapping[str, Any]:
        """Ask the HTTP route about one instance, by its columns.

        Raises
        ------
        AnswerError
            If it answers with an error, not at all, or not with a prediction.
        """
        url = predict_url(self.address, pipeline)
        answer = web.post_json(url, instance)
        if not isinstance(answer, dict) or not answer.get("predictions"):
            raise AnswerError(f"{url} answered without a prediction: is this the application?")
        return answer

    def dead_letters(self) -> int | None:
        """Count the events that no handler took; None where that is not known."""
        local = self.address.local
        letters = web.probe(local.dead_letters_url) if local else None
        return len(letters) if isinstance(letters, list) else None

    def _version(self, pipeline: str) -> int | None:
        """Find the version whose model the endpoint runs, by the run that its name holds."""
        observer, names = self.services.progress.observer, self.address.stage.names
        model = observer.champion(pipeline)
        if model is None:
            return None
        run_id = model.removeprefix(names.model(pipeline, ""))
        package = observer.sagemaker.package_of_run(names.model_package_group(pipeline), run_id)
        return package.version if package else None


def predict_url(address: Address, pipeline: str) -> str:
    """Return where a pipeline's predictions are asked for."""
    return address.api_url + ("predict" if pipeline == DEFAULT else f"pipelines/{pipeline}/predict")


def connect(address: Address) -> ServiceConnection:
    """Connect to a deployment; boto3 was led there by `cli.address.resolve`."""
    return ServiceConnection(address, services_of(address.stage), Store())
