"""Every error that AWS documents for the operations we call, and what the application makes of it."""

from functools import cache

import botocore.session
from botocore import xform_name

from chalicelib.adapters.calls import refusal_of
from chalicelib.core.errors import CallError
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.reliability.kills import TALES, live

SERVICES = ("sagemaker", "dynamodb", "s3", "cloudwatch", "sns")
COMMON = {  # of every service: one of each kind that `calls` tells apart, and some that it does not know
    "AccessDeniedException": 400,
    "ExpiredToken": 403,
    "RequestTimeTooSkewed": 403,
    "KMSAccessDenied": 403,
    "ThrottlingException": 400,
    "SlowDown": 503,
    "RequestTimeout": 400,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "ResourceLimitExceeded": 400,
    "ValidationException": 400,
    "NeverHeardOf": 400,
    "NeverHeardOfEither": 502,
}
# Answers that mean something else than trouble: it exists, it does not, somebody was faster.
MEANT = {
    "create_": {"ResourceInUse"},
    "describe_": {"ResourceNotFound"},
    "list_model_packages": {"ResourceNotFound"},
    "get_object": {"NoSuchKey"},
    "put_object": {"PreconditionFailed"},
    "copy": {"NoSuchKey", "404"},
    "put_item": {"ConditionalCheckFailedException"},
    "transact_write_items": {"TransactionCanceledException"},
}


@cache
def called() -> dict[str, str]:
    """Return the operations that the application calls on its way, as boto3 spells them, each with a tale of it."""
    found: dict[str, str] = {}
    for name in ("update", "batch", "rollback", "remade", "drift"):
        for operation in live(TALES[name]).account.history:
            found.setdefault(operation, name)
    return dict(sorted(found.items()))


@cache
def documented(operation: str) -> dict[str, int]:
    """Return the codes that AWS may answer an operation with, each with its HTTP status."""
    session = botocore.session.get_session()
    found = dict(COMMON)
    for model in map(session.get_service_model, SERVICES):
        for name in model.operation_names:
            if xform_name(name) == operation or (operation, name) == ("copy", "CopyObject"):
                for shape in model.operation_model(name).error_shapes:
                    status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
                    found[shape.metadata.get("error", {}).get("code", shape.name)] = status
    return found


def meant(operation: str, code: str) -> bool:
    """Say whether an answer means something else than trouble."""
    return any(operation.startswith(start) and code in codes for start, codes in MEANT.items())


def kind(code: str, status: int) -> type[CallError]:
    """Return the error that an answer becomes."""
    return type(refusal_of("operation", refused(code, status)))
