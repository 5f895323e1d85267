"""What a request says about an object beside its content: headers, metadata, tags; checked when the object is made."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from localcloud.errors import AwsError
from localcloud.s3 import refusals

Facts = dict[str, Any]

HEADERS = (
    *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires"),
    *("WebsiteRedirectLocation", "StorageClass", "ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled"),
)
OF_AN_OBJECT = " ".join([*HEADERS, "Metadata", "Tagging", "ACL"])  # members that a request to make one may have
_OWN = ("StorageClass", "ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled", "WebsiteRedirectLocation")
_CLASSES = (
    *("STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"),
    *("GLACIER", "DEEP_ARCHIVE"),
)
_ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")
_ACLS = ("private", "bucket-owner-full-control", "bucket-owner-read")
_TAGS, _TAG_KEY, _TAG_VALUE = 10, 128, 256


def of_request(members: Mapping[str, Any]) -> Facts:
    """Read the facts of a new object; raises AwsError."""
    if members.get("ACL", "private") not in _ACLS:
        raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs")
    headers = {name: members[name] for name in HEADERS if name in members}
    if coding := headers.pop("ContentEncoding", ""):
        codings = [part.strip() for part in coding.split(",") if part.strip() != "aws-chunked"]
        headers |= {"ContentEncoding": ",".join(codings)} if codings else {}
    if headers.get("StorageClass", "STANDARD") not in _CLASSES:
        raise AwsError("InvalidStorageClass", "The storage class you specified is not valid")
    if headers.setdefault("ServerSideEncryption", "AES256") not in _ENCRYPTIONS:
        message = "The encryption method specified is not supported"
        raise refusals.invalid_argument(message, "x-amz-server-side-encryption", headers["ServerSideEncryption"])
    headers.setdefault("ContentType", "binary/octet-stream")
    facts: Facts = {"headers": headers}
    if members.get("Metadata"):
        facts["metadata"] = members["Metadata"]
    if members.get("Tagging"):
        pairs = parse_qsl(members["Tagging"], keep_blank_values=True)
        facts["tags"] = checked_tags([{"Key": name, "Value": value} for name, value in pairs])
    return facts


def of_copy(source: Mapping[str, Any], members: Mapping[str, Any]) -> Facts:
    """Read the facts of a copy: the source's, but for what the request replaces; raises AwsError."""
    asked = of_request(members)
    for directive in ("MetadataDirective", "TaggingDirective"):
        if members.get(directive, "COPY") not in {"COPY", "REPLACE"}:
            raise refusals.invalid_argument(f"Unknown {directive}.", directive, members[directive])
    described = asked if members.get("MetadataDirective") == "REPLACE" else source
    tagged = asked if members.get("TaggingDirective") == "REPLACE" else source
    own = {name: value for name, value in asked["headers"].items() if name in _OWN}
    kept = {name: value for name, value in described["headers"].items() if name not in _OWN}
    facts: Facts = {"headers": {**kept, **own}}
    facts |= {"metadata": described["metadata"]} if "metadata" in described else {}
    return facts | ({"tags": tagged["tags"]} if "tags" in tagged else {})


def changes_something(members: Mapping[str, Any]) -> bool:
    """Say whether a copy of an object onto itself would differ from it."""
    return members.get("MetadataDirective") == "REPLACE" or any(name in members for name in _OWN)


def checked_tags(tags: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the tags of an object; raises AwsError for what S3 does not keep."""
    if len(tags) > _TAGS:
        raise AwsError("BadRequest", "Object tags cannot be greater than 10")
    if len({tag["Key"] for tag in tags}) != len(tags):
        raise AwsError("InvalidTag", "Cannot provide multiple Tags with the same key")
    for tag in tags:
        if not 0 < len(tag["Key"]) <= _TAG_KEY:
            raise AwsError("InvalidTag", "The TagKey you have provided is invalid", 400, {"TagKey": tag["Key"]})
        if len(tag["Value"]) > _TAG_VALUE:
            raise AwsError("InvalidTag", "The TagValue you have provided is invalid", 400, {"TagValue": tag["Value"]})
    return tags
