"""Progress: what became of what people dropped, told by the same decisions that drive it, and nothing is done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.core import container, places
from chalicelib.core.actions import Plan
from chalicelib.core.decide import decide_batch, decide_dataset, decide_rollout, decide_run
from chalicelib.core.facts import DatasetFacts, Job, Upload
from chalicelib.core.findings import Finding
from chalicelib.services.observer import Observer
from chalicelib.services.ports import Storage

# States in which nothing more will happen by itself.
SETTLED = frozenset({"live", "replaced", "failed", "refused", "scored"})


@dataclass(frozen=True)
class Rejected:
    """Rows of a file, by the name its owner gave it, that were set aside for one reason."""

    file: str
    finding: Finding


@dataclass(frozen=True)
class Story:
    """One dropped file: where it is, why, the jobs so far, and what came out.

    ``rejected`` are the rows that were set aside while the rest went on; ``metrics`` are the held-out ones; ``version``
    is that of the model package.
    """

    pipeline: str
    id: str  # of the dataset version or the batch
    upload: Upload
    state: str
    reason: str
    run_id: str | None = None
    jobs: Mapping[str, Job] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    version: int | None = None
    result_prefix: str | None = None  # of a batch: where its scores lie

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in SETTLED


@dataclass(frozen=True)
class Progress:
    """Reads a stage for people."""

    observer: Observer
    storage: Storage

    def roll_out(self, pipeline: str) -> Plan:
        """Return where a pipeline's endpoint is."""
        return decide_rollout(self.observer.stage, self.observer.rollout(pipeline))

    def runs(self, pipeline: str, limit: int = 20) -> Iterator[Story]:
        """Tell of the newest dataset versions and their runs."""
        bucket = self.observer.stage.bucket
        for dataset_id in self.storage.newest_folders(bucket.datasets(pipeline), places.DATASET_FILE, limit):
            facts = self.observer.dataset(pipeline, dataset_id)
            if facts:
                yield self._run(facts)

    def run_of(self, pipeline: str, upload: Upload) -> Story | None:
        """Tell of the newest dataset version that holds an upload; None if the event has not arrived yet."""
        return next((story for story in self.runs(pipeline) if story.upload.upload_id == upload.upload_id), None)

    def batch_of(self, pipeline: str, upload: Upload) -> Story | None:
        """Tell of an upload's batch; None if the event has not arrived yet."""
        facts = self.observer.batch(pipeline, upload.upload_id)
        if facts is None:
            return None
        plan = decide_batch(self.observer.stage, facts)
        jobs = _jobs(shard=facts.shard, score=facts.score)
        folder = self.observer.stage.bucket.batch(pipeline, facts.batch_id)
        prefix = folder.key(places.SCORED, "")
        return Story(pipeline, facts.batch_id, upload, plan.state, plan.reason, jobs=jobs, result_prefix=prefix)

    def _run(self, facts: DatasetFacts) -> Story:
        stage = self.observer.stage
        plan = decide_dataset(stage, facts, current=facts.spec)
        story = Story(
            facts.pipeline,
            facts.dataset_id,
            facts.uploads[0],
            plan.state,
            plan.reason,
            jobs=_jobs(prepare=facts.prepare),
            rows=facts.summary["rows"] if facts.summary else {},
            rejected=_rejected(facts),
        )
        run_id = self._run_id(facts)
        run = self.observer.run(facts.pipeline, run_id) if run_id else None
        if run is None or run_id is None:
            return story
        plan = decide_run(stage, run)
        version = run.package.version if run.package else None
        if version is not None:
            plan = self._after_registration(facts.pipeline, version)
        return replace(
            story,
            run_id=run_id,
            state=plan.state,
            reason=plan.reason,
            jobs={**story.jobs, **_jobs(train=run.train, score=run.score, evaluate=run.evaluate)},
            metrics=self._metrics(facts.pipeline, run_id),
            version=version,
        )

    def _run_id(self, facts: DatasetFacts) -> str | None:
        """Find the newest run of a dataset version's content, whichever version started it."""
        if facts.summary is None:
            return None
        content, bucket = facts.summary["content_digest"], self.observer.stage.bucket
        for run_id in self.storage.newest_folders(bucket.runs(facts.pipeline), places.RUN_FILE, 100):
            lineage = self.observer.lineage(facts.pipeline, run_id)
            if lineage and lineage.content_digest == content:
                return run_id
        return None

    def _after_registration(self, pipeline: str, version: int) -> Plan:
        facts = self.observer.rollout(pipeline)
        newest = facts.package.version if facts.package else version
        if newest > version:
            return Plan("replaced", f"version {newest} came after version {version}")
        return decide_rollout(self.observer.stage, facts)

    def _metrics(self, pipeline: str, run_id: str) -> Mapping[str, float]:
        folder = self.observer.stage.bucket.run(pipeline, run_id)
        document: Any = self.storage.read_json(folder.key(container.EVALUATION, container.EVALUATION_FILE)) or {}
        return {
            name: metric["value"]
            for group, metrics in document.items()
            if group.endswith("_metrics")
            for name, metric in metrics.items()
            if isinstance(metric.get("value"), float)
        }


def _rejected(facts: DatasetFacts) -> tuple[Rejected, ...]:
    names = {places.raw_name(upload.upload_id, upload.key): upload.key.rsplit("/", 1)[-1] for upload in facts.uploads}
    found = facts.summary.get("rejected", ()) if facts.summary else ()
    return tuple(Rejected(names.get(row["file"], row["file"]), Finding.from_dict(row)) for row in found)


def _jobs(**jobs: Job | None) -> Mapping[str, Job]:
    return {step: job for step, job in jobs.items() if job}
