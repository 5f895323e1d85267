"""What the local cloud answers when it refuses, and what stops it from starting.

::

    LocalCloudError
    ├── AwsError      answered to the caller in AWS's own shape: a code, a message, an HTTP status
    ├── ImageError    an image URI has no command, as a failed pull would be on AWS
    └── ConfigError   the local cloud cannot start as it was asked to
"""


class LocalCloudError(Exception):
    """What every error of the local cloud is."""


class AwsError(LocalCloudError):
    """An AWS API error: ``code`` as botocore sees it, the HTTP ``status``, further ``members`` of its shape."""

    def __init__(self, code: str, message: str, status: int = 400, members: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}


class ImageError(LocalCloudError):
    """An image URI is in no line of the images file."""


class ConfigError(LocalCloudError):
    """The command line, a file it names or the application cannot be used; the message says which and why."""
