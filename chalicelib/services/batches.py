"""Batches: score a dropped file with the champion of the moment it came."""

from dataclasses import asdict, dataclass

from chalicelib.core import places
from chalicelib.core.actions import Plan
from chalicelib.core.decide import decide_batch
from chalicelib.core.events import ObjectCreated
from chalicelib.services.observer import Observer
from chalicelib.services.ports import Executor, Storage


@dataclass(frozen=True)
class Batches:
    """The batches of all pipelines; a batch is named by its upload."""

    observer: Observer
    storage: Storage
    executor: Executor

    def accept(self, pipeline: str, event: ObjectCreated) -> Plan:
        """Take in a dropped file: the batch and the model that will score it are written down, then advanced."""
        stage, spec = self.observer.stage, self.observer.specs.get(pipeline)
        upload = self.storage.find_upload(event.bucket, event.key, event.version_id)
        if spec is None or upload is None:
            return Plan("ignored", "no such pipeline, or the object version is gone")
        champion = self.observer.champion(pipeline)
        document = {
            "pipeline": pipeline,
            "batch_id": upload.upload_id,
            "spec": spec.to_dict(),
            "image_uri": stage.image_uri,
            "upload": asdict(upload),
            "model_name": champion,
            "refused": places.refusal(upload.key, upload.size) or (None if champion else "no model was live yet"),
        }
        self.storage.write_json_once(stage.bucket.batch(pipeline, upload.upload_id).key(places.BATCH_FILE), document)
        return self.advance(pipeline, upload.upload_id)

    def advance(self, pipeline: str, batch_id: str) -> Plan:
        """Look at a batch and do what comes next."""
        facts = self.observer.batch(pipeline, batch_id)
        if facts is None:
            return Plan("ignored", f"there is no batch {batch_id} of {pipeline}")
        plan = decide_batch(self.observer.stage, facts)
        self.executor.perform(plan)
        return plan
