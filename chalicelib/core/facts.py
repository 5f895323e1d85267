"""What was observed, as frozen values: the only input of the decisions.

None always means "does not exist (yet)"; a fact that could not be read is an exception, never None.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.core.spec import PipelineSpec

FINISHED = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True)
class Upload:
    """One version of one object that a person dropped."""

    upload_id: str
    bucket: str
    key: str
    version_id: str | None
    size: int  # bytes


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


@dataclass(frozen=True)
class DatasetFacts:
    """A dataset version: what it was made of, and how far its preparation is.

    ``refused`` says why nothing was prepared. ``summary`` is what the prepare job wrote. ``run`` is the run of this
    content and the current recipe, if it was started before, perhaps by another dataset version.
    """

    pipeline: str
    dataset_id: str
    spec: PipelineSpec
    image_uri: str
    uploads: tuple[Upload, ...]
    refused: str | None = None
    prepare: Job | None = None
    summary: Mapping[str, Any] | None = None
    run: "Lineage | None" = None


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
class ModelPackage:
    """A version of the pipeline's model package group."""

    arn: str
    version: int
    status: str  # Pending, InProgress, Completed, Failed: only a Completed one can be deployed
    approval: str  # Approved, Rejected, PendingManualApproval
    run_id: str


@dataclass(frozen=True)
class RunFacts:
    """One run: the jobs it has started, in order, and the package it ended in."""

    lineage: Lineage
    spec: PipelineSpec
    train: Job | None = None
    score: Job | None = None
    evaluate: Job | None = None
    package: ModelPackage | None = None


@dataclass(frozen=True)
class EndpointConfig:
    """An endpoint config, and the model its variant runs."""

    name: str
    created: datetime
    model_name: str


@dataclass(frozen=True)
class Endpoint:
    """The pipeline's endpoint: status as in the API (``InService``), the config it runs, when it last changed."""

    name: str
    status: str
    config_name: str
    changed: datetime
    reason: str | None = None


@dataclass(frozen=True)
class RolloutFacts:
    """What should answer (the newest approved package) and what does."""

    pipeline: str
    spec: PipelineSpec
    package: ModelPackage | None
    endpoint: Endpoint | None
    config: EndpointConfig | None  # the one for `package`, if it was made already


@dataclass(frozen=True)
class BatchFacts:
    """One file to score: the model chosen when it came, and its two jobs."""

    pipeline: str
    batch_id: str
    spec: PipelineSpec
    image_uri: str
    upload: Upload
    model_name: str | None
    refused: str | None = None
    shard: Job | None = None
    score: Job | None = None
