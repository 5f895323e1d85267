"""The one tree of errors the command shows, and its exit codes. Each message says what was wrong, where, what to do.

::

    CliError                   exit code 1 (click's own usage errors: 2)
    ├── NotRunningError        no local cloud answers for this state directory
    ├── AlreadyRunningError    one does, and another was asked for
    ├── StartError             the local cloud did not start
    ├── StopError              the local cloud could not be stopped
    ├── AddressError           AWS was asked for, and the stage cannot be found there
    ├── CloudError             a call to the cloud failed
    ├── AnswerError            the application's HTTP route answered with an error, or not at all
    ├── StoppedError           interrupted: exit code 130
    ├── NotGrantedError        what was asked for cannot be granted: exit code 2
    └── OutcomeError           what was waited for did not end well
        ├── NotPromotedError   the gate, a person or the roll-out said no: exit code 3
        ├── DriftedError       a check found drift: exit code 3
        ├── RefusedError       the data was refused, or is not enough to tell: exit code 4
        ├── FailedError        a job or the roll-out failed: exit code 5
        └── TimedOutError      it did not end in time, and goes on: exit code 124
"""

import click
from botocore.exceptions import BotoCoreError, ClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})


class CliError(click.ClickException):
    """What every error here is: shown in one line on standard error, never as a traceback."""


class NotRunningError(CliError):
    """No local cloud answers for this state directory."""


class AlreadyRunningError(CliError):
    """A local cloud uses this state directory already."""


class StartError(CliError):
    """The local cloud did not start."""


class StopError(CliError):
    """The local cloud could not be stopped."""


class AddressError(CliError):
    """The stage cannot be found on AWS."""


class CloudError(CliError):
    """A call to the cloud failed."""


class AnswerError(CliError):
    """The application's HTTP route answered with an error, or not at all."""


class StoppedError(CliError):
    """A person interrupted the command."""

    exit_code = 130


class NotGrantedError(CliError):
    """What was asked for cannot be granted: there is no such version, for instance."""

    exit_code = 2


class OutcomeError(CliError):
    """What was waited for did not end well."""


class NotPromotedError(OutcomeError):
    """The model is not to answer: held or rejected by the gate or a person, or rolled back."""

    exit_code = 3


class DriftedError(OutcomeError):
    """The live model's traffic has drifted."""

    exit_code = 3


class RefusedError(OutcomeError):
    """The data was refused, or is not enough to tell."""

    exit_code = 4


class FailedError(OutcomeError):
    """A job or the roll-out failed."""

    exit_code = 5


class TimedOutError(OutcomeError):
    """It did not end in time, and goes on."""

    exit_code = 124


def explained(error: ClientError | BotoCoreError) -> CloudError:
    """Put what boto3 raised in one sentence that says what to do."""
    if isinstance(error, BotoConnectionError):
        return CloudError(f"{error}: does the cloud at that address run? `freshet status` asks the local one")
    if not isinstance(error, ClientError):
        return CloudError(f"{error}: boto3's own configuration is used for AWS, see `aws configure list`")
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    said = f"{error.operation_name} answered {code}: {message}"
    if code in _DENIED:
        return CloudError(f"{said} (the credentials in use lack this permission)")
    if code in _EXPIRED:
        return CloudError(f"{said} (log in again, or choose other credentials with --profile)")
    return CloudError(said)
