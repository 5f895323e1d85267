"""Pages of a list: a token names the last entry of its page.

So entries that come or go between two pages neither repeat nor hide others.
"""

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from localcloud.errors import AwsError

T = TypeVar("T")
Key = tuple[str, ...]


def page(
    entries: Iterable[T],
    key: Callable[[T], Key],
    size: int,
    token: str | None,
    *,
    wrong: AwsError,
    descending: bool = False,
) -> tuple[Sequence[T], str | None]:
    """Return the entries behind a token in the order of their keys, at most ``size``, and the next token, or None.

    Raises ``wrong`` for a token that is none.
    """
    found = sorted(entries, key=key, reverse=descending)
    if token is not None:
        last = read_token(token, wrong)
        found = [each for each in found if (key(each) < last if descending else key(each) > last)]
    return found[:size], write_token(key(found[size - 1])) if len(found) > size else None


def write_token(last: Key) -> str:
    """Write a key so that nobody takes it for one."""
    return base64.urlsafe_b64encode(json.dumps(last).encode()).decode("ascii")


def read_token(token: str, wrong: AwsError) -> Key:
    """Read the key that a token was written of, of one text at least; raises ``wrong`` for a token that is none."""
    try:
        read = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except ValueError:  # no ASCII, no base64, no UTF-8 or no JSON
        raise wrong from None
    if not isinstance(read, list) or not read or not all(isinstance(part, str) for part in read):
        raise wrong
    return tuple(read)
