"""AWS's errors as ours."""

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from chalicelib.adapters.calls import translated
from chalicelib.core.errors import CallError, CapacityError, DeniedError, RefusedCallError, UnavailableError
from tests.chalicelib.aws.refusals import refused


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (refused("AccessDeniedException"), DeniedError, "PutItem answered AccessDeniedException"),
        (refused("ExpiredToken", 403), DeniedError, "PutItem answered ExpiredToken"),
        (refused("KMS.DisabledException"), DeniedError, "PutItem answered KMS.DisabledException"),
        (refused("KMSAccessDeniedException"), DeniedError, "PutItem answered KMSAccessDeniedException"),
        (refused("RequestTimeTooSkewed", 403), DeniedError, "PutItem answered RequestTimeTooSkewed"),
        (NoCredentialsError(), DeniedError, "PutItem was not sent: there are no credentials (NoCredentialsError)"),
        (
            CredentialRetrievalError(provider="p", error_msg="e"),
            DeniedError,
            "PutItem was not sent: there are no credentials (CredentialRetrievalError)",
        ),
        (refused("ThrottlingException"), UnavailableError, "PutItem answered ThrottlingException"),
        (refused("ConditionalRequestConflict", 409), UnavailableError, "PutItem answered ConditionalRequestConflict"),
        (refused("WhoKnows", 500), UnavailableError, "PutItem answered WhoKnows"),
        (ReadTimeoutError(endpoint_url="canary"), UnavailableError, "PutItem had no answer (ReadTimeoutError)"),
        (ConnectTimeoutError(endpoint_url="canary"), UnavailableError, "PutItem had no answer (ConnectTimeoutError)"),
        (
            refused("ResourceLimitExceeded", message="ml.m5.xlarge is 0"),
            CapacityError,
            "PutItem answered ResourceLimitExceeded: ml.m5.xlarge is 0",
        ),
        (refused("ValidationException", message="canary"), RefusedCallError, "PutItem answered ValidationException"),
        (ParamValidationError(report="canary"), RefusedCallError, "PutItem was not sent (ParamValidationError)"),
    ],
)
def test_translated(error: Exception, kind: type[CallError], message: str) -> None:
    """What waits, what a person must mend and what passes are told apart, in words that repeat nothing of ours."""
    with pytest.raises(CallError) as raised, translated("PutItem"):
        raise error
    assert (type(raised.value), str(raised.value)) == (kind, message)
    assert raised.value.__suppress_context__


def test_missing_permission() -> None:
    """A missing permission is named, and not the resource, whose name may be a person's file."""
    message = "User: arn:x is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/uploads/secret.csv"
    with pytest.raises(DeniedError) as raised, translated("GetObject"):
        raise refused("AccessDenied", 403, message)
    assert str(raised.value) == "GetObject answered AccessDenied: the role lacks s3:GetObject"
