"""Addresses of objects: the console's on AWS, the object's own elsewhere."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.addresses import of_object

AWS = "https://s3.{}.amazonaws.com"
LOCAL = "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    ("endpoint_url", "partition", "region", "key", "address"),
    [
        (
            AWS.format("eu-central-1"),
            "aws",
            "eu-central-1",
            "monitoring/reviews/c1/report.html",
            "https://eu-central-1.console.aws.amazon.com/s3/object/b?region=eu-central-1&prefix=monitoring/reviews/c1/report.html",
        ),
        (
            "https://s3.amazonaws.com",
            "aws",
            "us-east-1",
            "a b+c&d=1%20#é?",
            "https://us-east-1.console.aws.amazon.com/s3/object/b?region=us-east-1&prefix=a%20b%2Bc%26d%3D1%2520%23%C3%A9%3F",
        ),
        (
            "https://s3.cn-north-1.amazonaws.com.cn",
            "aws-cn",
            "cn-north-1",
            "k",
            "https://cn-north-1.console.amazonaws.cn/s3/object/b?region=cn-north-1&prefix=k",
        ),
        (
            AWS.format("us-gov-west-1"),
            "aws-us-gov",
            "us-gov-west-1",
            "k",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/s3/object/b?region=us-gov-west-1&prefix=k",
        ),
        (
            "https://bucket.vpce-1a2b-c3d4.s3.eu-west-1.vpce.amazonaws.com",
            "aws",
            "eu-west-1",
            "k",
            "https://eu-west-1.console.aws.amazon.com/s3/object/b?region=eu-west-1&prefix=k",
        ),
        ("https://s3.us-iso-east-1.c2s.ic.gov", "aws-iso", "us-iso-east-1", "k", None),
        (LOCAL, "aws", "us-east-1", "monitoring/r/c/report.html", f"{LOCAL}/b/monitoring/r/c/report.html"),
        (f"{LOCAL}/", "aws-cn", "cn-north-1", "a b+c&d=1%20#é?", f"{LOCAL}/b/a%20b%2Bc%26d%3D1%2520%23%C3%A9%3F"),
        (
            "https://amazonaws.com.example",
            "aws",
            "us-east-1",
            "k",
            "https://amazonaws.com.example/b/k",
        ),
    ],
)
def test_addresses(endpoint_url: str, partition: str, region: str, key: str, address: str | None) -> None:
    """On AWS the console of the region's partition has the object's page, elsewhere the endpoint has the object."""
    assert of_object("b", key, endpoint_url=endpoint_url, partition=partition, region=region) == address


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_keys_come_back(key: str) -> None:
    """Whatever a key holds, the browser asks the console and the local cloud for that very key."""
    on_aws = of_object("b", key, endpoint_url=AWS.format("eu-west-1"), partition="aws", region="eu-west-1")
    local = of_object("b", key, endpoint_url=LOCAL, partition="aws", region="eu-west-1")
    assert on_aws is not None
    assert local is not None
    assert parse_qs(urlsplit(on_aws).query, keep_blank_values=True) == {"region": ["eu-west-1"], "prefix": [key]}
    assert urlsplit(local)[:2] == urlsplit(LOCAL)[:2]
    assert unquote(urlsplit(local).path) == f"/b/{key}"
    assert not urlsplit(local).query + urlsplit(local).fragment
