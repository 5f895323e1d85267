"""What the commands do with a deployment, as a protocol, and its one implementation: the application's own services.

The commands know only `Connection`, so that their tests need no cloud. Files are put by a client of their own: the
adapters' time-outs suit a Lambda function, not a person's line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from chalicelib.bootstrap import Services, services_of
from chalicelib.core.facts import Upload
from chalicelib.core.predictions import Instance
from chalicelib.pipelines import DEFAULT
from chalicelib.services.gatekeeper import Gatekeeper
from chalicelib.services.pipelines import Plans
from chalicelib.services.standings import Standing
from chalicelib.services.stories import Explanation, Story
from cli import web
from cli.address import Address
from cli.errors import AnswerError, CloudError
from cli.store import Store

_CAUSE = "a person asked for it with `freshet {}`"
OnBytes = Callable[[int], None]


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

    def runs(self, pipeline: str, limit: int) -> Sequence[Story]:
        """Tell of the newest runs."""

    def explain(self, pipeline: str, wanted_id: str) -> Explanation | None:
        """Tell all of a run, by its id or that of its dataset version."""

    def standing(self, pipeline: str) -> Standing:
        """Say where a pipeline stands."""

    def plan(self, pipeline: str) -> Plans:
        """Say what would come next in each area."""

    def retrain(self, pipeline: str, *, forced: bool) -> str:
        """Wish for a run; return the id of the wish that is kept."""

    def ask_for_check(self, pipeline: str, hours: float) -> str:
        """Wish for a drift check; return the id of the wish that is kept."""

    def checked(self, pipeline: str, ask_id: str) -> Story | None:
        """Tell what came of a wish for a drift check."""

    def wished(self, pipeline: str, wish_id: str) -> Story | None:
        """Tell what came of a wish for a run."""

    def roll_back(self, pipeline: str, to: int | None) -> int:
        """Go back to a version; return which one is wanted from now on."""

    def version_of(self, pipeline: str, version: int) -> Story:
        """Tell of a version's way to the endpoint."""

    def judge(self, pipeline: str, version: int, *, approved: bool) -> None:
        """Approve or reject a version."""

    def ask_for_look(self, pipeline: str) -> None:
        """Let the application look at a pipeline at once."""

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
        upload = self.services.stories.storage.find_upload(bucket, key, version_id)
        if upload is None:
            raise CloudError(f"s3://{bucket}/{key} was put and is gone: was it deleted meanwhile?")
        return upload

    def fetch(self, prefix: str, target: Path) -> int:
        """Write the files below a prefix, one after the other, to one file; return the number of lines."""
        return self.store.fetch(self.address.stage.bucket_name, prefix, target)

    def run_of(self, pipeline: str, upload: Upload) -> Story | None:
        """Tell what became of a labelled file; None before a look that finds no active run."""
        told = self.services.stories.run_of(pipeline, upload)
        if told is None and self.services.pipelines.ledger.head(pipeline).dataset_id:
            reason = "a run is active: the next one takes this file up"
            return Story(pipeline, upload.upload_id, (upload.key,), "waiting", reason)
        return told

    def batch_of(self, pipeline: str, upload: Upload) -> Story | None:
        """Tell what became of a file to score."""
        return self.services.stories.batch_of(pipeline, upload)

    def runs(self, pipeline: str, limit: int) -> Sequence[Story]:
        """Tell of the newest runs."""
        return self.services.stories.runs(pipeline, limit)

    def explain(self, pipeline: str, wanted_id: str) -> Explanation | None:
        """Tell all of a run, by its id or that of its dataset version."""
        return self.services.stories.explain(pipeline, wanted_id)

    def standing(self, pipeline: str) -> Standing:
        """Say where a pipeline stands."""
        return self.services.standings.of(pipeline)

    def plan(self, pipeline: str) -> Plans:
        """Say what would come next in each area."""
        return self.services.pipelines.plan(pipeline)

    def retrain(self, pipeline: str, *, forced: bool) -> str:
        """Wish for a run; return the id of the wish that is kept: one that waited already, or this one."""
        return self.services.wishes.retrain(pipeline, str(uuid4()), _CAUSE.format("retrain"), forced=forced).id

    def ask_for_check(self, pipeline: str, hours: float) -> str:
        """Wish for a drift check; return the id of the wish that is kept: one that waited already, or this one."""
        return self.services.wishes.check(pipeline, str(uuid4()), _CAUSE.format("drift"), hours).id

    def checked(self, pipeline: str, ask_id: str) -> Story | None:
        """Tell what came of a wish for a drift check."""
        return self.services.checks.asked(pipeline, ask_id)

    def wished(self, pipeline: str, wish_id: str) -> Story | None:
        """Tell what came of a wish for a run."""
        return self.services.stories.wished(pipeline, wish_id)

    def roll_back(self, pipeline: str, to: int | None) -> int:
        """Go back to a version; return which one is wanted from now on."""
        return self.services.wishes.roll_back(pipeline, _CAUSE.format("rollback"), to=to)

    def version_of(self, pipeline: str, version: int) -> Story:
        """Tell of a version's way to the endpoint."""
        return self.services.stories.version_of(pipeline, version)

    def judge(self, pipeline: str, version: int, *, approved: bool) -> None:
        """Approve or reject a version."""
        cause = _CAUSE.format("approve" if approved else "reject")
        self.services.wishes.judge(pipeline, version, cause, approved=approved)

    def ask_for_look(self, pipeline: str) -> None:
        """Let the application look at a pipeline at once."""
        self.services.bus.ask_for_look(pipeline)

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


def predict_url(address: Address, pipeline: str) -> str:
    """Return where a pipeline's predictions are asked for."""
    return address.api_url + ("predict" if pipeline == DEFAULT else f"pipelines/{pipeline}/predict")


def connect(address: Address) -> ServiceConnection:
    """Connect to a deployment; boto3 was led there by `cli.address.resolve`."""
    return ServiceConnection(address, services_of(address.stage), Store())
