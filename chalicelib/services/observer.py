"""Gathers the facts of one thing at a time, from S3 and SageMaker, and changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.core import container, places
from chalicelib.core.decide import begin_lineage
from chalicelib.core.facts import BatchFacts, DatasetFacts, Lineage, RolloutFacts, RunFacts, Upload
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.stage import Stage
from chalicelib.services.ports import SageMaker, Storage


@dataclass(frozen=True)
class Observer:
    """Reads a stage; each method returns None for what was never accepted or started."""

    stage: Stage
    specs: Mapping[str, PipelineSpec]
    storage: Storage
    sagemaker: SageMaker

    def dataset(self, pipeline: str, dataset_id: str) -> DatasetFacts | None:
        """Gather the facts of a dataset version."""
        folder = self.stage.bucket.dataset(pipeline, dataset_id)
        document = self.storage.read_json(folder.key(places.DATASET_FILE))
        if document is None:
            return None
        facts = DatasetFacts(
            pipeline=pipeline,
            dataset_id=dataset_id,
            spec=PipelineSpec.from_dict(document["spec"]),
            image_uri=document["image_uri"],
            uploads=tuple(Upload(**upload) for upload in document["uploads"]),
            refused=document["refused"],
            prepare=self.sagemaker.processing_job(self.stage.names.job(pipeline, "prepare", dataset_id)),
            summary=self.storage.read_json(folder.key(container.PREPARED, container.SUMMARY_FILE)),
        )
        named = begin_lineage(self.stage, facts, self.specs[pipeline]) if pipeline in self.specs else None
        return replace(facts, run=self.lineage(pipeline, named.run_id)) if named else facts

    def lineage(self, pipeline: str, run_id: str) -> Lineage | None:
        """Read what made a run."""
        document = self.storage.read_json(self.stage.bucket.run(pipeline, run_id).key(places.RUN_FILE))
        return Lineage(**document) if document else None

    def run(self, pipeline: str, run_id: str) -> RunFacts | None:
        """Gather the facts of a run."""
        lineage = self.lineage(pipeline, run_id)
        folder = self.stage.bucket.run(pipeline, run_id)
        spec = self.storage.read_json(folder.key(container.SPEC, container.SPEC_FILE))
        if lineage is None or spec is None:
            return None
        names = self.stage.names
        evaluate = self.sagemaker.processing_job(names.job(pipeline, "evaluate", run_id))
        evaluated = evaluate is not None and evaluate.status == "Completed"
        group = names.model_package_group(pipeline)
        return RunFacts(
            lineage=lineage,
            spec=PipelineSpec.from_dict(spec),
            train=self.sagemaker.training_job(names.job(pipeline, "train", run_id)),
            score=self.sagemaker.transform_job(names.job(pipeline, "score", run_id)),
            evaluate=evaluate,
            package=self.sagemaker.package_of_run(group, run_id) if evaluated else None,
        )

    def rollout(self, pipeline: str) -> RolloutFacts:
        """Gather what should answer and what does."""
        names = self.stage.names
        package = self.sagemaker.newest_approved_package(names.model_package_group(pipeline))
        config = self.sagemaker.endpoint_config(names.endpoint_config(pipeline, package.run_id)) if package else None
        return RolloutFacts(
            pipeline=pipeline,
            spec=self.specs[pipeline],
            package=package,
            endpoint=self.sagemaker.endpoint(names.endpoint(pipeline)),
            config=config,
        )

    def batch(self, pipeline: str, batch_id: str) -> BatchFacts | None:
        """Gather the facts of a batch."""
        document = self.storage.read_json(self.stage.bucket.batch(pipeline, batch_id).key(places.BATCH_FILE))
        if document is None:
            return None
        names = self.stage.names
        return BatchFacts(
            pipeline=pipeline,
            batch_id=batch_id,
            spec=PipelineSpec.from_dict(document["spec"]),
            image_uri=document["image_uri"],
            upload=Upload(**document["upload"]),
            model_name=document["model_name"],
            refused=document["refused"],
            shard=self.sagemaker.processing_job(names.job(pipeline, "shard", batch_id)),
            score=self.sagemaker.transform_job(names.job(pipeline, "batch", batch_id)),
        )

    def champion(self, pipeline: str) -> str | None:
        """Find the model that answers now, by name."""
        endpoint = self.sagemaker.endpoint(self.stage.names.endpoint(pipeline))
        config = self.sagemaker.endpoint_config(endpoint.config_name) if endpoint else None
        return config.model_name if config else None
