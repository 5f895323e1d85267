"""What of a request is emulated: the rest is refused in so many words, never ignored."""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from localcloud.errors import AwsError


def refusal(what: str) -> AwsError:
    """Return the answer to what AWS has and the local cloud does not have yet."""
    return AwsError("ValidationException", f"{what} is not emulated by the local cloud yet")


def only(part: Mapping[str, Any], members: str, path: str = "") -> None:
    """Refuse any member of a request's part that is not among the space-separated ``members``."""
    for name in part:
        if name not in members.split():
            raise refusal(f"{path}{name}")


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
