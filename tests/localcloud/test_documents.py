from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud import documents

KEYS = st.one_of(st.text(max_size=8), st.sampled_from(["$time", "$bytes", "$$time", "$$bytes", "$"]))
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.datetimes(timezones=st.just(UTC)),
)
DATA = st.recursive(LEAVES, lambda inner: st.one_of(st.lists(inner), st.dictionaries(KEYS, inner)), max_leaves=5)


def test_times_and_bytes() -> None:
    """What JSON cannot say comes back from a document as it went in."""
    data = {
        "at": datetime(2028, 2, 29, 12, tzinfo=UTC),
        "body": b"\x00\xff",
        "list": [1, 2.5, None, "text", {"a": True}],
    }
    assert documents.loads(documents.dumps(data)) == data


@given(DATA)
def test_what_is_written_is_read(data: Any) -> None:
    """Every document comes back as it was, whatever users call the keys of their maps (ours)."""
    assert documents.loads(documents.dumps(data)) == data


def test_a_users_map_is_no_time() -> None:
    """A map of users' whose only key is one of our marks stays a map (tags and hyperparameters may be called so)."""
    assert documents.loads(documents.dumps({"Tags": {"$time": "x"}})) == {"Tags": {"$time": "x"}}


def test_only_what_can_be_read_is_written() -> None:
    """What would come back as something else is no document."""
    with pytest.raises(TypeError, match="set is not kept"):
        documents.dumps({"a": {1}})
