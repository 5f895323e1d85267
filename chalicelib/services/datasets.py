"""Dataset versions: accept what a person dropped, prepare it, start the run its content asks for.

In this form a dataset version is one accepted file.
"""

from dataclasses import asdict, dataclass

from chalicelib.core import digests, places
from chalicelib.core.actions import Plan
from chalicelib.core.decide import decide_dataset
from chalicelib.core.events import ObjectCreated
from chalicelib.services.observer import Observer
from chalicelib.services.ports import Executor, Storage


@dataclass(frozen=True)
class Datasets:
    """The dataset versions of all pipelines."""

    observer: Observer
    storage: Storage
    executor: Executor

    def accept(self, pipeline: str, event: ObjectCreated) -> Plan:
        """Take in a dropped file: its dataset version is written down, then advanced."""
        stage, spec = self.observer.stage, self.observer.specs.get(pipeline)
        upload = self.storage.find_upload(event.bucket, event.key, event.version_id)
        if spec is None or upload is None:
            return Plan("ignored", "no such pipeline, or the object version is gone")
        dataset_id = digests.dataset_id([upload.upload_id], spec.policy, digests.prepare_recipe(spec, stage.image_uri))
        document = {
            "pipeline": pipeline,
            "dataset_id": dataset_id,
            "spec": spec.to_dict(),
            "image_uri": stage.image_uri,
            "uploads": [asdict(upload)],
            "refused": places.refusal(upload.key, upload.size),
        }
        self.storage.write_json_once(stage.bucket.dataset(pipeline, dataset_id).key(places.DATASET_FILE), document)
        return self.advance(pipeline, dataset_id)

    def advance(self, pipeline: str, dataset_id: str) -> Plan:
        """Look at a dataset version and do what comes next."""
        facts, current = self.observer.dataset(pipeline, dataset_id), self.observer.specs.get(pipeline)
        if facts is None or current is None:
            return Plan("ignored", f"there is no dataset version {dataset_id} of {pipeline}")
        plan = decide_dataset(self.observer.stage, facts, current=current)
        self.executor.perform(plan)
        return plan
