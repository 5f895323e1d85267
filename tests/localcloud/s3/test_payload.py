import base64
import hashlib
import io
import zlib
from typing import IO, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import AwsError
from localcloud.s3.digests import Crc32, joined_crc32, written
from localcloud.s3.payload import Payload

CODED = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "content-encoding": "aws-chunked"}
SIGNED = {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}


def crc32(content: bytes) -> str:
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def coded(chunks: list[bytes], trailer: bytes = b"", signature: bytes = b"") -> bytes:
    """Write AWS's chunked coding; an empty chunk in the middle would end it."""
    lines = [b"%x%b\r\n%b\r\n" % (len(chunk), signature, chunk) for chunk in chunks if chunk]
    return b"".join([*lines, b"0%b\r\n" % signature, trailer, b"\r\n"])


class Trickle(io.BytesIO):
    """A stream that gives few bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(3, 3 if size is None or size < 0 else size))


def read(body: bytes, headers: dict[str, str], stream: type[io.BytesIO] = io.BytesIO) -> bytes:
    return b"".join(Payload(cast("IO[bytes]", stream(body)), headers).pieces())


@given(st.lists(st.binary(max_size=40), max_size=5), st.sampled_from([io.BytesIO, Trickle]), st.booleans())
def test_chunked_content(chunks: list[bytes], stream: type[io.BytesIO], signed: bool) -> None:  # noqa: FBT001
    """Any content comes out of AWS's chunks as it went in, signed or not, with its checksum in the trailer."""
    content = b"".join(chunks)
    trailer = f"x-amz-checksum-crc32:{crc32(content)}\r\n".encode()
    headers = {
        **(SIGNED if signed else CODED),
        "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-decoded-content-length": str(len(content)),
    }
    signature = b";chunk-signature=" + b"0" * 64 if signed else b""
    assert read(coded(chunks, trailer, signature), headers, stream) == content


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (coded([b"1234"], b"x-amz-checksum-crc32:AAAAAA==\r\n"), "BadDigest"),
        (coded([b"123"]), "IncompleteBody"),
        (b"4\r\n12", "IncompleteBody"),
        (b"4\r\n1234", "IncompleteBody"),
        (b"x\r\n1234\r\n0\r\n\r\n", "InvalidRequest"),
        (b"2\r\n1234\r\n0\r\n\r\n", "InvalidRequest"),
    ],
)
def test_wrong_chunks(body: bytes, code: str) -> None:
    """A body that is cut off, is not coded as it says or has another checksum is refused."""
    headers = {**CODED, "x-amz-trailer": "x-amz-checksum-crc32", "x-amz-decoded-content-length": "4"}
    with pytest.raises(AwsError) as refused:
        read(body, headers)
    assert refused.value.code == code


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_joined_crc32(parts: list[bytes]) -> None:
    """The CRC-32 of parts in a row comes from those of the parts."""
    assert joined_crc32((crc32(part), len(part)) for part in parts) == crc32(b"".join(parts))


def test_crc32_is_zlibs() -> None:
    """The checksum is written as S3 does: base64 of the bytes, the highest first."""
    digest = Crc32()
    digest.update(b"12")
    digest.update(b"3")
    assert written(digest.digest()) == crc32(b"123")


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_over_the_wire(bucket: Any, algorithm: str) -> None:
    """A checksum that boto3 computes is verified, kept, and told to who asks: "Checking object integrity"."""
    stored = bucket.put("k", b"123", ChecksumAlgorithm=algorithm)[f"Checksum{algorithm}"]
    told = bucket.call("head_object", Key="k", ChecksumMode="ENABLED")
    assert (told[f"Checksum{algorithm}"], told["ChecksumType"]) == (stored, "FULL_OBJECT")
    assert f"Checksum{algorithm}" not in bucket.call("head_object", Key="k")
    wrong = {f"Checksum{algorithm}": base64.b64encode(b"x" * len(base64.b64decode(stored))).decode()}
    assert bucket.refused("put_object", Key="k", Body=b"123", **wrong) == (400, "BadDigest")
    assert bucket.get("k") == b"123"


def test_content_md5(bucket: Any) -> None:
    """A body with another MD5 than it says is not stored, nor is one whose MD5 is none."""
    before = bucket.service.files()
    for digest, code in ((hashlib.md5(b"other", usedforsecurity=False).digest(), "BadDigest"), (b"1", "InvalidDigest")):
        given_md5 = base64.b64encode(digest).decode()
        assert bucket.refused("put_object", Key="k", Body=b"123", ContentMD5=given_md5) == (400, code)
    assert bucket.service.files() == before
    bucket.put("k", b"1", ContentMD5=base64.b64encode(hashlib.md5(b"1", usedforsecurity=False).digest()).decode())


def test_trailers_over_the_wire(bucket: Any) -> None:
    """A chunked body with a trailer, as SDKs send it, is stored decoded, and its coding is not its content's."""
    content = bytes(range(256)) * 1000
    body = coded([content[:100_000], content[100_000:]], f"x-amz-checksum-crc32:{crc32(content)}\r\n".encode())
    headers = {
        "X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "Content-Encoding": "gzip,aws-chunked",
        "X-Amz-Trailer": "x-amz-checksum-crc32",
        "X-Amz-Decoded-Content-Length": str(len(content)),
    }
    assert bucket.send("PUT", f"/{bucket.name}/k", body, headers)[0] == 200
    answer = bucket.call("get_object", Key="k")
    assert (answer["Body"].read(), answer["ContentEncoding"]) == (content, "gzip")
    assert bucket.call("head_object", Key="k", ChecksumMode="ENABLED")["ChecksumCRC32"] == crc32(content)
    wrong = body.replace(crc32(content).encode(), b"AAAAAA==")
    assert bucket.send("PUT", f"/{bucket.name}/wrong", wrong, headers)[0] == 400
    assert bucket.refused("head_object", Key="wrong") == (404, "404")


def test_a_body_of_unknown_length(bucket: Any) -> None:
    """A body in HTTP's chunks is stored; one of which nothing is said is refused (API Reference, "Error responses")."""
    assert bucket.send("PUT", f"/{bucket.name}/k", iter([b"12", b"3"]))[0] == 200
    assert bucket.get("k") == b"123"
    headers = {"x-amz-checksum-crc32": crc32(b"1"), "x-amz-checksum-sha1": "AAAA", "Content-Length": "1"}
    assert b"InvalidRequest" in bucket.send("PUT", f"/{bucket.name}/k", b"1", headers)[1]
    headers = {"Content-Length": str(5 * 1024**3 + 1)}
    assert b"EntityTooLarge" in bucket.send("PUT", f"/{bucket.name}/k", b"", headers)[1]
