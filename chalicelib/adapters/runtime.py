"""SageMaker Runtime: a caller's instances to the endpoint, its errors to ours."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError, HTTPClientError, ReadTimeoutError, ResponseStreamingError
from botocore.exceptions import ConnectionError as BotoConnectionError

from chalicelib.adapters.calls import refusal_of
from chalicelib.adapters.clients import client
from chalicelib.core.container import JSON
from chalicelib.core.errors import (
    ModelFailedError,
    ModelTimeoutError,
    NotReadyError,
    PayloadTooLargeError,
    UnansweredError,
)
from chalicelib.core.predictions import Answer, Instance, parse_answer

MAX_BODY = 6_291_456  # bytes that InvokeEndpoint takes

_REASONS: Mapping[str, tuple[type[UnansweredError], str]] = {
    "ValidationError": (NotReadyError, "no model is live yet"),  # what a missing endpoint is called
    "ModelError": (ModelFailedError, "the model failed to answer"),
    "ModelNotReadyException": (NotReadyError, "the model is starting"),
    "ServiceUnavailable": (NotReadyError, "SageMaker is not available"),
    "InternalFailure": (NotReadyError, "SageMaker failed"),
    "InternalDependencyException": (NotReadyError, "SageMaker failed"),
    "ThrottlingException": (NotReadyError, "too many requests at once"),
}


@dataclass(frozen=True)
class EndpointRuntime:
    """`services.ports.Runtime` over InvokeEndpoint."""

    def invoke(self, endpoint: str, instances: Sequence[Instance], inference_id: str) -> Answer:
        """Return the model's answer, with the name of the variant that gave it.

        Raises
        ------
        UnansweredError
            If no model gave an answer that can be used; its message is fit for the caller.
        PayloadTooLargeError
            If the instances are more than SageMaker takes.
        CallError
            If the application may not ask.
        """
        body = json.dumps({"instances": list(instances)}, ensure_ascii=False, separators=(",", ":")).encode()
        if len(body) > MAX_BODY:
            raise PayloadTooLargeError(f"the instances have {len(body)} bytes as JSON; the limit is {MAX_BODY}")
        try:
            answer = client("sagemaker-runtime").invoke_endpoint(
                EndpointName=endpoint, ContentType=JSON, Accept=JSON, InferenceId=inference_id, Body=body
            )
            said = answer["Body"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _REASONS:
                raise refusal_of("InvokeEndpoint", error) from None
            kind, reason = _REASONS[code]
            raise kind(reason, f"InvokeEndpoint: {code}") from error
        except ReadTimeoutError as error:
            raise ModelTimeoutError("the model did not answer in time", type(error).__name__) from error
        except ResponseStreamingError as error:
            raise ModelFailedError("the model's answer broke off", type(error).__name__) from error
        except (BotoConnectionError, HTTPClientError) as error:
            raise NotReadyError("SageMaker cannot be reached", type(error).__name__) from error
        return parse_answer(said, answer["InvokedProductionVariant"], len(instances))
