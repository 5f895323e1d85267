"""Predictions: a caller's instances to the pipeline's endpoint, and its answer with who gave it."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.core import inference
from chalicelib.core.bodies import Body
from chalicelib.core.facts import Endpoint
from chalicelib.core.predictions import Prediction, parse_instances
from chalicelib.core.spec import PipelineSpec, find
from chalicelib.core.stage import Stage
from chalicelib.services.ports import Keys, Runtime, SageMaker


@dataclass(frozen=True)
class Predictor:
    """The models that answer, by pipeline."""

    stage: Stage
    specs: Mapping[str, PipelineSpec]
    sagemaker: SageMaker
    runtime: Runtime
    keys: Keys

    def predict(self, pipeline: str, body: Body, request_id: str) -> Prediction:
        """Answer one request, under an inference id that feedback can name.

        Raises
        ------
        InvalidRequestError
            If the request cannot be answered, with a message for the caller.
        UnansweredError
            If no model answered.
        """
        instances = parse_instances(find(self.specs, pipeline), body)
        inference_id = inference.issue(self.keys.inference_key(), pipeline, request_id, len(instances))
        answer = self.runtime.invoke(self.stage.names.endpoint(pipeline), instances, inference_id)
        return Prediction(pipeline, answer.model_version, answer.variant, inference_id, answer.predictions)

    def endpoints(self) -> Mapping[str, Endpoint | None]:
        """Return each pipeline's endpoint; None where none was made yet."""
        return {name: self.sagemaker.endpoint(self.stage.names.endpoint(name)) for name in self.specs}
