"""What every HTTP request passes: errors that Chalice made become problems, and pages of other origins are let in.

Which origins may call is a setting, none by default. An origin is answered by its own name, never by ``*``, and never
with credentials: callers who write send a token of their own. What API Gateway refuses before us (a missing token, an
unknown route) is answered in its words and without these headers, so a page sees no more than that it failed.
"""

from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib import bootstrap
from chalicelib.handlers.answers import as_problem, request_id_of

blueprint = Blueprint(__name__)

_PREFLIGHT_S = "600"


@blueprint.middleware("http")
def edge(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Answer a request."""
    response = as_problem(get_response(request), request_id_of(request))
    origins = bootstrap.services().http.origins
    response.headers.update(_shared(request.headers.get("origin"), request.method, response.headers, origins))
    return response


def _shared(origin: str | None, method: str, headers: dict[str, Any], origins: frozenset[str]) -> dict[str, str]:
    """Return the headers that let a page of that origin read the answer, and send what it asks in a preflight."""
    if not origins:
        return {}
    vary = {"Vary": "Origin"}
    if origin not in origins:
        return vary
    let_in = {**vary, "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Retry-After"}
    if method != "OPTIONS":
        return let_in
    return {
        **let_in,
        "Access-Control-Allow-Methods": headers["Allow"],
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Max-Age": _PREFLIGHT_S,
    }
