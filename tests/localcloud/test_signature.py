import pytest

from localcloud.signature import Scope, scope_of

SIGNED = "AWS4-HMAC-SHA256 Credential={}/20260102/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=00"


@pytest.mark.parametrize(
    ("authorization", "query", "expected"),
    [
        (SIGNED.format("AKIA", "s3"), "", Scope("s3", "eu-west-1")),
        (SIGNED.format("AKIA", "SageMaker"), "", Scope("sagemaker", "eu-west-1")),
        (SIGNED.format("with/slash", "sqs").replace(", ", ","), "", Scope("sqs", "eu-west-1")),
        ("AWS AKIA:signature", "", Scope("s3", "us-east-1")),
        (
            "",
            "X-Amz-Credential=AKIA%2F20260102%2Feu-west-1%2Fs3%2Faws4_request",
            Scope("s3", "eu-west-1", presigned=True),
        ),
        ("", "AWSAccessKeyId=A&Signature=b&Expires=1", Scope("s3", "us-east-1", presigned=True)),
        ("Bearer token", "", None),
        ("", "q=1", None),
        ("AWS4-HMAC-SHA256 Credential=AKIA/eu-west-1/s3", "", None),
        ("AWS4-HMAC-SHA256 nothing", "", None),
        ("AWS4-HMAC-SHA256 Credential=AKIA/20260102/../s3/aws4_request", "", None),
    ],
)
def test_scope(authorization: str, query: str, expected: Scope | None) -> None:
    """The service and the region are those that the request was signed for, wherever the signature stands."""
    assert scope_of(authorization, query) == expected
