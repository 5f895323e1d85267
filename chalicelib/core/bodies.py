"""A caller's body, read strictly: each limit is checked before the step that a body beyond it could hurt.

Size, content encoding, media type and UTF-8 come before any parsing, and the depth of JSON before the recursive parser
sees it. JSON is held to what every reader understands alike: no member twice, no NaN, no number that is longer than
Python converts. A byte order mark is passed over. The price: a strict reader refuses some bodies that others take.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from chalicelib.core.errors import InvalidRequestError, PayloadTooLargeError, UnsupportedMediaTypeError

MAX_BODY = 6 * 1024 * 1024  # bytes, Lambda's own payload limit
MAX_DEPTH = 8  # an instance in a list of instances needs three

# A string, closed or not, or a bracket. It never gives a character back, so that its time is linear in the body's size.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


@dataclass(frozen=True)
class Body:
    """A body as it came, with what its headers say of it."""

    content_type: str
    data: bytes
    content_encoding: str = ""


def read_text(body: Body, accepted: Collection[str]) -> tuple[str, str]:
    """Return a body's media type, one of the accepted ones, and its text.

    Raises
    ------
    UnsupportedMediaTypeError, PayloadTooLargeError, InvalidRequestError
        With a message for the caller.
    """
    media_type, _, parameters = body.content_type.partition(";")
    media_type = media_type.strip().lower()
    if media_type not in accepted:
        raise UnsupportedMediaTypeError(f"send the content type {' or '.join(accepted)}")
    if body.content_encoding.strip().lower() not in {"", "identity"}:
        raise UnsupportedMediaTypeError("send the body as it is, without a content encoding")
    if _charset(parameters) not in {"", "utf-8", "utf8"}:
        raise UnsupportedMediaTypeError("send the body in UTF-8")
    if len(body.data) > MAX_BODY:
        raise PayloadTooLargeError(f"the body has {len(body.data)} bytes; the limit is {MAX_BODY}")
    try:
        return media_type, body.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"the body is not UTF-8: byte {error.start} cannot be read") from error


def read_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """Parse JSON.

    Raises
    ------
    InvalidRequestError
        With a message for the caller, which quotes nothing.
    """
    if _depth(text) > MAX_DEPTH:
        raise InvalidRequestError(f"the JSON is nested too deeply: {MAX_DEPTH} levels are read")
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_members)
    except json.JSONDecodeError as error:
        raise InvalidRequestError(f"the body is not JSON: line {error.lineno}, column {error.colno}") from error
    except ValueError as error:  # Python converts no more than some thousands of digits
        raise InvalidRequestError("the body is not JSON that can be read: a number has too many digits") from error


def _depth(text: str) -> int:
    """Count the levels of nesting, as far as the text is JSON."""
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in "]}":
            depth -= 1
    return deepest


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return ""


def _refuse_constant(name: str) -> None:
    raise InvalidRequestError(f"{name} is no JSON number")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidRequestError("an object of the JSON has a member twice")
    return members
