"""What the services need of the world, as protocols: adapters implement them with boto3, tests with fakes.

Calls that AWS does not carry out raise a `CallError`; those that only read, too.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from chalicelib.core.actions import Action
from chalicelib.core.facts import Alarm, Endpoint, File, Job, ModelPackage, Traffic, Upload, Version
from chalicelib.core.feedback import Label
from chalicelib.core.ledger import BatchEnd, DatasetRow, Decision, Head, RunRow, Transition, UploadVerdict
from chalicelib.core.predictions import Answer, Instance
from chalicelib.core.tokens import Token
from chalicelib.core.traffic import Span
from chalicelib.core.watched import CheckRow

Clock = Callable[[], datetime]  # now, in UTC


class Storage(Protocol):
    """The stage's bucket (keys are the bucket's) and the versions of what people dropped."""

    def find_upload(self, bucket: str, key: str, version_id: str | None) -> Upload | None:
        """Return the facts of an object version (the current one for None); None if it is gone."""

    def versions(self, prefix: str) -> Sequence[Version]:
        """List all object versions below a prefix: by key, each from its newest version to its oldest."""

    def files(self, prefix: str, first: str, end: str) -> Mapping[str, File]:
        """List the files below a prefix, after one key and before another: by key, in their order."""

    def address(self, key: str) -> str | None:
        """Return where a person with rights opens a file with a browser; None if that is not known."""

    def read_json(self, key: str) -> Any | None:  # noqa: ANN401 - JSON
        """Return a document, which is only read; None if there is none."""

    def write_json_once(self, key: str, data: Any) -> None:  # noqa: ANN401 - JSON
        """Store a document unless the key holds one already."""


class SageMaker(Protocol):
    """What SageMaker says now. Each method returns None for what does not exist."""

    def processing_job(self, name: str) -> Job | None:
        """Describe a processing job."""

    def training_job(self, name: str) -> Job | None:
        """Describe a training job."""

    def transform_job(self, name: str) -> Job | None:
        """Describe a transform job."""

    def packages(self, group: str) -> Sequence[ModelPackage]:
        """List the versions that runs of ours registered, newest first; none if there is no group."""

    def endpoint(self, name: str) -> Endpoint | None:
        """Describe an endpoint."""


class Alarms(Protocol):
    """The alarms that watch the pipelines."""

    def states(self, names: Sequence[str]) -> Mapping[str, Alarm]:
        """Return the alarms of these names; one that does not exist is left out."""


class TrafficCounter(Protocol):
    """What endpoints were asked, as it was counted apart from what was captured of it."""

    def count(self, endpoint: str, variant: str, span: Span) -> Traffic | None:
        """Return what was asked of a variant in a span; None if there is no figure of it."""


class Ledger(Protocol):
    """What is wanted and what was decided; every read sees every write before it."""

    def head(self, pipeline: str) -> Head:
        """Return a pipeline's head; that of a pipeline never seen before has the fence 0."""

    def dataset(self, pipeline: str, dataset_id: str) -> DatasetRow | None:
        """Return the row of a dataset version."""

    def run(self, pipeline: str, run_id: str) -> RunRow | None:
        """Return the row of a run."""

    def datasets(self, pipeline: str) -> Sequence[DatasetRow]:
        """Return all dataset versions, the newest first."""

    def check(self, pipeline: str, check_id: str) -> CheckRow | None:
        """Return the row of a drift check."""

    def checks(self, pipeline: str) -> Sequence[CheckRow]:
        """Return all drift checks, the newest first."""

    def decision(self, pipeline: str, fence: int) -> Decision | None:
        """Return the decision that was written under a fence."""

    def decisions(self, pipeline: str, after: int = 0) -> Sequence[Decision]:
        """Return the decisions after a fence, the oldest first."""

    def verdicts(self, pipeline: str) -> Mapping[str, UploadVerdict]:
        """Return what became of uploads, by their ids."""

    def write(self, transition: Transition) -> None:
        """Write the head, rows and decision of a transition at once.

        Raises
        ------
        FenceLostError
            If the fence is no longer the one before the transition's.
        """

    def batches(self, pipeline: str) -> Mapping[str, BatchEnd]:
        """Return how batches ended, by their ids."""

    def end_batch(self, pipeline: str, end: BatchEnd) -> None:
        """Write down how a batch ended; the first word stays."""

    def settle(self, pipeline: str, verdicts: Sequence[UploadVerdict]) -> None:
        """Write verdicts on uploads; one that has a verdict keeps it."""

    def conclude(self, pipeline: str, decision: Decision) -> None:
        """Write down how the actions of a decision ended."""


class Executor(Protocol):
    """Performs actions."""

    def perform(self, pipeline: str, actions: Sequence[Action], still: Callable[[], bool]) -> None:
        """Perform the actions in order; each one that was performed before is met and left as it is.

        ``still`` says whether the plan is still the newest; it is asked before a call that is no creation.

        Raises
        ------
        CallError, GoneError, FenceLostError
            If one of them was not performed; those before it were.
        """


class Bus(Protocol):
    """Where we ask for a look; an event that is lost costs only time, since the sweep looks anyway."""

    def ask_for_look(self, pipeline: str) -> None:
        """Let a handler look at a pipeline at once.

        Raises
        ------
        CallError
            If the event was not taken.
        """


class Runtime(Protocol):
    """The models that answer."""

    def invoke(self, endpoint: str, instances: Sequence[Instance], inference_id: str) -> Answer:
        """Return the model's answer, with the name of the variant that gave it.

        Raises
        ------
        UnansweredError
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
