"""The body of a request as a stream of its content, verified at its end.

It comes plain or in AWS's own chunked coding, whose chunks may be signed and whose trailer may hold the checksum
(API Reference, "Signature calculations: transferring payload in multiple chunks"). Signatures are not checked; lengths
and checksums are.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import IO

from localcloud.errors import AwsError
from localcloud.s3 import digests, refusals

PIECE = 262_144  # bytes that are held at a time
_LINE = 16_384
_DOCUMENT = 8_388_608  # 10,000 parts with a checksum each fit
_CHECKSUM = "x-amz-checksum-"


class Payload:
    """One body, to be read once; ``headers`` by their names in small letters."""

    def __init__(self, stream: IO[bytes], headers: Mapping[str, str], *, verified: bool = True) -> None:
        self._stream = stream
        self._coded = headers.get("x-amz-content-sha256", "").startswith("STREAMING-") or "aws-chunked" in headers.get(
            "content-encoding", ""
        )
        self._trailer: dict[str, str] = {}
        self.length = _length(headers, coded=self._coded)
        self._md5 = digests.new("MD5")
        self._expected_md5 = _content_md5(headers)
        self.algorithm, self._expected = _expected(headers) if verified else (None, None)
        self._checksum = digests.new(self.algorithm) if self.algorithm else None

    def calculate(self, algorithm: str) -> None:
        """Let `checksum` be by this algorithm where the request names none; raises AwsError if it is not emulated."""
        if self.algorithm is None:
            self.algorithm, self._checksum = algorithm, digests.new(algorithm)

    @property
    def md5(self) -> bytes:
        """The MD5 of the content, once it was read."""
        return self._md5.digest()

    @property
    def checksum(self) -> str | None:
        """The checksum by `algorithm`, once the content was read."""
        return digests.written(self._checksum.digest()) if self._checksum else None

    def pieces(self) -> Iterator[bytes]:
        """Yield the content; raises AwsError at the end if it is not what the request said."""
        size = 0
        for piece in _decoded(self._stream, self._trailer) if self._coded else _plain(self._stream):
            size += len(piece)
            self._md5.update(piece)
            if self._checksum:
                self._checksum.update(piece)
            yield piece
        if self.length is not None and size != self.length:
            message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
            raise AwsError("IncompleteBody", message)
        self._verify()

    def document(self) -> bytes:
        """Read a whole small body, as XML is; raises AwsError as `pieces` does."""
        found = bytearray()
        for piece in self.pieces():
            found += piece
            if len(found) > _DOCUMENT:
                raise AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
        return bytes(found)

    def _verify(self) -> None:
        if self._expected_md5 is not None and self._expected_md5 != self.md5:
            raise AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.")
        if self.algorithm is None:
            return
        expected = self._expected or self._trailer.get(_CHECKSUM + self.algorithm.lower())
        if expected is not None and expected != self.checksum:
            message = f"The {self.algorithm} you specified did not match the calculated checksum."
            raise AwsError("BadDigest", message)


def _length(headers: Mapping[str, str], *, coded: bool) -> int | None:
    length = headers.get("x-amz-decoded-content-length" if coded else "content-length")
    if length is None:
        return None
    if not (length.isascii() and length.isdigit()):
        raise refusals.invalid_argument("The length is no number.", "Content-Length", length)
    return int(length)


def _content_md5(headers: Mapping[str, str]) -> bytes | None:
    if "content-md5" not in headers:
        return None
    try:
        expected = b64decode(headers["content-md5"], validate=True)
    except binascii.Error:
        expected = b""
    if len(expected) != 16:  # noqa: PLR2004  an MD5's length
        raise AwsError("InvalidDigest", "The Content-MD5 you specified is not valid.")
    return expected


def _expected(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Find the one algorithm that is asked for, and the value if it comes before the body."""
    given = {
        name[len(_CHECKSUM) :].upper(): value
        for name, value in headers.items()
        if name.startswith(_CHECKSUM) and name[len(_CHECKSUM) :].upper() in digests.KNOWN
    }
    trailing = headers.get("x-amz-trailer", "").strip().lower()
    if trailing.startswith(_CHECKSUM):
        given.setdefault(trailing[len(_CHECKSUM) :].upper(), "")
    if len(given) > 1:
        message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        raise refusals.invalid_request(message)
    for algorithm, value in given.items():
        return algorithm, value or None
    asked = headers.get("x-amz-sdk-checksum-algorithm", "").upper()
    return (asked or None), None


def _plain(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


def _decoded(stream: IO[bytes], trailer: dict[str, str]) -> Iterator[bytes]:
    """Yield the content of AWS's chunks, and put the lines behind the last one into ``trailer``."""
    buffered = _Buffered(stream)
    while left := _chunk_size(buffered.line()):
        while left:
            piece = buffered.some(left)
            left -= len(piece)
            yield piece
        if buffered.line():
            raise refusals.invalid_request("A chunk is longer than it says.")
    while line := buffered.line(at_end=True):
        name, _, value = line.decode("latin-1").partition(":")
        trailer[name.strip().lower()] = value.strip()


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError as error:
        raise refusals.invalid_request("A chunk's size is no hexadecimal number.") from error


class _Buffered:
    """Lines and bytes of a stream; large amounts pass by the buffer."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._held = b""

    def line(self, *, at_end: bool = False) -> bytes:
        while (end := self._held.find(b"\n")) < 0:
            more = self._stream.read(_LINE) if len(self._held) < _LINE else b""
            if not more and at_end and not self._held:
                return b""
            self._held += more or _missing()
        line, self._held = self._held[:end], self._held[end + 1 :]
        return line.rstrip(b"\r")

    def some(self, most: int) -> bytes:
        if not self._held:
            return self._stream.read(min(most, PIECE)) or _missing()
        piece, self._held = self._held[:most], self._held[most:]
        return piece


def _missing() -> bytes:
    raise AwsError("IncompleteBody", "The request body terminated unexpectedly")
