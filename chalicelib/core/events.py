"""EventBridge envelopes to typed, frozen events: one table, and nothing trusted that can be read again.

An event only says where to look, so each keeps little more than a name. Shapes: AWS's EventBridge documentation of S3
("Object Created", keys not URL-encoded), SageMaker (job, model package and endpoint state changes) and CloudWatch
("Alarm events and EventBridge").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core.errors import InvalidEventError

Envelope = Mapping[str, Any]


@dataclass(frozen=True)
class ObjectCreated:
    """An object was stored; ``version_id`` is None where the bucket keeps no versions."""

    bucket: str
    key: str
    version_id: str | None


@dataclass(frozen=True)
class JobChanged:
    """A processing, training or transform job changed its state."""

    name: str


@dataclass(frozen=True)
class ModelPackageChanged:
    """A version of a model package group, or its approval, changed."""

    group: str


@dataclass(frozen=True)
class EndpointChanged:
    """An endpoint changed its state."""

    name: str


@dataclass(frozen=True)
class AlarmChanged:
    """A CloudWatch alarm went into a state: ``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``."""

    name: str
    state: str


@dataclass(frozen=True)
class LookWanted:
    """Somebody wrote a wish into the ledger: look at the pipeline now, not only with the next sweep."""

    pipeline: str


SOURCE = "freshet"
LOOK_WANTED = "Freshet Look Wanted"  # of our own events

Event = ObjectCreated | JobChanged | ModelPackageChanged | EndpointChanged | AlarmChanged | LookWanted


def _object_created(detail: Envelope) -> ObjectCreated:
    stored = detail["object"]
    return ObjectCreated(detail["bucket"]["name"], stored["key"], stored.get("version-id"))


_PARSERS: Mapping[tuple[str, str], Callable[[Envelope], Event]] = {
    ("aws.s3", "Object Created"): _object_created,
    ("aws.sagemaker", "SageMaker Processing Job State Change"): lambda d: JobChanged(d["ProcessingJobName"]),
    ("aws.sagemaker", "SageMaker Training Job State Change"): lambda d: JobChanged(d["TrainingJobName"]),
    ("aws.sagemaker", "SageMaker Transform Job State Change"): lambda d: JobChanged(d["TransformJobName"]),
    ("aws.sagemaker", "SageMaker Model Package State Change"): lambda d: ModelPackageChanged(
        d["ModelPackageGroupName"]
    ),
    ("aws.sagemaker", "SageMaker Endpoint State Change"): lambda d: EndpointChanged(d["EndpointName"]),
    ("aws.cloudwatch", "CloudWatch Alarm State Change"): lambda d: AlarmChanged(d["alarmName"], d["state"]["value"]),
    (SOURCE, LOOK_WANTED): lambda d: LookWanted(d["pipeline"]),
}


def parse(envelope: Envelope) -> Event:
    """Read one EventBridge envelope.

    Raises
    ------
    InvalidEventError
        If its kind is unknown or a documented field is missing.
    """
    try:
        kind = envelope["source"], envelope["detail-type"]
        detail = envelope["detail"]
    except (KeyError, TypeError) as error:
        raise InvalidEventError(f"not an EventBridge envelope: {error!r}") from error
    if kind not in _PARSERS:
        raise InvalidEventError(f"no rule of ours asks for {kind[1]!r} from {kind[0]!r}")
    try:
        return _PARSERS[kind](detail)
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidEventError(f"{kind[1]!r} without a documented field: {error!r}") from error
