"""AWS's answers that are errors."""

from typing import Any

from botocore.exceptions import ClientError


def refused(code: str, status: int = 400, message: str = "said no", **more: Any) -> ClientError:
    """Return an answer of AWS that is an error."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(answer, "Operation")
