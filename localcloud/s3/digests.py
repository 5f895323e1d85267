"""Checksums of a body, by the algorithms that Python's standard library has.

CRC32C, CRC64NVME and the XXHASH family would need a library of their own, or a table in Python at a hundredth of the
speed: an upload that asks for one of them is refused.
"""

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterable
from typing import Protocol

from localcloud.s3 import refusals

KNOWN = frozenset(
    ("CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128")
)


class Digest(Protocol):
    """What takes bytes and gives their checksum, as hashlib's objects do."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """Give the checksum of all bytes so far."""


class Crc32:
    """CRC-32 as a digest; four bytes, the highest first."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        """Give the checksum of all bytes so far."""
        return self._value.to_bytes(4, "big")


_MAKERS: dict[str, Callable[[], Digest]] = {
    "CRC32": Crc32,
    "MD5": lambda: hashlib.md5(usedforsecurity=False),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
}


def new(algorithm: str) -> Digest:
    """Begin a checksum; raises AwsError for an algorithm that is not emulated."""
    if algorithm not in _MAKERS:
        raise refusals.not_emulated(f"the checksum algorithm {algorithm}")
    return _MAKERS[algorithm]()


def written(digest: bytes) -> str:
    """Write a checksum as S3 does."""
    return base64.b64encode(digest).decode("ascii")


def composite(algorithm: str, parts: Iterable[str]) -> str:
    """Give the checksum of a multipart object that is made of its parts' checksums."""
    whole, count = new(algorithm), 0
    for part in parts:
        whole.update(base64.b64decode(part))
        count += 1
    return f"{written(whole.digest())}-{count}"


def joined_crc32(parts: Iterable[tuple[str, int]]) -> str:
    """Give the CRC-32 of parts in a row, from the checksum and the size of each: no byte is read again.

    A CRC of ``a + b`` is that of ``a`` with as many zero bits behind it as ``b`` has, plus that of ``b``; bits behind
    are powers of x, modulo the polynomial.
    """
    whole = 0
    for checksum, size in parts:
        shift, power, bits = _ONE, _X, size * 8
        while bits:
            if bits & 1:
                shift = _product(shift, power)
            power = _product(power, power)
            bits >>= 1
        whole = _product(whole, shift) ^ int.from_bytes(base64.b64decode(checksum), "big")
    return written(whole.to_bytes(4, "big"))


_ONE, _X, _POLYNOMIAL = 1 << 31, 1 << 30, 0xEDB88320  # CRC-32 writes the highest power in the lowest bit


def _product(first: int, second: int) -> int:
    product = 0
    for place in range(31, -1, -1):
        if first >> place & 1:
            product ^= second
        second = (second >> 1) ^ (_POLYNOMIAL if second & 1 else 0)
    return product
