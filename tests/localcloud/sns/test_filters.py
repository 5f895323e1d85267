import json
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.sns.filters import accepts, check

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "store": {"DataType": "String", "StringValue": "example_corp"},
    "price": {"DataType": "Number", "StringValue": "210.75"},
    "count": {"DataType": "Number", "StringValue": "3"},
    "interests": {"DataType": "String.Array", "StringValue": '["soccer", "rugby", 4, true, null]'},
    "blob": {"DataType": "Binary", "BinaryValue": b"soccer"},
}


@pytest.mark.parametrize(
    ("policy", "accepted"),
    [
        ({}, True),
        ({"store": ["example_corp"]}, True),
        ({"store": ["other", {"prefix": "example"}]}, True),
        ({"store": ["other"]}, False),
        ({"store": [{"anything-but": ["example_corp"]}]}, False),
        ({"missing": [{"anything-but": ["x"]}]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"store": [{"exists": True}], "price": [{"numeric": [">", 200, "<=", 210.75]}]}, True),
        ({"price": [{"numeric": ["<", 200]}]}, False),
        ({"count": [3]}, True),
        ({"interests": ["rugby"]}, True),
        ({"interests": [True]}, True),
        ({"interests": ["tennis"]}, False),
        ({"blob": ["soccer"]}, False),
        ({"store": ["example_corp"], "count": [4]}, False),
        ({"$or": [{"store": ["other"]}, {"count": [3]}]}, True),
    ],
)
def test_by_attributes(policy: Any, *, accepted: bool) -> None:
    """All keys must match, each by any of its values; a binary attribute matches nothing.

    Source: SNS Developer Guide, "Attribute-based filter policy", with its example's attributes.
    """
    text = json.dumps(policy)
    check(text, "MessageAttributes")
    assert accepts(text, "MessageAttributes", ATTRIBUTES, "no JSON") is accepted


@pytest.mark.parametrize(
    ("body", "accepted"),
    [('{"detail": {"kind": ["a", "b"]}}', True), ('{"detail": {"kind": "c"}}', False), ("text", False), ("[1]", False)],
)
def test_by_body(body: str, *, accepted: bool) -> None:
    """With the scope MessageBody the message is matched as JSON; one that is no JSON object matches nothing."""
    policy = json.dumps({"detail": {"kind": ["a"]}})
    check(policy, "MessageBody")
    assert accepts(policy, "MessageBody", {}, body) is accepted


@pytest.mark.parametrize(
    ("policy", "scope", "words"),
    [
        ("{", "MessageAttributes", "failed to parse JSON"),
        ("[]", "MessageAttributes", "failed to parse JSON"),
        ('{"a": ["b"]}', "Body", "FilterPolicyScope"),
        ('{"a": {"b": ["c"]}}', "MessageAttributes", "nested"),
        ('{"a": "b"}', "MessageBody", "FilterPolicy: "),
        ('{"a": [{"like": "b"}]}', "MessageBody", "like"),
        (json.dumps({str(key): ["v"] for key in range(6)}), "MessageBody", "5 keys"),
        (json.dumps({"a": {"b": list(range(76))}}), "MessageBody", "150"),
    ],
)
def test_refused(policy: str, scope: str, words: str) -> None:
    """A policy that cannot be used, or is too large, is InvalidParameter and says why."""
    with pytest.raises(AwsError) as refused:
        check(policy, scope)
    assert refused.value.code == "InvalidParameter"
    assert words in refused.value.message
