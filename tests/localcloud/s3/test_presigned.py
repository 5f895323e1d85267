from datetime import timedelta
from typing import Any

import pytest


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned(cloud: Any, version: str) -> None:
    """An object is stored and read by presigned addresses, without another signature."""
    signer = cloud.client("s3", signature_version=version)
    signer.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    place = {"Bucket": "bucket", "Key": f"signed +% {version}"}
    put = signer.generate_presigned_url("put_object", place | {"Metadata": {"m": "1"}})
    get = signer.generate_presigned_url("get_object", place | {"ResponseContentType": "text/plain"})
    put, get = (url.removeprefix(cloud.cloud.endpoint_url) for url in (put, get))
    assert cloud.request("PUT", put, b"content", {"x-amz-meta-m": "1"})[0] == 200
    status, headers, body = cloud.request("GET", get)
    assert (status, body) == (200, b"content")
    assert (headers["Content-Type"], headers["x-amz-meta-m"]) == ("text/plain", "1")


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_expired(bucket: Any, version: str) -> None:
    """A presigned address ends by the cloud's clock: S3 User Guide, "Sharing objects with presigned URLs"."""
    bucket.put("k", b"content")
    signer = bucket.service.client(signature_version=version)
    url = signer.generate_presigned_url("get_object", {"Bucket": bucket.name, "Key": "k"}, ExpiresIn=600)
    path = url.removeprefix(bucket.service.url)
    assert bucket.send("GET", path) == (200, b"content")
    bucket.service.ahead = timedelta(seconds=700)
    status, answer = bucket.send("GET", path)
    assert (status, b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in answer) == (403, True)
    signer.close()


@pytest.mark.parametrize("parameters", ["X-Amz-Date=yesterday&X-Amz-Expires=1", "X-Amz-Expires=604801"])
def test_malformed(bucket: Any, parameters: str) -> None:
    """A presigned address without a time, or for more than a week, is refused."""
    date = "" if "Date" in parameters else "&X-Amz-Date=20260102T000000Z"
    path = f"/{bucket.name}/k?X-Amz-Credential=a%2F20260102%2Fus-east-1%2Fs3%2Faws4_request&{parameters}{date}"
    status, answer = bucket.send("GET", path)
    assert (status, b"AuthorizationQueryParametersError" in answer) == (400, True)
