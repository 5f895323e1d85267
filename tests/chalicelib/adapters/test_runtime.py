"""SageMaker's errors and answers on the way of a prediction, as boto3 gives them."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from chalicelib.adapters import clients
from chalicelib.adapters.runtime import MAX_BODY, EndpointRuntime
from chalicelib.core.errors import (
    CallError,
    DeniedError,
    ModelFailedError,
    ModelTimeoutError,
    NotReadyError,
    PayloadTooLargeError,
    RefusedCallError,
    UnansweredError,
)

ASKED = {"EndpointName": "e", "ContentType": "application/json", "Accept": "application/json", "InferenceId": "i"}


@pytest.fixture
def runtime() -> Iterator[Stubber]:
    clients.client.cache_clear()
    with Stubber(clients.client("sagemaker-runtime")) as stub:
        yield stub
    clients.client.cache_clear()


def answer(data: bytes) -> dict[str, Any]:
    return {"Body": StreamingBody(io.BytesIO(data), len(data)), "InvokedProductionVariant": "A"}


def invoke(text: str = "a") -> Any:
    return EndpointRuntime().invoke("e", [{"text": text}], "i")


def test_answer(runtime: Stubber) -> None:
    """The model's answer comes with the variant that gave it; a text goes to it as UTF-8, not as escapes."""
    said = json.dumps({"model_version": "3", "predictions": [{"label": "positive", "score": 0.5}]}).encode()
    runtime.add_response("invoke_endpoint", answer(said), {**ASKED, "Body": '{"instances":[{"text":"é"}]}'.encode()})
    found = invoke("é")
    assert (found.model_version, found.variant, len(found.predictions)) == ("3", "A", 1)


@pytest.mark.parametrize(
    ("code", "status", "kind", "message"),
    [
        ("ValidationError", 400, NotReadyError, "no model is live yet"),
        ("ModelError", 424, ModelFailedError, "the model failed to answer"),
        ("ModelNotReadyException", 429, NotReadyError, "the model is starting"),
        ("ServiceUnavailable", 503, NotReadyError, "SageMaker is not available"),
        ("InternalFailure", 500, NotReadyError, "SageMaker failed"),
        ("InternalDependencyException", 530, NotReadyError, "SageMaker failed"),
        ("ThrottlingException", 400, NotReadyError, "too many requests at once"),
    ],
)
def test_row_44(runtime: Stubber, code: str, status: int, kind: type[UnansweredError], message: str) -> None:
    """Row 44: each error that InvokeEndpoint documents is one of ours, with AWS's code; it is not repeated."""
    runtime.add_client_error("invoke_endpoint", code, "canary", status)
    with pytest.raises(kind, match=f"^{message}$") as raised:
        invoke()
    assert type(raised.value) is kind
    assert raised.value.aws_code == f"InvokeEndpoint: {code}"
    runtime.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", DeniedError),
        ("ExpiredTokenException", DeniedError),
        ("SomethingNew", RefusedCallError),
    ],
)
def test_others(runtime: Stubber, code: str, kind: type[CallError]) -> None:
    """An error that says nothing of the model is what it is for any other call."""
    runtime.add_client_error("invoke_endpoint", code)
    with pytest.raises(kind, match=f"InvokeEndpoint answered {code}"):
        invoke()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ReadTimeoutError(endpoint_url="u"), ModelTimeoutError),
        (ConnectTimeoutError(endpoint_url="u"), NotReadyError),
        (EndpointConnectionError(endpoint_url="u"), NotReadyError),
    ],
)
def test_row_44_time(monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[UnansweredError]) -> None:
    """Row 44: a model that is late is a time-out, a SageMaker that cannot be reached is not."""

    class Late:
        def invoke_endpoint(self, **_: object) -> None:
            raise error

    monkeypatch.setattr("chalicelib.adapters.runtime.client", lambda _: Late())
    with pytest.raises(kind):
        invoke()


def test_broken_off(runtime: Stubber) -> None:
    """An answer that ends before its length, or is none, is the model's failure."""
    runtime.add_response("invoke_endpoint", answer(b"{}"), {**ASKED, "Body": ANY})
    with pytest.raises(ModelFailedError, match="one prediction for each instance"):
        invoke()


def test_what_sagemaker_takes(runtime: Stubber) -> None:
    """Instances that as JSON are more than InvokeEndpoint takes are too large, and are not sent."""
    with pytest.raises(PayloadTooLargeError, match=f"the limit is {MAX_BODY}"):
        invoke("x" * MAX_BODY)
    runtime.assert_no_pending_responses()


def test_deadlines() -> None:
    """The time that a prediction may take, its key read first, is below API Gateway's 29 s, and nothing is repeated."""
    clients.client.cache_clear()
    asked, read = clients.client("sagemaker-runtime").meta.config, clients.client("dynamodb", hurried=True).meta.config
    assert asked.retries["total_max_attempts"] == 1
    pauses = 1  # at most, before a second try
    tries = read.retries["total_max_attempts"]
    worst = tries * (read.connect_timeout + read.read_timeout) + pauses + asked.connect_timeout + asked.read_timeout
    assert worst < 29
    clients.client.cache_clear()
