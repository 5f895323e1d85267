"""SageMaker Runtime: a caller's instances to the endpoint, its errors to ours."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from chalicelib.adapters.clients import client
from chalicelib.core.container import JSON
from chalicelib.core.errors import NotReadyError
from chalicelib.core.predictions import Instance

_REASONS = {
    "ValidationError": "no model is live yet",
    "ModelError": "the model failed to answer",
    "ModelNotReadyException": "the model is starting",
    "ServiceUnavailable": "SageMaker is not available",
    "InternalFailure": "SageMaker failed",
    "InternalDependencyException": "SageMaker failed",
    "ThrottlingException": "too many requests at once",
}


@dataclass(frozen=True)
class EndpointRuntime:
    """`services.ports.Runtime` over InvokeEndpoint."""

    def invoke(self, endpoint: str, instances: Sequence[Instance], inference_id: str) -> tuple[dict[str, Any], str]:
        """Return the model's answer and the name of the variant that gave it.

        Raises
        ------
        NotReadyError
            If no model answered; its message is fit for the caller.
        """
        try:
            answer = client("sagemaker-runtime").invoke_endpoint(
                EndpointName=endpoint,
                ContentType=JSON,
                Accept=JSON,
                InferenceId=inference_id,
                Body=json.dumps({"instances": list(instances)}).encode(),
            )
            document = json.load(answer["Body"])
        except ClientError as error:
            reason = _REASONS.get(error.response["Error"]["Code"])
            if reason is None:
                raise
            raise NotReadyError(reason) from error
        except (BotoConnectionError, HTTPClientError) as error:
            raise NotReadyError("the model did not answer in time") from error
        return document, answer["InvokedProductionVariant"]
