"""AWS's errors as ours."""

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from chalicelib.adapters.refusals import explained
from chalicelib.core.errors import AccessRefusedError, UnavailableError


def answered(code: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutItem")  # type: ignore[arg-type] # the other members are not read


@pytest.mark.parametrize(
    ("error", "kind", "aws_code"),
    [
        (answered("AccessDeniedException"), AccessRefusedError, "PutItem: AccessDeniedException"),
        (answered("ExpiredToken", 403), AccessRefusedError, "PutItem: ExpiredToken"),
        (answered("KMS.DisabledException"), AccessRefusedError, "PutItem: KMS.DisabledException"),
        (answered("RequestTimeTooSkewed", 403), AccessRefusedError, "PutItem: RequestTimeTooSkewed"),
        (NoCredentialsError(), AccessRefusedError, "NoCredentialsError"),
        (answered("ThrottlingException"), UnavailableError, "PutItem: ThrottlingException"),
        (answered("ConditionalRequestConflict", 409), UnavailableError, "PutItem: ConditionalRequestConflict"),
        (answered("WhoKnows", 500), UnavailableError, "PutItem: WhoKnows"),
        (ReadTimeoutError(endpoint_url="u"), UnavailableError, "ReadTimeoutError"),
        (ConnectTimeoutError(endpoint_url="u"), UnavailableError, "ConnectTimeoutError"),
    ],
)
def test_explained(error: ClientError | BotoCoreError, kind: type[UnavailableError], aws_code: str) -> None:
    """What a person must mend is told apart from what passes by itself, with AWS's code for the log."""
    found = explained(error)
    assert type(found) is kind
    assert found.aws_code == aws_code
    assert "u" not in str(found).split()


@pytest.mark.parametrize("error", [answered("ValidationException"), ParamValidationError(report="r")])
def test_defects(error: ClientError | BotoCoreError) -> None:
    """A request of ours that AWS calls wrong is a defect, and stays one."""
    assert explained(error) is None
