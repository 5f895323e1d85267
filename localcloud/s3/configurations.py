"""Configurations of a bucket that are kept and answered as they came, and have no effect here.

What a configuration may hold is checked by its shape. The price: a lifecycle rule removes nothing, a policy and a
closure refuse nobody.
"""

import json
from dataclasses import dataclass

from localcloud.errors import AwsError
from localcloud.s3 import xml_documents
from localcloud.s3.answers import Answer
from localcloud.s3.requests import Call
from localcloud.s3.state import State


@dataclass(frozen=True)
class Kind:
    """One kind: how it is stored, and how S3 says that there is none."""

    name: str
    code: str
    message: str


ENCRYPTION = Kind(
    "encryption",
    "ServerSideEncryptionConfigurationNotFoundError",
    "The server side encryption configuration was not found",
)
LIFECYCLE = Kind("lifecycle", "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
CLOSURE = Kind(
    "publicAccessBlock", "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"
)
OWNERSHIP = Kind("ownershipControls", "OwnershipControlsNotFoundError", "The bucket ownership controls were not found")
CORS = Kind("cors", "NoSuchCORSConfiguration", "The CORS configuration does not exist")
POLICY = Kind("policy", "NoSuchBucketPolicy", "The bucket policy does not exist")
TAGGING = Kind("tagging", "NoSuchTagSet", "The TagSet does not exist")


def get(state: State, call: Call, kind: Kind) -> Answer:
    """Answer with a configuration as it came."""
    document = state.buckets.configuration(call.bucket, kind.name)
    if document is None:
        raise AwsError(kind.code, kind.message, 404, {"BucketName": call.bucket})
    content_type = "application/json" if kind is POLICY else "application/xml"
    return Answer(body=[document], content_type=content_type)


def put(state: State, call: Call, kind: Kind) -> Answer:
    """Keep a configuration; raises AwsError if it is none."""
    text = call.payload.document()
    if kind is POLICY:
        _check_policy(text)
    elif call.operation.payload is not None:
        name, shape = call.operation.payload
        xml_documents.read(text, shape, shape.serialization.get("name", name))
    state.buckets.configure(call.bucket, kind.name, text)
    return Answer()


def delete(state: State, call: Call, kind: Kind) -> Answer:
    """Forget a configuration."""
    state.buckets.configure(call.bucket, kind.name, None)
    return Answer()


def _check_policy(text: bytes) -> None:
    try:
        policy = json.loads(text)
    except ValueError as error:
        raise AwsError("MalformedPolicy", "This policy contains invalid Json") from error
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise AwsError("MalformedPolicy", "Missing required field Statement")
