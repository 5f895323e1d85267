"""Pages of a listing: keys in the order of their UTF-8 bytes, those with a common prefix rolled up; pure.

What is rolled up is skipped by its successor, so that a folder of a million keys costs one step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

_BATCH, _SMALL_BATCH = 1_000, 32  # where keys may be rolled up, most of a batch would be read in vain
_SURROGATES = (0xD800, 0xE000)
_LAST = 0x10FFFF


class Entry(Protocol):
    """What is listed."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def number(self) -> int:
        """Its place among those of one key."""


E = TypeVar("E", bound=Entry)


class Position(NamedTuple):
    """Where a page begins: at a key, behind a number among those of the key; None: with all of them."""

    key: str
    number: int | None = None


Fetch = Callable[[Position, str | None, int], Sequence[E]]  # from, up to (without it), at most


@dataclass(frozen=True)
class Page(Generic[E]):
    """What one answer holds; ``last`` is the last key or prefix, if there is more."""

    entries: list[E]
    prefixes: list[str]
    last: E | str | None


def page(fetch: "Fetch[E]", begin: Position, *, prefix: str, delimiter: str, limit: int) -> Page[E]:
    """Make a page of at most ``limit`` entries and common prefixes together."""
    entries: list[E] = []
    prefixes: list[str] = []
    last: E | str | None = None
    position: Position | None = max(begin, Position(prefix, None), key=lambda place: place.key.encode())
    end, batch = successor(prefix), min(limit + 1, _SMALL_BATCH if delimiter else _BATCH)
    while position is not None:
        found = fetch(position, end, batch)
        position = None
        for entry in found:
            if len(entries) + len(prefixes) >= limit:
                return Page(entries, prefixes, last)
            common = common_prefix(entry.key, prefix, delimiter)
            position = Position(entry.key, entry.number)
            if common is not None:
                prefixes.append(common)
                last, after = common, successor(common)
                position = Position(after) if after is not None else None
                break
            entries.append(entry)
            last = entry
    return Page(entries, prefixes, None)


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """Return what a key is rolled up to, or None."""
    end = key.find(delimiter, len(prefix)) if delimiter else -1
    return key[: end + len(delimiter)] if end >= 0 else None


def successor(prefix: str) -> str | None:
    """Return the first text behind all that begin with ``prefix``; None if there is none."""
    for index in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[index]) + 1
        if code <= _LAST:
            return prefix[:index] + chr(_SURROGATES[1] if code == _SURROGATES[0] else code)
    return None
