"""What became of what people dropped, told from the ledger and SageMaker, and nothing is done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.core import container, places
from chalicelib.core.decide import decide
from chalicelib.core.decide_batch import decide_batch
from chalicelib.core.facts import DatasetFacts, Job, Jobs, PipelineFacts, RunFacts, Upload
from chalicelib.core.findings import Finding
from chalicelib.core.ledger import DatasetRow, Decision, RunRow, UploadVerdict
from chalicelib.services.observer import Observer, Told
from chalicelib.services.ports import Clock, Ledger, Storage

# States in which nothing more will happen by itself.
SETTLED = frozenset({
    "live", "replaced", "held", "rejected", "rolled back", "failed", "refused", "superseded", "scored", "not started",
    "drift", "no drift", "not enough data",
})  # fmt: skip


@dataclass(frozen=True)
class Rejected:
    """Rows of a file, by the name its owner gave it, that were set aside for one reason."""

    file: str
    finding: Finding


@dataclass(frozen=True)
class Story:
    """A dataset version and its run, or a file to score: where it is, why, the jobs so far, and what came out.

    ``rejected`` are the rows that were set aside while the rest went on; ``metrics`` are the held-out ones; ``version``
    is that of the model package; ``verdict`` the gate's.
    """

    pipeline: str
    id: str  # of the dataset version or the batch
    files: tuple[str, ...]  # keys
    state: str
    reason: str
    started: str | None = None
    cause: str | None = None
    run_id: str | None = None
    jobs: Mapping[str, Job] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    verdict: Mapping[str, Any] | None = None
    version: int | None = None
    result_prefix: str | None = None  # of a batch: where its scores lie
    report: str | None = None  # of a check: where a person opens it

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in SETTLED

    def in_public(self) -> dict[str, Any]:
        """Return what anybody may read, JSON-ready: no file's name, and no reason, since it may quote one."""
        return {
            "id": self.id,
            "run_id": self.run_id,
            "state": self.state,
            "settled": self.settled,
            "started": self.started,
            "files": len(self.files),
            "rows": dict(self.rows),
            "metrics": dict(self.metrics),
            "verdict": self.verdict["decision"] if self.verdict else None,
            "version": self.version,
        }


@dataclass(frozen=True)
class Explanation:
    """The story of a run with every decision that was made on the way, and where its files lie."""

    story: Story
    decisions: tuple[Decision, ...]
    artifacts: Mapping[str, str]


