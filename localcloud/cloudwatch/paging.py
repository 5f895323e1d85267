"""Pages of a list: a token is where the next page begins, written so that nobody takes it for a number."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from localcloud.errors import AwsError

T = TypeVar("T")


def page(items: Sequence[T], token: str | None, size: int) -> tuple[Sequence[T], str | None]:
    """Give one page and the token of the next, or None; raises AwsError InvalidNextToken."""
    start = _start(token) if token else 0
    end = start + size
    return items[start:end], base64.urlsafe_b64encode(b"from:%d" % end).decode() if end < len(items) else None


def _start(token: str) -> int:
    try:
        name, _, start = base64.urlsafe_b64decode(token).partition(b":")
        if name == b"from":
            return int(start)
    except (binascii.Error, ValueError):
        pass
    raise AwsError("InvalidNextToken", "The NextToken is not one that was given.")
