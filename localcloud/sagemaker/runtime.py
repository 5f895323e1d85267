"""InvokeEndpoint: one request to one server of an endpoint, and its answer or failure as AWS passes it on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localcloud import emulated
from localcloud.errors import (
    AnswerTimeoutError,
    AwsError,
    ConcurrencyError,
    ContainerError,
    NoServerError,
    UnknownVariantError,
)
from localcloud.sagemaker.capture import Captures, Source
from localcloud.sagemaker.capture_config import Payload, Request
from localcloud.sagemaker.connections import Reply
from localcloud.sagemaker.fleet import Lease, Router
from localcloud.sagemaker.invocation_metrics import InvocationMetrics
from localcloud.sagemaker.store import Now
from localcloud.settings import ACCOUNT_ID, Limits

_PASSED_ON = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes", "X-Amzn-SageMaker-Inference-Id")
_NOT_EMULATED = (
    "X-Amzn-SageMaker-Target-Model",
    "X-Amzn-SageMaker-Target-Container-Hostname",
    "X-Amzn-SageMaker-Inference-Component",
    "X-Amzn-SageMaker-Session-Id",
    "X-Amzn-SageMaker-Enable-Explanations",
)
# of the API's shapes: no limits that could be set
_LONGEST = {"X-Amzn-SageMaker-Custom-Attributes": 1024, "X-Amzn-SageMaker-Inference-Id": 64, "Content-Type": 1024}
_BYTES = "application/octet-stream"  # where nobody says a type
_SUCCESS = range(200, 300)
_SERVER_ERROR = 500
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)


@dataclass(frozen=True)
class InvokeAnswer:
    """What goes back to the caller of InvokeEndpoint."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def invoke(
    router: Router,
    captures: Captures,
    metrics: InvocationMetrics,
    limits: Limits,
    *,
    endpoint: str,
    headers: Mapping[str, str],
    body: bytes,
    region: str,
    now: Now,
    new_id: Callable[[], str],
) -> InvokeAnswer:
    """Answer one invocation; one that a model answered with success is captured, if its endpoint's config says so.

    Raises
    ------
    AwsError
        ValidationError if the request cannot be sent, ThrottlingException if a serverless variant answers as many as it
        may, ModelError if the container did not answer with success in time.
    """
    began = metrics.seconds()
    sent = {name.lower(): value for name, value in headers.items()}
    _check(sent, body, limits)
    inference_id = sent.get("x-amzn-sagemaker-inference-id")
    asked = Request(now(), inference_id, Payload(sent.get("content-type", _BYTES), body))
    lease = _take(router, region, endpoint, sent.get("x-amzn-sagemaker-target-variant"), limits.invocation)
    try:
        if lease.variant.concurrency is not None and len(body) > limits.serverless_body:
            raise _invalid(f"Request {new_id()} has oversize body.")
        with metrics.measured(endpoint, lease, asked.time, began) as measure:
            reply = _ask(lease, sent, body, limits, endpoint=endpoint, region=region)
            measure.status = reply.status
        if lease.capture is not None and reply.status in _SUCCESS:  # within the lease: what ends a fleet waits for it
            source = Source(region, endpoint, lease.variant.name, lease.capture)
            captures.add(source, asked, Payload(reply.headers.get("content-type", _BYTES), reply.body))
    finally:
        router.give_back(lease)
    if reply.status not in _SUCCESS:
        raise _model_error(reply.status, reply.body.decode("utf-8", errors="replace"), endpoint, region)
    kept = {name: value for name, value in reply.headers.items() if name.startswith("x-amzn-sagemaker-")}
    return InvokeAnswer(
        200,
        {
            **kept,
            "Content-Type": reply.headers.get("content-type", _BYTES),
            "x-Amzn-Invoked-Production-Variant": lease.variant.name,
        },
        reply.body,
    )


def _take(router: Router, region: str, endpoint: str, target: str | None, patience: float) -> Lease:
    try:
        lease = router.take(region, endpoint, target, patience)
    except UnknownVariantError as error:
        raise _invalid(f"Variant {error} not found for endpoint {endpoint}.") from error
    except NoServerError as error:
        raise AwsError("ServiceUnavailable", "The endpoint has no healthy instance.", 503) from error
    except ConcurrencyError as error:
        raise AwsError("ThrottlingException", "Rate exceeded") from error
    if lease is None:
        raise _invalid(f"Endpoint {endpoint} of account {ACCOUNT_ID} not found.")
    return lease


def _check(sent: Mapping[str, str], body: bytes, limits: Limits) -> None:
    if len(body) > limits.invocation_body:
        raise _invalid(
            "1 validation error detected: Value at 'body' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limits.invocation_body}"
        )
    for name in _NOT_EMULATED:
        if name.lower() in sent:
            raise emulated.refusal(name, "ValidationError")
    for name, longest in _LONGEST.items():
        if len(sent.get(name.lower(), "")) > longest:
            raise _invalid(
                f"1 validation error detected: Value at '{name}' failed to satisfy constraint: "
                f"Member must have length less than or equal to {longest}"
            )


def _ask(lease: Lease, sent: Mapping[str, str], body: bytes, limits: Limits, *, endpoint: str, region: str) -> Reply:
    passed = {name: sent[name.lower()] for name in _PASSED_ON if name.lower() in sent}
    try:
        return lease.instance.server.request("POST", "/invocations", body, passed, limits.invocation)
    except AnswerTimeoutError as error:
        raise _model_error(0, _TIMED_OUT, endpoint, region) from error
    except ContainerError as error:
        raise _model_error(0, str(error), endpoint, region) from error


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def _model_error(status: int, text: str, endpoint: str, region: str) -> AwsError:
    side = "client" if 0 < status < _SERVER_ERROR else "server"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    message = (
        f'Received {side} error ({status}) from primary with message "{text}". '
        f"See https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group} "
        f"in account {ACCOUNT_ID} for more information."
    )
    members: dict[str, object] = {
        "OriginalStatusCode": status,
        "OriginalMessage": text,
        "LogStreamArn": f"arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:{group}",
    }
    return AwsError("ModelError", message, 424, members)
