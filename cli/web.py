"""JSON over HTTP: the application's routes and the local cloud's own pages. Loopback is never asked through a proxy."""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from cli.errors import AnswerError

_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_PROBE_TIMEOUT_S = 5.0
_ANSWER_TIMEOUT_S = 35.0  # above API Gateway's own 29 s


def probe(url: str) -> Any | None:  # noqa: ANN401 - JSON
    """Return what a page says; None if nobody answers there."""
    try:
        return _ask(urllib.request.Request(url), _PROBE_TIMEOUT_S)  # noqa: S310 - as `_ask`
    except (OSError, ValueError):  # OSError: refused, reset, timed out, an HTTP error
        return None


def post_json(url: str, document: object) -> Any:  # noqa: ANN401 - JSON
    """Post a document and return the answer.

    Raises
    ------
    AnswerError
        If the answer is an error (its own words are given), or there is none.
    """
    request = urllib.request.Request(  # noqa: S310 - as `_ask`
        url, data=json.dumps(document).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        return _ask(request, _ANSWER_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        raise AnswerError(f"{url} answered {error.code}: {_words_of(error)}") from error
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise AnswerError(f"{url} did not answer: {reason}") from error
    except ValueError as error:
        raise AnswerError(f"{url} answered with something that is not JSON: is this the application?") from error


def _ask(request: urllib.request.Request, timeout: float) -> Any:  # noqa: ANN401 - JSON
    """Open addresses of a local cloud's own file or of the stack's outputs: http or https, never a person's text."""
    direct = [urllib.request.ProxyHandler({})] if urlsplit(request.full_url).hostname in _LOOPBACK else []
    with urllib.request.build_opener(*direct).open(request, timeout=timeout) as answer:
        return json.load(answer)


def _words_of(error: urllib.error.HTTPError) -> str:
    """Take the sentence out of a problem document (RFC 9457) or of API Gateway's own errors."""
    try:
        document = json.load(error)
    except (OSError, ValueError):
        return str(error.reason)
    if isinstance(document, dict):
        return str(document.get("detail") or document.get("message") or document.get("Message") or error.reason)
    return str(error.reason)
