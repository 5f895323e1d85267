"""CloudWatch's own part of the JSON protocol: compressed requests, and its name for what its model refuses.

botocore compresses large PutMetricData requests with gzip (``requestcompression`` in its model).
"""

import zlib
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING

from localcloud.errors import AwsError
from localcloud.json_api import JsonApi, Operation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LARGEST = 1_048_576  # bytes of a request, unpacked


class CloudWatchApi:
    """A WSGI application."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self._api = JsonApi("cloudwatch", operations)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises AwsError."""
        if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
            body = _unpacked(environ["wsgi.input"].read())
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        try:
            return self._api(environ, start_response)
        except AwsError as error:
            if error.code == "ValidationException":
                raise AwsError("ValidationError", error.message) from error
            raise


def _unpacked(packed: bytes) -> bytes:
    gzip = zlib.decompressobj(wbits=31)
    try:
        body = gzip.decompress(packed, _LARGEST + 1)
    except zlib.error as error:
        raise AwsError("SerializationException", "the request's body is not gzip") from error
    if len(body) > _LARGEST:
        raise AwsError("RequestEntityTooLarge", f"the request is larger than {_LARGEST} bytes", 413)
    return body
