"""What of a request is emulated: the rest is refused in so many words, never ignored.

A service whose refusals have a code of its own says how it refuses; the others answer ValidationException.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from localcloud.errors import AwsError


def refusal(what: str, code: str = "ValidationException", status: int = 400) -> AwsError:
    """Return the answer to what AWS has and the local cloud does not have."""
    return AwsError(code, f"{what} is not emulated by the local cloud", status)


def unknown(what: str) -> AwsError:
    """Return the answer to a service or an operation that AWS has and the local cloud does not have."""
    return refusal(what, "NotImplemented", 501)


def only(given: Iterable[str], members: str, path: str = "", refuse: Callable[[str], AwsError] = refusal) -> None:
    """Refuse any member of a request's part that is not among the space-separated ``members``."""
    for name in given:
        if name not in members.split():
            raise refuse(f"{path}{name}")


def value(part: Mapping[str, Any], member: str, default: Any, emulated: Container[Any], path: str = "") -> Any:  # noqa: ANN401  JSON
    """Return a member or its default; refuses a value that is not ``emulated``."""
    found = part.get(member, default)
    if found not in emulated:
        raise refusal(f"{path}{member}={found}")
    return found


def unique(names: Iterable[str], what: str) -> None:
    """Refuse a list in which a name comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise AwsError("ValidationException", f"{what} must be unique: {name} is there twice")
        seen.add(name)