@dataclass(frozen=True)
class Stories:
    """Reads a stage for people."""

    observer: Observer
    storage: Storage
    ledger: Ledger
    clock: Clock

    def runs(self, pipeline: str, limit: int = 20) -> Sequence[Story]:
        """Tell of the newest dataset versions and their runs."""
        rows = self.ledger.datasets
        return self._tell(pipeline, lambda facts: [self._story(facts, row) for row in rows(pipeline)[:limit]])

    def run_of(self, pipeline: str, upload: Upload) -> Story | None:
        """Tell of the dataset version that an upload was trained in, or that took it up last; None if none did yet."""
        return self._tell(pipeline, lambda facts: self._run_of(facts, upload))

    def _run_of(self, facts: PipelineFacts, upload: Upload) -> Story | None:
        pipeline, verdict = facts.pipeline, facts.verdicts.get(upload.upload_id)
        if verdict and verdict.fate == "superseded":
            return Story(pipeline, upload.upload_id, (upload.key,), "superseded", verdict.reason)
        rows = self.ledger.datasets(pipeline)
        if verdict and verdict.run_id:  # later ones hold it too: they are others' stories
            rows = [*(row for row in reversed(rows) if row.run_id == verdict.run_id), *rows]
        for row in rows:
            dataset = self.observer.dataset(pipeline, row.dataset_id)
            if dataset and upload.upload_id in {taken.upload_id for taken in dataset.uploads}:
                return _of_upload(self._told(facts, dataset), upload, dataset, facts.verdicts)
        if verdict and verdict.fate == "rejected":
            return Story(pipeline, upload.upload_id, (upload.key,), "refused", verdict.reason)
        return None

    def wished(self, pipeline: str, wish_id: str) -> Story | None:
        """Tell what came of a wish for a run; None as long as it waits for its turn."""
        granted = next((each for each in self.ledger.decisions(pipeline) if _grants(each, wish_id)), None)
        if granted is None:
            return None
        row = self.ledger.dataset(pipeline, granted.dataset_id) if granted.dataset_id else None
        if row is None:
            return Story(pipeline, wish_id, (), "not started", granted.reason, granted.at, granted.cause)
        return self._tell(pipeline, lambda facts: self._story(facts, row))

    def version_of(self, pipeline: str, version: int) -> Story:
        """Tell of an approved version's way to the endpoint."""
        state, reason = self._tell(pipeline, lambda facts: self._after_registration(facts, version))
        return Story(pipeline, f"version {version}", (), state, reason, version=version)

    def batch_of(self, pipeline: str, upload: Upload) -> Story | None:
        """Tell of an upload's batch; None if no look has found it yet."""
        facts = self.observer.batch(pipeline, upload.upload_id)
        if facts is None:
            return None
        plan = decide_batch(self.observer.stage, facts, self.clock())
        folder = self.observer.stage.bucket.batch(pipeline, facts.batch_id)
        return Story(
            pipeline,
            facts.batch_id,
            (upload.key,),
            plan.state,
            plan.reason,
            jobs=_jobs(shard=facts.shard, score=facts.score),
            result_prefix=folder.key(places.SCORED, ""),
        )

    def explain(self, pipeline: str, wanted_id: str) -> Explanation | None:
        """Tell all of a run, by its id or that of its dataset version; None if there is none."""
        return self._tell(pipeline, lambda facts: self._explain(facts, wanted_id))

    def _explain(self, facts: PipelineFacts, wanted_id: str) -> Explanation | None:
        pipeline = facts.pipeline
        row = next((row for row in self.ledger.datasets(pipeline) if wanted_id in (row.dataset_id, row.run_id)), None)
        if row is None:
            return None
        decisions = (
            decision
            for decision in self.ledger.decisions(pipeline)
            if decision.dataset_id == row.dataset_id or (row.run_id and decision.run_id == row.run_id)
        )
        return Explanation(self._story(facts, row), tuple(decisions), self._artifacts(pipeline, row))

    def _tell(self, pipeline: str, tell: Callable[[PipelineFacts], Told]) -> Told:
        return self.observer.steadily(pipeline, self.clock(), tell)

    def _story(self, facts: PipelineFacts, row: DatasetRow) -> Story:
        dataset = self.observer.dataset(facts.pipeline, row.dataset_id)
        if dataset is None:
            return Story(facts.pipeline, row.dataset_id, (), row.state, row.reason, row.started, row.cause, row.run_id)
        return self._told(facts, dataset)

    def _told(self, facts: PipelineFacts, dataset: DatasetFacts) -> Story:
        row = dataset.row
        run_row = self.ledger.run(facts.pipeline, row.run_id) if row.run_id else None
        run = self.observer.run(facts.pipeline, run_row, facts.packages) if run_row else None
        state, reason = self._where(facts, row, run_row)
        return Story(
            pipeline=facts.pipeline,
            id=row.dataset_id,
            files=tuple(upload.key for upload in dataset.uploads),
            state=state,
            reason=reason,
            started=row.started,
            cause=row.cause,
            run_id=row.run_id,
            jobs=_jobs(prepare=dataset.prepare) | (_run_jobs(run) if run else {}),
            rows=(dataset.summary or {}).get("rows", {}),
            rejected=_rejected(dataset),
            metrics=_metrics(run) if run else {},
            verdict=run_row.verdict if run_row else None,
            version=run_row.version if run_row else None,
        )

    def _where(self, facts: PipelineFacts, row: DatasetRow, run: RunRow | None) -> tuple[str, str]:
        """Return the state and reason that people read: of the plan while it is active, of its end after that."""
        if row.active and row.dataset_id == facts.head.dataset_id:
            plan = decide(self.observer.stage, facts, self.clock())["learning"]
            return plan.state, plan.reason
        if (
            row.active
            or run is None
            or row.state == "refused"
            or (row.state == "failed" and run.dataset_id != row.dataset_id)
        ):
            return row.state, row.reason
        version = run.version
        package = next((package for package in facts.packages if package.version == version), None)
        if version is None or package is None:
            return ("replaced", "its version is gone") if run.state == "promoted" else (run.state, run.reason)
        if package.approval == "Approved":
            return self._after_registration(facts, version)
        return ("rejected", f"version {version} is Rejected") if run.state == "promoted" else (run.state, run.reason)

    def _after_registration(self, facts: PipelineFacts, version: int) -> tuple[str, str]:
        if version in facts.head.bad:
            return "rolled back", f"version {version} is marked bad"
        if facts.wanted and facts.wanted.version != version:
            return "replaced", f"version {facts.wanted.version} is wanted instead of version {version}"
        plan = decide(self.observer.stage, facts, self.clock())["serving"]
        return plan.state, plan.reason

    def _artifacts(self, pipeline: str, row: DatasetRow) -> Mapping[str, str]:
        bucket = self.observer.stage.bucket
        dataset = bucket.dataset(pipeline, row.dataset_id)
        found = {"dataset": dataset.uri(places.DATASET_FILE), "prepared": dataset.uri(container.PREPARED, "")}
        run = self.ledger.run(pipeline, row.run_id) if row.run_id else None
        if run:
            evaluation = bucket.evaluation(pipeline, run.run_id, run.evaluation_id)
            found |= {
                "evaluation": evaluation.uri(container.EVALUATION_FILE),
                "report": evaluation.uri(container.REPORT_FILE),
                "model": bucket.run(pipeline, run.run_id).uri(places.ARTIFACTS, ""),
            }
        return found


