"""How a batch transform cuts an object into requests: pure functions over lines of bytes.

Lines are sent as they are, with their newline: what is sent, put together again, is the object. A last line without a
newline is a line. An empty object is no request at all.
"""

from collections.abc import Iterable, Iterator

from localcloud.errors import DataError


def single_records(lines: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Yield each line as one request; raises DataError if one is above ``limit`` bytes."""
    for line in lines:
        if len(line) > limit:
            raise DataError(f"ClientError: a record of {len(line)} bytes is above MaxPayloadInMB ({limit} bytes)")
        yield line


def multi_records(lines: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Yield requests of as many whole lines as fit into ``limit`` bytes; raises DataError if one line does not."""
    batch: list[bytes] = []
    size = 0
    for line in single_records(lines, limit):
        if size + len(line) > limit:
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield b"".join(batch)
