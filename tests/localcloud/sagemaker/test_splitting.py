from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localcloud.errors import DataError
from localcloud.sagemaker.splitting import SPLITS, Record, multi_records, single_records
from tests.localcloud.sagemaker.record_formats import MAGIC, crc32c, recordio, tfrecord

texts = st.lists(st.sampled_from([b"\n", b"a", b"bb", b"\r", b"\xff"]), max_size=60).map(b"".join)
payloads = st.lists(st.lists(st.sampled_from([MAGIC, b"a", b"\0", b"xyz"]), max_size=6).map(b"".join), max_size=8)
FRAMES = {"RecordIO": recordio, "TFRecord": tfrecord}


def lines(text: bytes) -> list[Record]:
    return list(SPLITS["Line"](BytesIO(text)))


@given(texts, st.integers(min_value=8, max_value=40))
def test_no_byte_is_lost_moved_or_doubled(text: bytes, limit: int) -> None:
    """The requests put together are the object, and each is within the limit and knows its records."""
    records = lines(text)
    if any(len(record.framed) > limit for record in records):
        with pytest.raises(DataError):
            list(multi_records(records, limit))
        return
    for split in (multi_records, single_records):
        requests = list(split(records, limit))
        assert b"".join(request.body for request in requests) == text
        assert all(0 < len(request.body) <= limit for request in requests)
        assert all(b"".join(request.records) == request.body for request in requests)


@given(texts, st.integers(min_value=8, max_value=40))
@example(b"abc\n" * 5, 8)
def test_requests_are_as_full_as_lines_allow(text: bytes, limit: int) -> None:
    """No request could have taken the first line of the one after it."""
    requests = list(multi_records([record for record in lines(text) if len(record.framed) <= limit], limit))
    firsts = [request.records[0] for request in requests]
    pairs = zip(requests, firsts[1:], strict=False)
    assert all(len(one.body) + len(first) > limit for one, first in pairs)


@given(texts)
def test_without_a_limit_one_request_holds_all(text: bytes) -> None:
    """Where the payload may be of any size, MultiRecord sends the whole object at once, and nothing of an empty one."""
    assert [request.body for request in multi_records(lines(text), None)] == [text] * bool(text)


@pytest.mark.parametrize("split", ["RecordIO", "TFRecord"])
@given(given_payloads=payloads)
def test_records_come_out_of_their_frames(split: str, given_payloads: list[bytes]) -> None:
    """Each payload is found, also one that holds RecordIO's magic word; the frames put together are the object."""
    content = b"".join(map(FRAMES[split], given_payloads))
    records = list(SPLITS[split](BytesIO(content)))
    assert [record.alone for record in records] == given_payloads
    assert b"".join(record.framed for record in records) == content


@pytest.mark.parametrize("split", ["RecordIO", "TFRecord"])
@given(cut=st.integers(min_value=1, max_value=30))
def test_a_cut_or_foreign_object_is_refused(split: str, cut: int) -> None:
    """An object that ends within a record, or is something else, is no list of records."""
    content = FRAMES[split](b"a record that is long enough to be cut")
    for wrong in (content[:cut], b"x" * cut):
        with pytest.raises(DataError):
            list(SPLITS[split](BytesIO(wrong)))


def test_the_checksum_is_the_one_of_its_standard() -> None:
    """RFC 3720, B.4: CRC-32C of 32 bytes of zeros (here of the writer that the tests above trust)."""
    assert crc32c(bytes(32)) == 0x8A9136AA
