"""What the local cloud answers when it refuses, what stops it from starting, and what goes wrong while it works.

::

    LocalCloudError
    ├── AwsError                answered to the caller in AWS's own shape: a code, a message, an HTTP status
    ├── AdminError              a request to the cloud's own pages cannot be done; the message says why
    ├── ConfigError             the local cloud cannot start as it was asked to
    ├── CutError                an answer is to be cut off: the connection ends, as somebody asked for
    ├── PatternError            an event pattern is none, with its matcher's reason; answered as an AwsError
    ├── ImageError              an image URI has no command, as a failed pull would be on AWS
    ├── NoServerError           an endpoint in service has no server for a request
    ├── UnknownVariantError     a request names a production variant that its endpoint does not have
    ├── ConcurrencyError        a serverless variant answers as many invocations as it may
    ├── WorkerError             a Lambda worker, seen by the thread that talks to it
    │   ├── StartError          it could not be started (in `localcloud.functions.sandbox`: it carries a `Failure`)
    │   ├── ChannelClosedError  it has ended, or closed its side
    │   └── AnswerTooLargeError it answers with more than it may
    └── WorkError               a job or a server, after its request was accepted: Describe shows it as FailureReason
        ├── DataError           an input cannot be downloaded, an output uploaded, an archive or a folder used
        ├── ContainerError      the container did not do its part: it failed, never got healthy, answered an error
        │   └── AnswerTimeoutError  it did not answer in time
        └── StoppedError        not a failure: somebody asked for the stop, or the local cloud is closing
"""


class LocalCloudError(Exception):
    """What every error of the local cloud is."""


class AwsError(LocalCloudError):
    """An AWS API error: ``code`` as botocore sees it, the HTTP ``status``, further ``members`` of its shape.

    ``query_code``: what a service that once spoke the query protocol called it then; boto3 shows that one.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        members: dict[str, object] | None = None,
        *,
        query_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}
        self.query_code = query_code


class AdminError(LocalCloudError):
    """A request to the cloud's own pages cannot be done."""


class ConfigError(LocalCloudError):
    """The command line, a file it names or the application cannot be used; the message says which and why."""


class CutError(LocalCloudError, ConnectionError):
    """A fault on request: the connection ends here."""


class PatternError(LocalCloudError):
    """An event pattern, or a part of one, is not valid; the message is AWS's reason."""


class ImageError(LocalCloudError):
    """An image URI is in no line of the images file."""


class NoServerError(LocalCloudError):
    """The endpoint is in service, and nobody is there to answer."""


class UnknownVariantError(LocalCloudError):
    """The request names a variant that the endpoint does not have."""


class ConcurrencyError(LocalCloudError):
    """A serverless variant answers as many invocations as it may."""


class WorkerError(LocalCloudError):
    """A Lambda worker did not do its part."""


class ChannelClosedError(WorkerError):
    """The worker has ended, or closed its side."""


class AnswerTooLargeError(WorkerError):
    """The worker answers with more than it may."""


class WorkError(LocalCloudError):
    """Why a job or a server failed; the message is for the caller of Describe, free of local paths."""


class DataError(WorkError):
    """Bytes could not be brought to the container or from it."""


class ContainerError(WorkError):
    """The container did not do what its contract asks."""


class AnswerTimeoutError(ContainerError):
    """The container did not answer in time."""


class StoppedError(WorkError):
    """The work was asked to stop before it was done."""
