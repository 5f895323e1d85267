"""Which invocations of an endpoint are captured, what of them, and how one of them is written as a line of JSON.

A body is text (CSV, JSON) only if its media type is one of those that the config lists, else BASE64. Parameters do not
count: users' captured lines hold ``text/csv; charset=utf-8`` as CSV, and the header as it was sent. A body of a listed
type that is no UTF-8 is BASE64 as well, since a line must be writable whatever was sent (ours). Pure.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from localcloud import emulated
from localcloud.errors import AwsError
from localcloud.sagemaker.objects import Location
from localcloud.sagemaker.store import Data

_PATH = "DataCaptureConfig."
_EVERYTHING = 100


@dataclass(frozen=True)
class CaptureSpec:
    """Where invocations are captured to, how many in a hundred, which sides, and which types are text."""

    destination: Location
    percentage: int
    modes: frozenset[str]  # Input, Output
    csv: frozenset[str]
    json: frozenset[str]

    @classmethod
    def parse(cls, config: Data) -> Self | None:
        """Read the DataCaptureConfig of an endpoint config, None if there is none or it is off; raises AwsError."""
        capture = config.get("DataCaptureConfig")
        if capture is None:
            return None
        emulated.only(
            capture,
            "EnableCapture InitialSamplingPercentage DestinationS3Uri KmsKeyId CaptureOptions CaptureContentTypeHeader",
            _PATH,
        )
        types = capture.get("CaptureContentTypeHeader", {})
        modes = {option["CaptureMode"] for option in capture["CaptureOptions"]}
        spec = cls(
            Location.parse(capture["DestinationS3Uri"]),
            capture["InitialSamplingPercentage"],
            frozenset({"Input", "Output"} if "InputAndOutput" in modes else modes),
            _lower(types.get("CsvContentTypes", ())),
            _lower(types.get("JsonContentTypes", ())),
        )
        if spec.csv & spec.json:
            both = ", ".join(sorted(spec.csv & spec.json))
            raise AwsError("ValidationException", f"{_PATH}CaptureContentTypeHeader lists {both} as CSV and as JSON")
        return spec if capture.get("EnableCapture", True) else None

    def wants(self, draw: float) -> bool:
        """Say whether an invocation is captured, by a random number in [0, 1)."""
        return draw * _EVERYTHING < self.percentage


@dataclass(frozen=True)
class Payload:
    """One side of an invocation."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Request:
    """What a caller asked, and when."""

    time: datetime
    inference_id: str | None
    payload: Payload


@dataclass(frozen=True)
class Invocation:
    """An invocation that was answered."""

    event_id: str
    asked: Request
    answered: Payload

    @property
    def size(self) -> int:
        """How many bytes of the caller's and the model's are in it."""
        return len(self.asked.payload.body) + len(self.answered.body)


def summary(config: Data) -> Data | None:
    """Return what DescribeEndpoint tells of an endpoint config's capture; None if it has none."""
    capture = config.get("DataCaptureConfig")
    if capture is None:
        return None
    enabled = capture.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


def line(spec: CaptureSpec, invocation: Invocation) -> bytes:
    """Return an invocation as one line of a captured file, in the form that Model Monitor reads."""
    sides = (("Input", "endpointInput", invocation.asked.payload), ("Output", "endpointOutput", invocation.answered))
    metadata = {"eventId": invocation.event_id, "inferenceTime": f"{invocation.asked.time:%Y-%m-%dT%H:%M:%SZ}"}
    if invocation.asked.inference_id is not None:
        metadata["inferenceId"] = invocation.asked.inference_id
    written = {
        "captureData": {name: _side(spec, mode, payload) for mode, name, payload in sides if mode in spec.modes},
        "eventMetadata": metadata,
        "eventVersion": "0",
    }
    return json.dumps(written, separators=(",", ":")).encode() + b"\n"


def folder(endpoint: str, variant: str, time: datetime) -> str:
    """Return the folder below the destination of what was asked at a time (UTC)."""
    return f"{endpoint}/{variant}/{time:%Y/%m/%d/%H}"


def file_name(first: datetime, new_id: str) -> str:
    """Return the name of a file: minute, second and millisecond of its first invocation, and an id."""
    return f"{first:%M-%S}-{first.microsecond // 1000:03d}-{new_id}.jsonl"


def _side(spec: CaptureSpec, mode: str, payload: Payload) -> dict[str, str]:
    data, encoding = _encoded(spec, payload)
    return {
        "observedContentType": payload.content_type,
        "mode": mode.upper(),
        "data": data,
        "encoding": encoding,
    }


def _encoded(spec: CaptureSpec, payload: Payload) -> tuple[str, str]:
    media_type = payload.content_type.partition(";")[0].strip().lower()
    for encoding, types in (("CSV", spec.csv), ("JSON", spec.json)):
        if media_type in types:
            try:
                return payload.body.decode(), encoding
            except UnicodeDecodeError:
                break
    return base64.b64encode(payload.body).decode("ascii"), "BASE64"


def _lower(types: list[str] | tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name in types)
