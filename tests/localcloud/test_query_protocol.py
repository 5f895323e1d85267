"""Round trips against botocore's own serializer and parser, for a model with every form that the protocol has."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import botocore.parsers
import botocore.serialize
import botocore.session
import pytest
from botocore.model import Shape, StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.errors import AwsError
from localcloud.protocol import model
from localcloud.query_protocol import parse, render

# of services whose models use lists and maps that are flattened, nested and of names of their own
OPERATIONS = [
    ("sns", "Subscribe"),
    ("sns", "PublishBatch"),
    ("sns", "TagResource"),
    ("sns", "GetTopicAttributes"),
    ("sns", "ListSubscriptions"),
    ("sns", "GetSMSAttributes"),
    ("ses", "SendEmail"),
    ("cloudformation", "CreateStack"),
    ("cloudformation", "DescribeStacks"),
    ("autoscaling", "CreateAutoScalingGroup"),
    ("elasticache", "DescribeCacheClusters"),
    ("rds", "DescribeDBInstances"),
    ("sdb", "PutAttributes"),
]
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), include_characters="\r\n\t"), min_size=1)
TIMES = st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis wants naive bounds


def values(shape: Shape, depth: int = 4) -> st.SearchStrategy[Any]:
    """Draw what a shape allows, as botocore takes and gives it."""
    if isinstance(shape, StructureShape):
        members = {name: values(member, depth - 1) for name, member in shape.members.items()} if depth else {}
        needed = {name: member for name, member in members.items() if name in shape.required_members}
        return st.fixed_dictionaries(
            needed, optional={name: member for name, member in members.items() if name not in needed}
        )
    if shape.type_name == "list":
        return st.lists(values(shape.member, depth - 1), min_size=1, max_size=2)  # type: ignore[attr-defined]  # a list's
    if shape.type_name == "map":
        return st.dictionaries(TEXT, values(shape.value, depth - 1), min_size=1, max_size=2)  # type: ignore[attr-defined]  # a map's
    choices = shape.metadata.get("enum")
    if choices:
        return st.sampled_from(choices)
    numbers = st.integers(-(2**31), 2**31 - 1)
    by_type = {
        "boolean": st.booleans(),
        "integer": numbers,
        "long": numbers,
        "float": st.floats(allow_nan=False, allow_infinity=False),
        "double": st.floats(allow_nan=False, allow_infinity=False),
        "timestamp": TIMES,
        "blob": st.binary(min_size=1),
    }
    return by_type.get(shape.type_name, TEXT)


def without_empty(value: Any) -> Any:
    """Leave out structures without members, which a form cannot tell from none."""
    if isinstance(value, dict):
        parts = {name: without_empty(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part not in ({}, [])}
    return [part for part in map(without_empty, value) if part != {}] if isinstance(value, list) else value


def form_of(service: str, operation: str, request: Mapping[str, Any]) -> dict[str, str]:
    serializer = botocore.serialize.create_serializer("query", include_validation=False)
    body = serializer.serialize_to_request(dict(request), model(service, operation))["body"]
    return dict(parse_qsl(urlencode(body), keep_blank_values=True))


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_requests_come_as_they_were_sent(service: str, operation: str) -> None:
    """What botocore writes as a form is read back equal, whatever the model's lists and maps look like."""
    shape = model(service, operation).input_shape
    assert shape is not None

    @settings(max_examples=25)
    @given(values(shape).map(without_empty))
    def read_back(request: dict[str, Any]) -> None:
        try:
            read = parse(service, operation, form_of(service, operation, request))
        except AwsError as refused:  # beyond a limit of the model, or without what it needs
            assert refused.code == "ValidationError"  # noqa: PT017  a property over good and bad requests
        else:
            assert without_empty(read) == request

    read_back()


@pytest.mark.parametrize(("service", "operation"), [each for each in OPERATIONS if model(*each).output_shape])
def test_answers_are_read_as_they_were_given(service: str, operation: str) -> None:
    """What is answered botocore parses to the same values, with the request's id."""
    shape = model(service, operation).output_shape
    assert shape is not None
    parser = botocore.parsers.create_parser("query")

    @settings(max_examples=15)
    @given(values(shape))
    def parsed(answer: dict[str, Any]) -> None:
        body = render(service, operation, answer, "request-1")
        told = parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)
        assert told.pop("ResponseMetadata")["RequestId"] == "request-1"
        assert told == answer

    parsed()


def test_an_operation_without_answer_has_metadata_only() -> None:
    """An operation whose model has no output is answered with its request's id, as AWS does."""
    body = render("sns", "DeleteTopic", {}, "request-1").decode()
    assert body.endswith(
        '<DeleteTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">'
        "<ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata></DeleteTopicResponse>"
    )


def test_entries_count_by_their_numbers() -> None:
    """The tenth member follows the ninth, in whatever order the form names them."""
    form = {f"TagKeys.member.{number}": str(number) for number in (10, 2, 1, 9)}
    assert parse("sns", "UntagResource", {"ResourceArn": "a", **form})["TagKeys"] == ["1", "2", "9", "10"]


@pytest.mark.parametrize(
    ("form", "code", "words"),
    [
        ({}, "ValidationError", "Name"),
        (
            {"Name": "t", "Tags.member.1.Key": "k" * 129, "Tags.member.1.Value": ""},
            "ValidationError",
            "'tags.1.member.key'",
        ),
        ({"Name": "t", "Attributes.entry.1.value": "v"}, "MalformedInput", "Attributes.entry.1.key"),
    ],
)
def test_refused(form: dict[str, str], code: str, words: str) -> None:
    """A form that the model does not allow is refused by the member's name."""
    with pytest.raises(AwsError) as refused:
        parse("sns", "CreateTopic", form)
    assert refused.value.code == code
    assert words in refused.value.message


@pytest.mark.parametrize("text", ["yes", "1", "True", ""])
def test_not_of_its_type(text: str) -> None:
    """A text that is no boolean is MalformedInput, not false."""
    form = {"TopicArn": "a", "Protocol": "sqs", "ReturnSubscriptionArn": text}
    with pytest.raises(AwsError) as refused:
        parse("sns", "Subscribe", form)
    assert refused.value.code == "MalformedInput"
