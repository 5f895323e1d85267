from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.sqs import contents

TIMESTAMP = {"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}}
OF_ALL_KINDS = {
    "ccc": {"DataType": "String", "StringValue": "testjunk"},
    "aaa": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"},
    "zzz": {"DataType": "Number", "StringValue": "0230.01"},
    "öther_encodings": {"DataType": "String", "StringValue": "Tüst"},
}


@pytest.mark.parametrize(
    ("attributes", "digest"),
    [(TIMESTAMP, "235c5c510d26fb653d073faed50ae77c"), (OF_ALL_KINDS, "8ae21a7957029ef04146b42aeaa18a22"), ({}, None)],
)
def test_the_digest_of_attributes(attributes: Any, digest: str | None) -> None:
    """The digest of a message's attributes is the one that SQS gives.

    Source: the digests that getmoto/moto's tests/test_sqs/test_sqs.py expects, and other emulators with it.
    """
    assert contents.md5_of_attributes(attributes) == digest


@pytest.mark.parametrize("body", ["\x00", "a\x0b", "\ud800", "\ufffe", "\x1f"])
def test_forbidden_characters(body: str) -> None:
    """A body with a character that XML does not have is refused (SQS API Reference, SendMessage)."""
    with pytest.raises(AwsError) as refused:
        contents.parse({"MessageBody": body})
    assert refused.value.code == "InvalidMessageContents"


@pytest.mark.parametrize("body", [" ", "\t\n\r", "ü", "\ud7ff\ue000\ufffd", "\U00010000\U0010ffff"])
def test_allowed_characters(body: str) -> None:
    """All other characters are good."""
    assert contents.parse({"MessageBody": body}).body == body


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS.mine", {"DataType": "String", "StringValue": "a"}),
        ("amazon.mine", {"DataType": "String", "StringValue": "a"}),
        (".a", {"DataType": "String", "StringValue": "a"}),
        ("a.", {"DataType": "String", "StringValue": "a"}),
        ("a..b", {"DataType": "String", "StringValue": "a"}),
        ("a b", {"DataType": "String", "StringValue": "a"}),
        ("a" * 257, {"DataType": "String", "StringValue": "a"}),
        ("a", {"DataType": "Text", "StringValue": "a"}),
        ("a", {"DataType": "String", "StringValue": ""}),
        ("a", {"DataType": "String"}),
        ("a", {"DataType": "Binary", "StringValue": "a"}),
        ("a", {"DataType": "Number", "StringValue": "one"}),
    ],
)
def test_bad_attributes(name: str, value: dict[str, str]) -> None:
    """An attribute with a reserved or malformed name, an unknown type or no value of its type is refused."""
    with pytest.raises(AwsError) as refused:
        contents.parse({"MessageBody": "b", "MessageAttributes": {name: value}})
    assert refused.value.code == "InvalidParameterValue"


def test_the_size_of_a_message() -> None:
    """Attributes count with name, type and value (SQS Developer Guide, message quotas)."""
    attributes = {"name": {"DataType": "String", "StringValue": "ü"}}
    assert contents.parse({"MessageBody": "üü", "MessageAttributes": attributes}).size == 4 + 4 + 6 + 2
