"""What AWS answers where it does not do what was asked: its codes to our errors.

Codes: the errors that botocore's models document for the operations we call, and "Common errors" of the SageMaker,
DynamoDB, S3, CloudWatch and SNS references. One that is not listed is told by its HTTP status: 5xx may pass, the rest
is a refusal. Messages name the operation and the code, and of what AWS says only a quota or a missing permission: the
rest may repeat what was sent, a person's key for instance. For the same reason the original error is not chained: it
would be logged.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from chalicelib.core.errors import CallError, CapacityError, DeniedError, RefusedCallError, UnavailableError

_KINDS: Mapping[type[CallError], frozenset[str]] = {
    CapacityError: frozenset({
        "ResourceLimitExceeded", "LimitExceededException", "ServiceQuotaExceededException", "InsufficientCapacityError",
    }),
    DeniedError: frozenset({
        "AccessDenied", "AccessDeniedException", "AuthorizationError", "ExpiredToken", "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity", "InvalidSignatureException", "InvalidToken",
        "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired",
        "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "UnauthorizedOperation",
        "UnrecognizedClientException",
    }),
    UnavailableError: frozenset({
        "BandwidthLimitExceeded", "ConditionalRequestConflict", "ConflictException", "InternalError",
        "InternalFailure", "InternalServerError", "KMSThrottling", "KMSThrottlingException",
        "LimitExceeded", "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
        "RequestThrottled", "RequestThrottledException", "RequestTimeout", "RequestTimeoutException",
        "ServiceUnavailable", "SlowDown", "Throttled", "ThrottledException", "Throttling", "ThrottlingException",
        "TooManyRequestsException", "TransactionConflictException", "TransactionInProgressException",
        "ReplicatedWriteConflictException",
    }),
}  # fmt: skip
_OF_CODE = {code: kind for kind, codes in _KINDS.items() for code in codes}
_PERMISSION = re.compile(r"not authorized to perform: ?([A-Za-z0-9-]+:[A-Za-z0-9*]+)")
_BROKEN = 500  # the first HTTP status that is the server's fault


def refusal_of(operation: str, error: ClientError) -> CallError:
    """Return our error for an answer of AWS."""
    details = error.response["Error"]
    code = details.get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    kind = _OF_CODE.get(code) or (UnavailableError if status >= _BROKEN else RefusedCallError)
    if code.startswith("KMS") and code not in _OF_CODE:  # a key that may not be used: each service has its own codes
        kind = DeniedError
    return kind(f"{operation} answered {code}{_told(kind, details.get('Message', ''))}")


def _told(kind: type[CallError], message: str) -> str:
    if kind is CapacityError:
        return f": {message}"
    permission = _PERMISSION.search(message)
    return f": the role lacks {permission[1]}" if permission else ""


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Raise a `CallError` for whatever botocore raises inside."""
    try:
        yield
    except ClientError as error:
        raise refusal_of(operation, error) from None
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise DeniedError(f"{operation} was not sent: there are no credentials ({type(error).__name__})") from None
    except (BotoConnectionError, HTTPClientError) as error:
        raise UnavailableError(f"{operation} had no answer ({type(error).__name__})") from None
    except BotoCoreError as error:
        raise RefusedCallError(f"{operation} was not sent ({type(error).__name__})") from None
