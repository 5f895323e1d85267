"""Decides what a request's conditions and range allow; pure.

Sources: RFC 9110 sections 13 and 14, and the S3 User Guide, "Add preconditions to S3 operations".
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from localcloud.errors import AwsError
from localcloud.s3 import refusals

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def is_named(etag: str, condition: str) -> bool:
    """Say whether a list of ETags, quoted or not, or ``*`` names an ETag."""
    names = [name.strip().removeprefix("W/").strip('"') for name in condition.split(",")]
    return condition.strip() == "*" or etag in names


def is_unchanged(members: Mapping[str, Any], etag: str, modified: datetime, prefix: str = "") -> bool:
    """Say whether a reader has what there is, which is a 304; raises AwsError PreconditionFailed.

    ``prefix`` is that of the members' names, as of the conditions on a copy's source.
    """
    second = modified.replace(microsecond=0)  # as precise as the header that the reader has seen
    match, none_match = members.get(prefix + "IfMatch"), members.get(prefix + "IfNoneMatch")
    if match is not None:
        if not is_named(etag, match):
            raise refusals.precondition_failed("If-Match")
    elif (until := members.get(prefix + "IfUnmodifiedSince")) and second > until:
        raise refusals.precondition_failed("If-Unmodified-Since")
    if none_match is not None:
        return is_named(etag, none_match)
    since = members.get(prefix + "IfModifiedSince")
    return since is not None and second <= since


def check_source(members: Mapping[str, Any], etag: str, modified: datetime) -> None:
    """Let a copy go on; raises AwsError PreconditionFailed, where a reader would get a 304, too."""
    if is_unchanged(members, etag, modified, "CopySource"):
        raise refusals.precondition_failed("x-amz-copy-source-If-None-Match")


def check_write(members: Mapping[str, Any], key: str, etag: str | None) -> None:
    """Let a write go on whose key has an object with ``etag``, or None; raises AwsError."""
    match, none_match = members.get("IfMatch"), members.get("IfNoneMatch")
    if none_match is not None and none_match.strip() != "*":
        raise refusals.not_emulated("If-None-Match of a write with another value than *")  # by AWS neither
    if none_match is not None and etag is not None:
        raise refusals.precondition_failed("If-None-Match")
    if match is not None and etag is None:
        raise refusals.no_such_key(key)
    if match is not None and etag is not None and not is_named(etag, match):
        raise refusals.precondition_failed("If-Match")


def span(text: str | None, size: int) -> tuple[int, int] | None:
    """Read a range as start and length; None for the whole, also where the header is none that S3 serves.

    Raises AwsError InvalidRange if no byte is in it.
    """
    found = _RANGE.fullmatch((text or "").strip().replace(" ", ""))
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        members: dict[str, object] = {
            "RangeRequested": text,
            "ActualObjectSize": size,
            "content-range": f"bytes */{size}",
        }
        raise AwsError("InvalidRange", "The requested range is not satisfiable", 416, members)
    return start, end - start
