"""What there is to ask: the pipelines, with what they read and answer, and where their endpoints are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core.spec import PipelineSpec, find
from chalicelib.core.stage import Stage
from chalicelib.services.ports import SageMaker


@dataclass(frozen=True)
class Catalogue:
    """The pipelines of a stage, as JSON-ready data."""

    stage: Stage
    specs: Mapping[str, PipelineSpec]
    sagemaker: SageMaker

    def all(self) -> list[dict[str, Any]]:
        """Describe every pipeline."""
        return [self.one(name) for name in self.specs]

    def one(self, name: str) -> dict[str, Any]:
        """Describe a pipeline.

        Raises
        ------
        UnknownPipelineError
            If there is none of that name.
        """
        spec = find(self.specs, name)
        endpoint = self.sagemaker.endpoint(self.stage.names.endpoint(name))
        return {
            "name": spec.name,
            "title": spec.title,
            "task": spec.task,
            "columns": [{"name": column.name, "kind": column.kind} for column in spec.columns],
            "target": spec.target,
            "labels": list(spec.labels),
            "endpoint": {
                "name": endpoint.name,
                "status": endpoint.status,
                "config": endpoint.config_name,
                "changed": endpoint.changed.isoformat(),
            }
            if endpoint
            else None,
        }
