"""How a batch transform cuts an object into records and puts them into requests: pure functions over a file's bytes.

Lines are sent as they are, with their newline: what is sent, put together again, is the object. A last line without a
newline is a line. A cut knows no quotes and no header: a newline within quotes ends a record, and of a CSV file only
the first request holds the header. An empty object is no request at all.

The records of RecordIO and TFRecord files stay in their frames in a request of several, and come out of them alone
(API Reference, TransformInput: "padding is removed if the value of BatchStrategy is set to SingleRecord"; that the
padding is the whole frame is our reading). Of a TFRecord the checksum of the length is looked at, since a wrong length
would cut all that follows; the checksum of the data is the container's to look at.

Sources of the frames: the format comments of dmlc-core's recordio.h and of TensorFlow's record_writer.h.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from localcloud.errors import DataError

_MAGIC = struct.pack("<I", 0xCED7230A)
_LENGTH = (1 << 29) - 1  # the lower bits of a RecordIO frame's second word; the upper three are its part
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
_CASTAGNOLI = 0x82F63B78
_MASK = 0xA282EAD8


@dataclass(frozen=True)
class Record:
    """One record: its bytes in the object, and those that are sent when it is alone in a request."""

    framed: bytes
    alone: bytes


@dataclass(frozen=True)
class Request:
    """One request: its body, and the records of the object that it is made of, as they are there."""

    body: bytes
    records: tuple[bytes, ...]


def lines(file: BinaryIO) -> Iterator[Record]:
    """Yield each line with its newline."""
    for line in file:
        yield Record(line, line)


def whole(file: BinaryIO) -> Iterator[Record]:
    """Yield the object as one record."""
    if content := file.read():
        yield Record(content, content)


def recordio(file: BinaryIO) -> Iterator[Record]:
    """Yield each record of a RecordIO file; raises DataError."""
    while head := file.read(8):
        framed = b""
        parts: list[bytes] = []
        while True:
            if len(head) != 8 or head[:4] != _MAGIC:  # noqa: PLR2004  two words
                raise DataError("the object is not in RecordIO format")
            part, length = divmod(struct.unpack("<I", head[4:])[0], _LENGTH + 1)
            if part not in ((_MIDDLE, _LAST) if parts else (_WHOLE, _FIRST)):
                raise DataError("the object is not in RecordIO format")
            content = _exactly(file, length + -length % 4, "RecordIO")
            framed += head + content
            parts.append(content[:length])
            if part in (_WHOLE, _LAST):
                break
            head = file.read(8)
        yield Record(framed, _MAGIC.join(parts))  # a record was cut where it holds the magic word


def tfrecords(file: BinaryIO) -> Iterator[Record]:
    """Yield each record of a TFRecord file; raises DataError."""
    while head := file.read(12):
        if len(head) != 12 or struct.unpack("<I", head[8:])[0] != masked_crc(head[:8]):  # noqa: PLR2004  length, crc
            raise DataError("the object is not in TFRecord format")
        length = struct.unpack("<Q", head[:8])[0]
        content = _exactly(file, length + 4, "TFRecord")
        yield Record(head + content, content[:length])


SPLITS: dict[str, Callable[[BinaryIO], Iterator[Record]]] = {
    "None": whole,
    "Line": lines,
    "RecordIO": recordio,
    "TFRecord": tfrecords,
}


def masked_crc(data: bytes) -> int:
    """Return the checksum of TFRecord files: CRC-32C, rotated, with a constant added."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_CASTAGNOLI if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def single_records(
    records: Iterable[Record], limit: int | None, sent: Callable[[bytes], bytes] = bytes
) -> Iterator[Request]:
    """Yield each record as one request, as ``sent`` makes it; raises DataError if one is above ``limit`` bytes."""
    for record in records:
        yield Request(_within(sent(record.alone), limit), (record.framed,))


def multi_records(
    records: Iterable[Record], limit: int | None, sent: Callable[[bytes], bytes] = bytes
) -> Iterator[Request]:
    """Yield requests of as many records as fit into ``limit`` bytes; raises DataError if one does not."""
    bodies: list[bytes] = []
    batch: list[bytes] = []
    size = 0
    for record in records:
        body = _within(sent(record.framed), limit)
        if batch and limit is not None and size + len(body) > limit:
            yield Request(b"".join(bodies), tuple(batch))
            bodies, batch, size = [], [], 0
        bodies.append(body)
        batch.append(record.framed)
        size += len(body)
    if batch:
        yield Request(b"".join(bodies), tuple(batch))


def _within(body: bytes, limit: int | None) -> bytes:
    if limit is not None and len(body) > limit:
        raise DataError(f"a record of {len(body)} bytes is above MaxPayloadInMB ({limit} bytes)")
    return body


def _exactly(file: BinaryIO, count: int, name: str) -> bytes:
    content = file.read(count)
    if len(content) != count:
        raise DataError(f"the object ends within a record of its {name} format")
    return content
