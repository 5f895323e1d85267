"""AWS's errors on the way of a request, as ours: which are worth another try, and which a person must mend.

Only what AWS documents is translated; any other error goes on as it is and is a failure of ours. The messages are for
the caller and say nothing of our account; AWS's own code goes with the error, for the log.
"""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from chalicelib.core.errors import AccessRefusedError, UnavailableError

AWS_ERRORS = (ClientError, BotoCoreError)

_ACCESS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "OptInRequired",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_BUSY = frozenset(
    {
        "ConditionalRequestConflict",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_SERVER_ERROR = 500


def explained(error: ClientError | BotoCoreError) -> UnavailableError | None:
    """Return our error for AWS's; None for one that nobody foresaw."""
    if isinstance(error, ClientError):
        return _of_answer(error)
    name = type(error).__name__
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return _refused(name)
    if isinstance(error, BotoConnectionError | HTTPClientError):
        return _busy(name)
    return None


def _of_answer(error: ClientError) -> UnavailableError | None:
    code = error.response["Error"]["Code"]
    if code in _ACCESS or code.startswith("KMS"):
        return _refused(f"{error.operation_name}: {code}")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _BUSY or status >= _SERVER_ERROR:
        return _busy(f"{error.operation_name}: {code}")
    return None


def _refused(aws_code: str) -> AccessRefusedError:
    message = "the application may not use what it needs to answer; whoever runs it finds the reason in its log"
    return AccessRefusedError(message, aws_code)


def _busy(aws_code: str) -> UnavailableError:
    return UnavailableError("what the application needs to answer is busy or does not answer", aws_code)
