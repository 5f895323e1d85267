"""Inference ids that we know as our own again without having stored them.

An id is ``<request id>-<instances>-<mac>``: 32 hexadecimal digits, how many instances the request held, and the first
96 bits of an HMAC-SHA256 over both and the pipeline. It has at most 62 of the 64 characters that SageMaker allows. So
predictions write nothing, and yet a label is taken only for what we answered. The price: an id is good for as long as
the key is, and a new key makes all earlier ids unknown.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

_ID = re.compile(r"(?P<request>[0-9a-f]{32})-(?P<count>[1-9][0-9]{0,3})-(?P<mac>[0-9a-f]{24})")
_MAC_DIGITS = 24


@dataclass(frozen=True)
class Inference:
    """What an inference id says: which pipeline was asked about how many instances."""

    inference_id: str
    pipeline: str
    count: int


def issue(key: bytes, pipeline: str, request_id: str, count: int) -> str:
    """Return the inference id of a request; its id is a UUID, as Lambda's are."""
    request = request_id.replace("-", "").lower()
    return f"{request}-{count}-{_mac(key, pipeline, request, count)}"


def recognise(key: bytes, pipelines: Iterable[str], inference_id: str) -> Inference | None:
    """Return what an id says that we issued; None for any other."""
    match = _ID.fullmatch(inference_id)
    if match is None:
        return None
    count = int(match["count"])
    for pipeline in pipelines:
        if hmac.compare_digest(_mac(key, pipeline, match["request"], count), match["mac"]):
            return Inference(inference_id, pipeline, count)
    return None


def _mac(key: bytes, pipeline: str, request: str, count: int) -> str:
    message = f"{pipeline}\n{request}\n{count}".encode()
    return hmac.digest(key, message, "sha256").hex()[:_MAC_DIGITS]
