"""What was observed, as frozen values: the only input of the decisions.

None always means "does not exist (yet)"; a fact that could not be read is an exception, never None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.core.ledger import DatasetRow, Decision, Head, Reference, RunRow, UploadVerdict
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.watched import CheckRow

FINISHED = frozenset({"Completed", "Failed", "Stopped"})
Jobs = tuple["Job", ...]  # the attempts at one step, in order


@dataclass(frozen=True)
class Upload:
    """One version of one object that a person dropped."""

    upload_id: str
    bucket: str
    key: str
    version_id: str | None
    size: int  # bytes


@dataclass(frozen=True)
class Version:
    """A listed version of a dropped object; S3 lists the versions of one key from the newest to the oldest.

    ``deleted`` says that its owner deleted the key after it: a delete marker is newer.
    """

    upload: Upload
    modified: datetime
    deleted: bool = False


@dataclass(frozen=True)
class LeftOut:
    """An upload that a dataset version does without, and why; ``by`` is the upload in it that takes its place."""

    upload_id: str
    key: str
    reason: str
    by: str | None = None


@dataclass(frozen=True)
class Job:
    """A SageMaker job: its status, why it failed, and when its container started and ended (UTC).

    ``message`` is what the container itself said of a failure that it foresaw; after a crash there is none.
    """

    name: str
    status: str  # InProgress, Completed, Failed, Stopping, Stopped
    reason: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    artifact_uri: str | None = None  # of a training job that completed
    message: str | None = None


def completed(jobs: Jobs) -> bool:
    """Whether the last attempt at a step has completed."""
    return bool(jobs) and jobs[-1].status == "Completed"


@dataclass(frozen=True)
class Lineage:
    """What made a run: written once when it starts, and carried by its model package."""

    pipeline: str
    run_id: str
    dataset_id: str
    content_digest: str
    recipe: str
    image_uri: str


@dataclass(frozen=True)
class DatasetFacts:
    """A dataset version: what it is made of and does without, and how far its preparation is.

    ``summary`` is what the prepare job wrote. ``own_run`` is the run that its content and the current recipe name, if
    there is one already: another dataset version started it. ``run`` is the one that the wish names besides.
    ``labels`` says how many files of labels that came later it may learn from.
    """

    row: DatasetRow
    spec: PipelineSpec
    image_uri: str
    uploads: tuple[Upload, ...]
    left_out: tuple[LeftOut, ...] = ()
    labels: int = 0
    prepare: Jobs = ()
    summary: Mapping[str, Any] | None = None
    own_run: RunRow | None = None
    run: RunRow | None = None


@dataclass(frozen=True)
class ModelPackage:
    """A version of the pipeline's model package group, and the run of ours that registered it."""

    arn: str
    version: int
    status: str  # Pending, InProgress, Completed, Failed: only a Completed one can be deployed
    approval: str  # Approved, Rejected, PendingManualApproval
    run_id: str


@dataclass(frozen=True)
class Rival:
    """A version that the challenger is compared with: its dataset version, its package, and its scores so far."""

    reference: Reference
    dataset_id: str
    package: ModelPackage
    score: Jobs = ()


@dataclass(frozen=True)
class RunFacts:
    """One run: the attempts at each step, and the package it ended in.

    ``champion`` and ``anchor`` are those of its row, where they are still there to be asked.
    """

    row: RunRow
    lineage: Lineage
    spec: PipelineSpec
    train: Jobs = ()
    score: Jobs = ()
    evaluate: Jobs = ()
    evaluation: Mapping[str, Any] | None = None
    baseline: Jobs = ()
    package: ModelPackage | None = None
    champion: Rival | None = None
    anchor: Rival | None = None


@dataclass(frozen=True)
class Endpoint:
    """The pipeline's endpoint: status as in the API (``InService``), the config it runs, when it last changed.

    ``capture_percent`` is how many requests of a hundred it captures, which is not always what the spec says now: that
    holds from the next version on.
    """

    name: str
    status: str
    config_name: str
    changed: datetime
    reason: str | None = None
    capture_percent: int | None = None


@dataclass(frozen=True)
class Traffic:
    """How often a variant was invoked in a while, whichever version answered, and how often without success."""

    invocations: int
    failed: int = 0


@dataclass(frozen=True)
class Alarm:
    """A CloudWatch alarm: its state (``OK``, ``ALARM``, ``INSUFFICIENT_DATA``) since ``changed`` (UTC), and why."""

    name: str
    state: str
    changed: datetime
    reason: str


@dataclass(frozen=True)
class File:
    """A listed file: its ETag, which is another for another content, and its size in bytes."""

    etag: str
    size: int


@dataclass(frozen=True)
class LabelFiles:
    """The labels that came later, and the files of captured requests that they may belong to: keys of the bucket.

    ``least`` tells of each file how many labels it holds at least. ``digest`` is that of the labels' keys and contents,
    not of what was captured: that alone is nothing to learn from.
    """

    labels: tuple[str, ...] = ()
    captured: tuple[str, ...] = ()
    digest: str = ""
    least: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckFacts:
    """A drift check: how many captured files and files of labels its window has (None: not listed yet), and its job.

    ``baseline`` says that the version has one, ``model_uri`` where its model lies; ``published`` that its metrics are
    known to be in CloudWatch.
    """

    row: CheckRow
    spec: PipelineSpec
    image_uri: str
    baseline: bool
    model_uri: str | None = None
    captured: int | None = None
    labels: int | None = None
    monitor: Jobs = ()
    verdict: Mapping[str, Any] | None = None
    published: bool = False


@dataclass(frozen=True)
class PipelineFacts:
    """Everything that decides what happens next with a pipeline.

    ``next_row`` is the row of the dataset version that would be made now, if there was one before. ``wanted`` is the
    package that should answer; ``update_taken`` says that AWS is known to have taken the head's update. ``labels`` are
    there only where a dataset version may begin or an alarm rings, ``learned`` are those of their files, ever, that the
    wanted version knows; ``alarms`` are there only while nothing is learned. ``untold`` are the decisions that people
    were not told of. ``traffic`` is that of the window of a check that begins now.
    """

    spec: PipelineSpec
    head: Head
    versions: tuple[Version, ...] = ()
    verdicts: Mapping[str, UploadVerdict] = field(default_factory=dict)
    next_row: DatasetRow | None = None
    dataset: DatasetFacts | None = None
    run: RunFacts | None = None
    packages: tuple[ModelPackage, ...] = ()
    wanted: ModelPackage | None = None
    endpoint: Endpoint | None = None
    update_taken: bool = False
    labels: LabelFiles = LabelFiles()
    learned: frozenset[str] = frozenset()
    check: CheckFacts | None = None
    traffic: Traffic | None = None
    alarms: tuple[Alarm, ...] = ()
    untold: tuple[Decision, ...] = ()

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        return self.spec.name

    @property
    def ringing(self) -> tuple[Alarm, ...]:
        """The alarms that ring."""
        return tuple(alarm for alarm in self.alarms if alarm.state == "ALARM")


@dataclass(frozen=True)
class BatchFacts:
    """One file to score: the model chosen when it came, and the attempts at its two jobs."""

    pipeline: str
    batch_id: str
    spec: PipelineSpec
    image_uri: str
    upload: Upload
    model_name: str | None
    refused: str | None = None
    shard: Jobs = ()
    score: Jobs = ()
