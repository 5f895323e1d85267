"""Names the operation of a request for the history, as far as its line, headers and form say it."""

from io import BytesIO
from urllib.parse import parse_qs

from werkzeug.wrappers import Request

from localcloud import rest_json

_FORM = "application/x-www-form-urlencoded"
_FORM_LIMIT = 1_048_576
_SUBRESOURCES = (
    *("acl", "delete", "lifecycle", "list-type", "notification", "policy", "tagging", "uploadId", "uploads"),
    *("versioning", "versions"),
)
_S3_NAMES = {
    ("GET", "buckets"): "ListBuckets",
    ("GET", "bucket"): "ListObjects",
    ("GET", "bucket", "list-type"): "ListObjectsV2",
    ("GET", "bucket", "versions"): "ListObjectVersions",
    ("PUT", "bucket"): "CreateBucket",
    ("HEAD", "bucket"): "HeadBucket",
    ("DELETE", "bucket"): "DeleteBucket",
    ("POST", "bucket", "delete"): "DeleteObjects",
    ("GET", "object"): "GetObject",
    ("HEAD", "object"): "HeadObject",
    ("PUT", "object"): "PutObject",
    ("DELETE", "object"): "DeleteObject",
    ("POST", "object", "uploads"): "CreateMultipartUpload",
    ("PUT", "object", "uploadId"): "UploadPart",
    ("POST", "object", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "object", "uploadId"): "AbortMultipartUpload",
}


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
    bucket, _, key = request.path.strip("/").partition("/")
    asked = [name for name in _SUBRESOURCES if name in request.args]
    if not asked and "x-amz-copy-source" in request.headers:
        return "CopyObject"
    kind = "object" if key else "bucket" if bucket else "buckets"
    return _S3_NAMES.get((request.method, kind, *asked)) or " ".join([request.method, kind, *asked])


def _action(request: Request) -> str | None:
    """Read ``Action`` of a form, and put the form back for the service."""
    if request.mimetype != _FORM or not 0 < (request.content_length or 0) <= _FORM_LIMIT:
        return None
    form = request.environ["wsgi.input"].read(request.content_length)
    request.environ["wsgi.input"] = BytesIO(form)
    return next(iter(parse_qs(form.decode("utf-8", "replace")).get("Action", [])), None)
