"""Gathers the facts of a pipeline from S3, SageMaker and the ledger, and changes nothing.

The head is read first: whoever acts on the facts does so on the condition that it is still the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.core import container, digests, feedback, job_requests, places
from chalicelib.core.attempts import MAX_ATTEMPTS
from chalicelib.core.decide_dataset import may_begin, name_run, next_dataset_id, wished_again
from chalicelib.core.decide_rollout import wanted
from chalicelib.core.decide_tell import untold
from chalicelib.core.decide_watch import window_to_check
from chalicelib.core.errors import UnavailableError
from chalicelib.core.facts import (
    BatchFacts,
    CheckFacts,
    DatasetFacts,
    Job,
    Jobs,
    LabelFiles,
    LeftOut,
    Lineage,
    ModelPackage,
    PipelineFacts,
    Rival,
    RunFacts,
    Traffic,
    Upload,
    completed,
)
from chalicelib.core.ledger import Decision, Head, Reference, RunRow
from chalicelib.core.names import WATCHED, Step
from chalicelib.core.requests import VARIANT
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.stage import Stage
from chalicelib.core.traffic import countable
from chalicelib.services.ports import Alarms, Ledger, SageMaker, Storage, TrafficCounter

Describe = Callable[[str], Job | None]
Told = TypeVar("Told")
_TRIES = 10


@dataclass(frozen=True)
class Observer:
    """Reads a stage."""

    stage: Stage
    specs: Mapping[str, PipelineSpec]
    storage: Storage
    sagemaker: SageMaker
    ledger: Ledger
    alarms: Alarms
    traffic: TrafficCounter

    def pipeline(self, pipeline: str, now: datetime) -> PipelineFacts:
        """Gather everything that decides what happens next with a pipeline."""
        names, head = self.stage.names, self.ledger.head(pipeline)
        packages = tuple(self.sagemaker.packages(names.model_package_group(pipeline)))
        facts = PipelineFacts(
            spec=self.specs[pipeline],
            head=head,
            versions=tuple(self.storage.versions(self.stage.bucket.uploads(pipeline))),
            verdicts=self.ledger.verdicts(pipeline),
            packages=packages,
            wanted=wanted(head, packages),
            endpoint=self.sagemaker.endpoint(names.endpoint(pipeline)),
            update_taken=self._taken(pipeline, head),
        )
        facts = replace(facts, check=self._check(pipeline, head), untold=self._untold(pipeline, head))
        facts = replace(facts, traffic=self._traffic(facts, now))
        if head.dataset_id is None:
            facts = self._with_alarms(facts)
            if facts.spec.policy.feedback and (facts.ringing or may_begin(facts, now)):
                facts = replace(facts, labels=self._labels(facts, now))
            return replace(facts, next_row=self.ledger.dataset(pipeline, next_dataset_id(self.stage, facts, now)))
        dataset = self.dataset(pipeline, head.dataset_id)
        row = self.ledger.run(pipeline, head.run_id) if head.run_id else None
        run = self.run(pipeline, row, packages) if row else None
        return replace(facts, dataset=dataset, run=run)

    def steadily(self, pipeline: str, now: datetime, tell: Callable[[PipelineFacts], Told]) -> Told:
        """Tell from a pipeline's facts, all of one moment: once more if something was decided while they were read.

        Whoever acts has the fence for this; who only tells people would take half a change for an end.

        Raises
        ------
        UnavailableError
            If decisions follow each other too fast.
        """
        for _ in range(_TRIES):
            facts = self.pipeline(pipeline, now)
            told = tell(facts)
            if self.ledger.head(pipeline).fence == facts.head.fence:
                return told
        raise UnavailableError(f"{pipeline} is being changed again and again: try once more")

    def dataset(self, pipeline: str, dataset_id: str) -> DatasetFacts | None:
        """Gather the facts of a dataset version; None if it was never begun."""
        folder = self.stage.bucket.dataset(pipeline, dataset_id)
        row = self.ledger.dataset(pipeline, dataset_id)
        document = self.storage.read_json(folder.key(places.DATASET_FILE))
        if row is None or document is None:
            return None
        facts = DatasetFacts(
            row=row,
            spec=PipelineSpec.from_dict(document["spec"]),
            image_uri=document["image_uri"],
            uploads=tuple(Upload(**upload) for upload in document["uploads"]),
            left_out=tuple(LeftOut(**left_out) for left_out in document["left_out"]),
            labels=document.get("labels", 0),
            prepare=self._attempts(self.sagemaker.processing_job, pipeline, "prepare", dataset_id),
        )
        if not completed(facts.prepare):
            return facts
        facts = replace(facts, summary=self.storage.read_json(folder.key(container.PREPARED, container.SUMMARY_FILE)))
        facts = replace(facts, own_run=self._named_run(pipeline, facts))
        again = wished_again(facts)
        return replace(facts, run=self._named_run(pipeline, facts, again)) if again else facts

    def run(self, pipeline: str, row: RunRow, packages: tuple[ModelPackage, ...]) -> RunFacts | None:
        """Gather the facts of a run; None if its documents are gone."""
        lineage, folder = self.lineage(pipeline, row.run_id), self.stage.bucket.run(pipeline, row.run_id)
        spec = self.storage.read_json(folder.key(container.SPEC, container.SPEC_FILE))
        if lineage is None or spec is None:
            return None
        champion, anchor = (self._rival(pipeline, row, who, packages) for who in (row.champion, row.anchor))
        evaluate = self._attempts(self.sagemaker.processing_job, pipeline, "evaluate", row.evaluation_id)
        evaluation = self.stage.bucket.evaluation(pipeline, row.run_id, row.evaluation_id)
        return RunFacts(
            row=row,
            lineage=lineage,
            spec=PipelineSpec.from_dict(spec),
            train=self._attempts(self.sagemaker.training_job, pipeline, "train", row.run_id),
            score=self._scores(pipeline, row.dataset_id, row.run_id),
            evaluate=evaluate,
            evaluation=self.storage.read_json(evaluation.key(container.EVALUATION_FILE))
            if completed(evaluate)
            else None,
            baseline=self._attempts(self.sagemaker.processing_job, pipeline, "baseline", row.run_id),
            package=next((package for package in packages if package.run_id == row.run_id), None),
            champion=champion,
            anchor=anchor,
        )

    def lineage(self, pipeline: str, run_id: str) -> Lineage | None:
        """Read what made a run."""
        document = self.storage.read_json(self.stage.bucket.run(pipeline, run_id).key(places.RUN_FILE))
        return Lineage(**document) if document else None

    def batch(self, pipeline: str, batch_id: str) -> BatchFacts | None:
        """Gather the facts of a batch; None if it was never accepted."""
        document = self.storage.read_json(self.stage.bucket.batch(pipeline, batch_id).key(places.BATCH_FILE))
        if document is None:
            return None
        return BatchFacts(
            pipeline=pipeline,
            batch_id=batch_id,
            spec=PipelineSpec.from_dict(document["spec"]),
            image_uri=document["image_uri"],
            upload=Upload(**document["upload"]),
            model_name=document["model_name"],
            refused=document["refused"],
            shard=self._attempts(self.sagemaker.processing_job, pipeline, "shard", batch_id),
            score=self._attempts(self.sagemaker.transform_job, pipeline, "batch", batch_id),
        )

    def checking(self, pipeline: str, check_id: str) -> Jobs:
        """Describe the attempts at a drift check's job."""
        return self._attempts(self.sagemaker.processing_job, pipeline, "drift", check_id)

    def live_run(self, pipeline: str) -> str | None:
        """Find the run whose model answers now."""
        endpoint = self.sagemaker.endpoint(self.stage.names.endpoint(pipeline))
        if endpoint is None or endpoint.status in {"Creating", "Failed"}:
            return None
        return self.stage.names.parse_endpoint_config(pipeline, endpoint.config_name)

    def _with_alarms(self, facts: PipelineFacts) -> PipelineFacts:
        if facts.wanted is None or facts.head.wish:
            return facts
        alarms = self.alarms.states([self.stage.names.alarm(facts.pipeline, kind) for kind in WATCHED])
        if not any(alarm.state == "ALARM" for alarm in alarms.values()):
            return replace(facts, alarms=tuple(alarms.values()))
        lineage = self.lineage(facts.pipeline, facts.wanted.run_id)
        folder = self.stage.bucket.dataset(facts.pipeline, lineage.dataset_id) if lineage else None
        manifest = self.storage.read_json(folder.key(places.LABELS_MANIFEST)) if folder else None
        _, *learned = manifest or [None]
        return replace(facts, alarms=tuple(alarms.values()), learned=frozenset(learned))

    def _labels(self, facts: PipelineFacts, now: datetime) -> LabelFiles:
        """List the labels of the policy's days, and what was captured in them."""
        bucket, pipeline = self.stage.bucket, facts.pipeline
        since = now - timedelta(days=facts.spec.policy.feedback_days)
        labels = self.storage.files(*places.hours(bucket.ground_truth(pipeline), since, now))
        if not labels:
            return LabelFiles()
        prefix = bucket.captured(self.stage.names.endpoint(pipeline), VARIANT)
        captured = self.storage.files(*places.hours(prefix, since, now))
        contents = sorted((key, file.etag) for key, file in labels.items())
        least = feedback.least_labels(facts.spec, {key: file.size for key, file in labels.items()})
        return LabelFiles(tuple(labels), tuple(captured), digests.short_digest("labels", contents), least)

    def _check(self, pipeline: str, head: Head) -> CheckFacts | None:
        row = self.ledger.check(pipeline, head.check_id) if head.check_id else None
        folder = self.stage.bucket.check(pipeline, row.check_id if row else "")
        document = self.storage.read_json(folder.key(places.CHECK_FILE)) if row else None
        if row is None or document is None:
            return None
        baseline = self.stage.bucket.run(pipeline, row.run_id).key(container.BASELINE, container.BASELINE_FILE)
        captured, labels = (
            self.storage.read_json(folder.key(name)) for name in (places.CAPTURE_MANIFEST, places.LABELS_MANIFEST)
        )
        monitor = self.checking(pipeline, row.check_id)
        train = self._attempts(self.sagemaker.training_job, pipeline, "train", row.run_id)
        verdict = folder.key(container.MONITORING, container.VERDICT_FILE)
        return CheckFacts(
            row=row,
            spec=PipelineSpec.from_dict(document["spec"]),
            image_uri=document["image_uri"],
            baseline=self.storage.read_json(baseline) is not None,
            model_uri=next((job.artifact_uri for job in reversed(train)), None),
            captured=len(captured) - 1 if captured else None,
            labels=len(labels) - 1 if labels else None,
            monitor=monitor,
            verdict=self.storage.read_json(verdict) if completed(monitor) else None,
            published=row.published is not None and self._performed(pipeline, row.published),
        )

    def _traffic(self, facts: PipelineFacts, now: datetime) -> Traffic | None:
        """Ask what was asked in the window of a check that begins now: no other look costs a call."""
        window = window_to_check(self.stage, facts, now)
        span = countable(*window, now) if window else None
        return self.traffic.count(self.stage.names.endpoint(facts.pipeline), VARIANT, span) if span else None

    def _untold(self, pipeline: str, head: Head) -> tuple[Decision, ...]:
        return untold(head.told, self.ledger.decisions(pipeline, head.told.since if head.told else 0))

    def _performed(self, pipeline: str, fence: int) -> bool:
        decision = self.ledger.decision(pipeline, fence)
        return decision is not None and decision.performed

    def _taken(self, pipeline: str, head: Head) -> bool:
        return head.update is not None and self._performed(pipeline, head.update.fence)

    def _named_run(self, pipeline: str, facts: DatasetFacts, again: str | None = None) -> RunRow | None:
        lineage = name_run(self.stage, self.specs[pipeline], facts, again)
        return self.ledger.run(pipeline, lineage.run_id) if lineage else None

    def _rival(
        self, pipeline: str, row: RunRow, reference: Reference | None, packages: tuple[ModelPackage, ...]
    ) -> Rival | None:
        if reference is None:
            return None
        lineage = self.lineage(pipeline, reference.run_id)
        package = next((package for package in packages if package.version == reference.version), None)
        if lineage is None or package is None:
            return None
        return Rival(reference, lineage.dataset_id, package, self._scores(pipeline, row.dataset_id, reference.run_id))

    def _scores(self, pipeline: str, dataset_id: str, run_id: str) -> Jobs:
        score_id = job_requests.score_id(dataset_id, run_id)
        return self._attempts(self.sagemaker.transform_job, pipeline, "score", score_id)

    def _attempts(self, describe: Describe, pipeline: str, step: Step, job_id: str) -> Jobs:
        """Describe the attempts at a step's job: up to the first that did not fail, or was never made."""
        found: list[Job] = []
        for attempt in range(1, MAX_ATTEMPTS + 1):
            job = describe(self.stage.names.job(pipeline, step, job_id, attempt))
            if job is None:
                break
            found.append(job)
            if job.status != "Failed":
                break
        return tuple(found)
