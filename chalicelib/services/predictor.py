"""Predictions: a caller's instances to the pipeline's endpoint, and its answer with who gave it."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.core.errors import UnknownPipelineError
from chalicelib.core.facts import Endpoint
from chalicelib.core.predictions import Prediction, parse_instances
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.stage import Stage
from chalicelib.services.ports import Runtime, SageMaker


@dataclass(frozen=True)
class Predictor:
    """The models that answer, by pipeline."""

    stage: Stage
    specs: Mapping[str, PipelineSpec]
    sagemaker: SageMaker
    runtime: Runtime

    def predict(self, pipeline: str, content_type: str, body: bytes, inference_id: str) -> Prediction:
        """Answer one request.

        Raises
        ------
        InvalidRequestError
            If the request cannot be answered, with a message for the caller.
        NotReadyError
            If no model answered.
        """
        spec = self.specs.get(pipeline)
        if spec is None:
            raise UnknownPipelineError(f"no pipeline is called {pipeline!r}; there are {', '.join(self.specs)}")
        instances = parse_instances(spec, content_type, body)
        answer, variant = self.runtime.invoke(self.stage.names.endpoint(pipeline), instances, inference_id)
        predictions = tuple(answer["predictions"])
        return Prediction(pipeline, answer["model_version"], variant, inference_id, predictions)

    def endpoints(self) -> Mapping[str, Endpoint | None]:
        """Return each pipeline's endpoint; None where none was made yet."""
        return {name: self.sagemaker.endpoint(self.stage.names.endpoint(name)) for name in self.specs}
