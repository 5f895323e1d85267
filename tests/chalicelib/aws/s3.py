"""One bucket with versions, in memory."""

import io
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5
from itertools import islice, takewhile
from typing import Any

from tests.chalicelib.aws.refusals import refused


@dataclass(frozen=True)
class Stored:
    """A version of an object, or a delete marker (no content)."""

    key: str
    version: str
    modified: datetime
    content: bytes | None


@dataclass
class Objects:
    """A bucket that keeps versions; a ``page`` of a list is so short that tests meet a second one."""

    bucket: str
    time: Callable[[], datetime] = field(repr=False)
    page: int = 4  # entries
    versions: dict[str, list[Stored]] = field(default_factory=dict)  # the newest first
    _numbers: dict[str, int] = field(default_factory=dict)  # versions of each key so far, those forgotten too
    _sorted: list[str] = field(default_factory=list, repr=False, compare=False)  # the keys; empty: to be sorted anew

    def put(self, key: str, content: bytes | None) -> str:
        """Store a version, or with no content a delete marker; return its id."""
        if key not in self.versions:
            self._sorted.clear()
        self._numbers[key] = self._numbers.get(key, 0) + 1
        version = f"v{self._numbers[key]}"
        self.versions.setdefault(key, []).insert(0, Stored(key, version, self.time(), content))
        return version

    def forget(self, key: str) -> None:
        """Delete all versions of a key for good."""
        del self.versions[key]
        self._sorted.clear()

    def read(self, key: str) -> bytes:
        """Return the content of a key's newest version."""
        return self._find(key).content or b""

    def list_keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix."""
        if not self._sorted:
            self._sorted += sorted(self.versions)
        first = bisect_left(self._sorted, prefix)
        return list(takewhile(lambda key: key.startswith(prefix), islice(self._sorted, first, None)))

    def head_object(self, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        stored = self._find(Key, VersionId)
        content = stored.content or b""
        return {"VersionId": stored.version, "ETag": _etag(content), "ContentLength": len(content)}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self._find(Key).content or b"")}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str = "", IfNoneMatch: str = "") -> Any:
        if IfNoneMatch and Key in self.versions and self.versions[Key][0].content is not None:
            raise refused("PreconditionFailed", 412)
        return {"VersionId": self.put(Key, Body)}

    def delete_object(self, Bucket: str, Key: str) -> Any:
        return {"VersionId": self.put(Key, None)}

    def copy(self, source: dict[str, str], bucket: str, key: str) -> None:
        self.put(key, self._find(source["Key"], source.get("VersionId")).content)

    def list_object_versions_pages(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        found = [stored for key in self.list_keys(Prefix) for stored in self.versions[key]]
        return [self._page(found[start : start + self.page]) for start in range(0, len(found) or 1, self.page)]

    def list_objects_v2_pages(self, Bucket: str, Prefix: str, StartAfter: str) -> list[dict[str, Any]]:
        found = [self.versions[key][0] for key in self.list_keys(Prefix) if key > StartAfter]
        listed = [
            {"Key": one.key, "ETag": _etag(one.content), "Size": len(one.content)}
            for one in found
            if one.content is not None
        ]
        return [{"Contents": listed[start : start + self.page]} for start in range(0, len(listed) or 1, self.page)]

    def _page(self, found: list[Stored]) -> dict[str, Any]:
        page: dict[str, Any] = {}
        for stored in found:
            latest = self.versions[stored.key][0] is stored
            entry = {
                "Key": stored.key,
                "VersionId": stored.version,
                "IsLatest": latest,
                "LastModified": stored.modified,
            }
            if stored.content is None:
                page.setdefault("DeleteMarkers", []).append(entry)
            else:
                entry |= {"ETag": _etag(stored.content), "Size": len(stored.content)}
                page.setdefault("Versions", []).append(entry)
        return page

    def _find(self, key: str, version: str | None = None) -> Stored:
        of_key = self.versions.get(key, [])
        stored = next((one for one in of_key if version in (None, one.version)), None)
        if stored is None or stored.content is None:
            raise refused("NoSuchKey" if version is None else "NoSuchVersion", 404)
        return stored


def _etag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'
