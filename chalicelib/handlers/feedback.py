"""The route that writes, `POST /feedback`, and the Lambda authorizer of every route that does.

API Gateway asks the authorizer first and keeps its answer for five minutes, so a token that was revoked opens for as
long at most. The answer is for all routes, because it is kept by token and not by route.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from chalice.app import AuthRequest, AuthResponse, Blueprint, Response

from chalicelib import bootstrap
from chalicelib.handlers.answers import Routes, body_of, document

blueprint = Blueprint(__name__)
routes = Routes(blueprint)

_KEPT_S = 300
_NOBODY: dict[str, Any] = {
    "principalId": "nobody",
    "policyDocument": {
        "Version": "2012-10-17",
        "Statement": [{"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": "*"}],
    },
}


@blueprint.authorizer(ttl_seconds=_KEPT_S)
def authorize(request: AuthRequest) -> AuthResponse | dict[str, Any]:
    """Let the token's caller in; a stranger gets a policy that denies, for one that is empty may pass for broken."""
    caller = bootstrap.services().gatekeeper.caller(request.token)
    return _NOBODY if caller is None else AuthResponse(routes=["*"], principal_id=caller)


@routes.add("POST", "/feedback", authorizer=authorize)
def feedback() -> Response:
    """Take labels of what was predicted."""
    request = blueprint.current_request
    caller = request.context["authorizer"]["principalId"]
    return document(asdict(bootstrap.services().feedback.take(caller, body_of(request), datetime.now(UTC))))
