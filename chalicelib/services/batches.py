"""Batches: score a dropped file with the model that answered when it came."""

from dataclasses import asdict, dataclass

from chalicelib.core import places
from chalicelib.core.actions import Plan
from chalicelib.core.decide_batch import ENDED, decide_batch
from chalicelib.core.errors import CallError, GoneError
from chalicelib.core.facts import Upload, Version
from chalicelib.core.ledger import BatchEnd
from chalicelib.core.schedules import parse
from chalicelib.services.observer import Observer
from chalicelib.services.ports import Clock, Executor, Ledger, Storage


@dataclass(frozen=True)
class Batches:
    """The batches of all pipelines; a batch is named by its upload."""

    observer: Observer
    storage: Storage
    ledger: Ledger
    executor: Executor
    clock: Clock

    def look(self, pipeline: str) -> dict[str, Plan]:
        """Do what comes next with every file to score that is not done with; return the plans by batch.

        Raises
        ------
        CallError
            If AWS did not do it for one of them; the others were looked at all the same.
        """
        if pipeline not in self.observer.specs:
            return {}
        ended = self.ledger.batches(pipeline)
        versions = self.storage.versions(self.observer.stage.bucket.batch_inputs(pipeline))
        plans: dict[str, Plan] = {}
        troubles: list[CallError] = []
        for version in versions:
            upload = version.upload
            if upload.upload_id in ended:
                continue
            if not version.deleted and not self._due(pipeline, version):
                plans[upload.upload_id] = Plan("waiting", "the next slot of the schedule is awaited")
                continue
            try:
                plan = _gone() if version.deleted else self._advance(pipeline, upload)
            except GoneError:
                plan = _gone()
            except CallError as error:
                troubles.append(error)
                continue
            plans[upload.upload_id] = plan
            if plan.state in ENDED:
                self.ledger.end_batch(pipeline, BatchEnd(upload.upload_id, upload.key, plan.state, plan.reason))
        if troubles:
            raise troubles[0]
        return plans

    def _due(self, pipeline: str, version: Version) -> bool:
        """Whether a slot of the schedule came since the file did."""
        schedule = self.observer.specs[pipeline].batch_schedule
        return not schedule or parse(schedule).last(self.clock()) >= version.modified

    def _advance(self, pipeline: str, upload: Upload) -> Plan:
        facts = self.observer.batch(pipeline, upload.upload_id)
        if facts is None:
            self._accept(pipeline, upload)
            facts = self.observer.batch(pipeline, upload.upload_id)
        if facts is None:
            return Plan("ignored", f"there is no batch {upload.upload_id} of {pipeline}")
        plan = decide_batch(self.observer.stage, facts, self.clock())
        self.executor.perform(pipeline, plan.actions, lambda: True)
        return plan

    def _accept(self, pipeline: str, upload: Upload) -> None:
        """Write down a batch and the model that will score it: whoever is first chooses the model."""
        stage, spec = self.observer.stage, self.observer.specs[pipeline]
        run_id = self.observer.live_run(pipeline)
        unread = places.refusal(upload.key, upload.size, spec.intake)
        document = {
            "pipeline": pipeline,
            "batch_id": upload.upload_id,
            "spec": spec.to_dict(),
            "image_uri": stage.image_uri,
            "upload": asdict(upload),
            "model_name": stage.names.model(pipeline, run_id) if run_id else None,
            "refused": unread or (None if run_id else "no model was live yet"),
        }
        self.storage.write_json_once(stage.bucket.batch(pipeline, upload.upload_id).key(places.BATCH_FILE), document)


def _gone() -> Plan:
    return Plan("refused", "its owner deleted it before it was scored")
