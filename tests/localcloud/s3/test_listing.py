from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.s3.listing import Position, page, successor

TEXT = st.text(st.sampled_from("ab/\U0010ffff\ud7ff\ue000"), max_size=5)


@dataclass(frozen=True)
class Listed:
    key: str
    number: int


def fetcher(keys: Sequence[str]) -> Any:
    entries = [Listed(key, 1) for key in sorted(keys, key=lambda key: key.encode())]

    def fetch(position: Position, end: str | None, limit: int) -> Sequence[Listed]:
        start = position.key.encode()
        behind = 2 if position.number is None else position.number
        found = [
            entry
            for entry in entries
            if (entry.key.encode() > start or (entry.key == position.key and entry.number < behind))
            and (end is None or entry.key.encode() < end.encode())
        ]
        return found[:limit]

    return fetch


@given(TEXT, TEXT)
def test_successor(prefix: str, key: str) -> None:
    """The successor of a prefix is behind all keys that begin with it, and before all others that are behind it."""
    after = successor(prefix)
    if key.startswith(prefix):
        assert after is None or key.encode() < after.encode()
    elif key.encode() > prefix.encode():
        assert after is not None
        assert key.encode() >= after.encode()


@given(st.sets(TEXT, max_size=12), TEXT, st.sampled_from(["", "/", "a/", "ab"]), st.integers(1, 5))
def test_pages(keys: set[str], prefix: str, delimiter: str, limit: int) -> None:
    """Pages together hold every key once: itself, or its common prefix, in the order of UTF-8 bytes."""
    expected: list[str] = []
    for key in sorted(keys, key=lambda key: key.encode()):
        if key.startswith(prefix):
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            name = key if end < 0 else key[: end + len(delimiter)]
            if not expected or expected[-1] != name or end < 0:
                expected.append(name)
    found: list[str] = []
    position: Position | None = Position("")
    while position is not None:
        got = page(fetcher([*keys]), position, prefix=prefix, delimiter=delimiter, limit=limit)
        assert len(got.entries) + len(got.prefixes) <= limit
        found += sorted([*(entry.key for entry in got.entries), *got.prefixes], key=lambda name: name.encode())
        if isinstance(got.last, str):
            after = successor(got.last)
            position = None if after is None else Position(after)
        else:
            position = got.last and Position(got.last.key, got.last.number)
    assert found == expected


@pytest.fixture
def filled(bucket: Any) -> Any:
    for key in ("a", "b/1", "b/2", "b/c/3", "c d+", "ü"):
        bucket.put(key)
    return bucket


def keys_of(pages: Any) -> list[str]:
    found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return found + [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_pages_over_the_wire(filled: Any, operation: str, size: int) -> None:
    """Both listings go through all keys in pages of any size: API Reference, "ListObjectsV2"."""

    def listed(**asked: Any) -> list[str]:
        paginator = filled.s3.get_paginator(operation)
        return keys_of([*paginator.paginate(Bucket=filled.name, PaginationConfig={"PageSize": size}, **asked)])

    assert listed() == ["a", "b/1", "b/2", "b/c/3", "c d+", "ü"]
    assert listed(Delimiter="/") == ["a", "c d+", "ü", "b/"]
    assert listed(Delimiter="/", Prefix="b/") == ["b/1", "b/2", "b/c/"]
    assert listed(Prefix="b/2") == ["b/2"]
    assert listed(Prefix="nothing") == []


def test_beginning_behind_a_key(filled: Any) -> None:
    """A listing begins behind a key, and says what it was asked for."""
    answer = filled.call("list_objects_v2", StartAfter="b/2", MaxKeys=2)
    assert keys_of([answer]) == ["b/c/3", "c d+"]
    assert (answer["StartAfter"], answer["KeyCount"], answer["IsTruncated"], answer["Name"]) == (
        *("b/2", 2, True),
        filled.name,
    )
    for none in ("!", "é", "bm9uZQ=="):
        assert filled.refused("list_objects_v2", ContinuationToken=none) == (400, "InvalidArgument")
    assert filled.call("list_objects_v2", MaxKeys=0)["IsTruncated"] is False


def test_pages_of_versions(bucket: Any) -> None:
    """All versions and delete markers are listed, in pages of any size."""
    bucket.keep_versions()
    for key in ("a", "b", "a"):
        bucket.put(key)
    bucket.call("delete_object", Key="a")
    whole = bucket.call("list_object_versions")
    for size in (1, 2, 3):
        paginator = bucket.s3.get_paginator("list_object_versions")
        pages = [*paginator.paginate(Bucket=bucket.name, PaginationConfig={"PageSize": size})]
        for kind in ("Versions", "DeleteMarkers"):
            found = [entry["VersionId"] for page in pages for entry in page.get(kind, [])]
            assert found == [entry["VersionId"] for entry in whole[kind]]
