"""Names the operation of a request for the history, as far as its line, headers and form say it."""

from io import BytesIO
from urllib.parse import parse_qs

from werkzeug.wrappers import Request

from localcloud import rest_json

_FORM = "application/x-www-form-urlencoded"
_FORM_LIMIT = 1_048_576
_SUBRESOURCES = ("acl", "delete", "lifecycle", "notification", "policy", "tagging", "uploads", "versioning", "versions")


def name_of(request: Request, service: str) -> str:
    """Give the operation's name; for requests that do not carry it, the method and the kind of thing."""
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2]
    if not service or service == "execute-api":
        return f"{request.method} {request.path}"
    if service == "sagemaker":
        return "InvokeEndpoint"
    if service == "s3":
        return _s3(request)
    if service == "lambda":
        found = rest_json.find("lambda", request.method, request.path)
        return found.operation if found else request.method
    return _action(request) or request.method


def _s3(request: Request) -> str:
    if "x-id" in request.args:
        return request.args["x-id"]
    key = request.path.strip("/").partition("/")[2]
    kind = "object" if key else "bucket" if request.path.strip("/") else "buckets"
    return " ".join([request.method, kind, *(name for name in _SUBRESOURCES if name in request.args)])


def _action(request: Request) -> str | None:
    """Read ``Action`` of a form, and put the form back for the service."""
    if request.mimetype != _FORM or not 0 < (request.content_length or 0) <= _FORM_LIMIT:
        return None
    form = request.environ["wsgi.input"].read(request.content_length)
    request.environ["wsgi.input"] = BytesIO(form)
    return next(iter(parse_qs(form.decode("utf-8", "replace")).get("Action", [])), None)
