"""Lets presigned addresses end: the signature is not checked, its time is."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from localcloud.errors import AwsError
from localcloud.timestamps import milliseconds

_WEEK = 604_800


def check(parameters: Mapping[str, str], now: datetime) -> None:
    """Let a request pass that is not presigned or not over; raises AwsError.

    Source: API Reference, "Authenticating requests: using query parameters".
    """
    if "X-Amz-Credential" in parameters:
        end = _end_of_version_4(parameters)
    elif "AWSAccessKeyId" in parameters:
        end = _end_of_version_2(parameters)
    else:
        return
    if now > end:
        members: dict[str, object] = {"Expires": milliseconds(end), "ServerTime": milliseconds(now)}
        raise AwsError("AccessDenied", "Request has expired", 403, members)


def _end_of_version_4(parameters: Mapping[str, str]) -> datetime:
    try:
        signed = datetime.strptime(parameters.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        seconds = int(parameters.get("X-Amz-Expires", ""))
    except ValueError as error:
        message = "X-Amz-Date must be formatted as yyyyMMdd'T'HHmmss'Z', and X-Amz-Expires should be a number"
        raise AwsError("AuthorizationQueryParametersError", message) from error
    if not 0 <= seconds <= _WEEK:
        message = "X-Amz-Expires must be between 0 and a week (in seconds)"
        raise AwsError("AuthorizationQueryParametersError", message)
    return signed + timedelta(seconds=seconds)


def _end_of_version_2(parameters: Mapping[str, str]) -> datetime:
    try:
        return datetime.fromtimestamp(int(parameters.get("Expires", "")), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise AwsError("AccessDenied", "Invalid date (should be seconds since epoch)", 403) from error