def _grants(decision: Decision, wish_id: str) -> bool:
    wish = decision.evidence.get("wish")
    return isinstance(wish, Mapping) and wish.get("id") == wish_id


def _of_upload(story: Story, upload: Upload, dataset: DatasetFacts, verdicts: Mapping[str, UploadVerdict]) -> Story:
    """Tell of one upload what is its own: it was rejected, or others were and the next dataset version takes it up."""
    verdict = verdicts.get(upload.upload_id)
    if verdict and verdict.fate == "rejected":
        return replace(story, state="refused", reason=verdict.reason)
    others = (verdicts.get(other.upload_id) for other in dataset.uploads)
    if story.state == "refused" and any(other and other.fate == "rejected" for other in others):
        return replace(story, state="waiting", reason="another file was refused: this one waits for the next run")
    return story


def _metrics(run: RunFacts) -> Mapping[str, float]:
    return {
        name: metric["value"]
        for group, metrics in (run.evaluation or {}).items()
        if group.endswith("_metrics")
        for name, metric in metrics.items()
        if isinstance(metric, Mapping) and isinstance(metric.get("value"), float)
    }


def _rejected(dataset: DatasetFacts) -> tuple[Rejected, ...]:
    names = {places.raw_name(upload.upload_id, upload.key): upload.key.rsplit("/", 1)[-1] for upload in dataset.uploads}
    found: Sequence[Mapping[str, Any]] = (dataset.summary or {}).get("rejected", ())
    return tuple(Rejected(names.get(row["file"], row["file"]), Finding.from_dict(row)) for row in found)


def _run_jobs(run: RunFacts) -> dict[str, Job]:
    return _jobs(train=run.train, score=run.score, evaluate=run.evaluate)


def _jobs(**steps: Jobs) -> dict[str, Job]:
    """Return the last attempt at each step."""
    return {step: jobs[-1] for step, jobs in steps.items() if jobs}
