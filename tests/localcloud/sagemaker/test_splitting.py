import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import DataError
from localcloud.sagemaker.splitting import multi_records, single_records

texts = st.lists(st.sampled_from([b"\n", b"a", b"bb", b"\r", b"\xff"]), max_size=60).map(b"".join)


@given(texts, st.integers(min_value=8, max_value=40))
def test_no_byte_is_lost_moved_or_doubled(text: bytes, limit: int) -> None:
    """The requests put together are the object, and each is within the limit."""
    lines = [line + b"\n" for line in text.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    lines = [line for line in lines if line]
    if any(len(line) > limit for line in lines):
        with pytest.raises(DataError):
            list(multi_records(lines, limit))
        return
    for split in (multi_records, single_records):
        requests = list(split(lines, limit))
        assert b"".join(requests) == text
        assert all(0 < len(request) <= limit for request in requests)


@given(texts, st.integers(min_value=8, max_value=40))
def test_requests_are_as_full_as_lines_allow(text: bytes, limit: int) -> None:
    """No request could have taken the first line of the one after it."""
    lines = [line for line in text.splitlines(keepends=True) if len(line) <= limit]
    requests = list(multi_records(lines, limit))
    firsts = [request.splitlines(keepends=True)[0] for request in requests]
    assert all(len(one) + len(first) > limit for one, first in zip(requests, firsts[1:], strict=False))
