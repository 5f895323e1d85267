"""Reads for whom a request was signed: Signature Version 4's credential scope, in a header or a presigned address.

Signatures are not verified: any key is good, as the port is on the loopback interface and its data are one user's
own.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

_CREDENTIAL = re.compile(r"[^/]*(?:/[^/]*)*?/\d{8}/(?P<region>[\w-]+)/(?P<service>[^/]+)/aws4_request")
_IN_HEADER = re.compile(r"AWS4-HMAC-SHA256\s.*?Credential=(?P<credential>[^,\s]+)")


@dataclass(frozen=True)
class Scope:
    """The service and the region that a request was signed for."""

    service: str
    region: str
    presigned: bool = False


def scope_of(authorization: str, query: str) -> Scope | None:
    """Find the scope in an ``Authorization`` header or a query string; None: the request is not signed."""
    if header := _IN_HEADER.match(authorization):
        return _scope(header["credential"], presigned=False)
    if authorization.startswith("AWS "):  # Signature Version 2, which only S3 still knows
        return Scope("s3", "us-east-1")
    parameters = parse_qs(query)
    if credential := parameters.get("X-Amz-Credential"):
        return _scope(credential[0], presigned=True)
    if "AWSAccessKeyId" in parameters and "Signature" in parameters:
        return Scope("s3", "us-east-1", presigned=True)
    return None


def _scope(credential: str, *, presigned: bool) -> Scope | None:
    found = _CREDENTIAL.fullmatch(credential)
    return Scope(found["service"].lower(), found["region"], presigned) if found else None
