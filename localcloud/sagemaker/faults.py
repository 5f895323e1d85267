"""What goes wrong while a job runs or a server starts, after the request itself was accepted.

::

    LocalCloudError
    └── WorkError               a reason that a Describe shows as FailureReason, free of local paths
        ├── DataError       an input cannot be downloaded, an output cannot be uploaded, an archive cannot be read
        ├── ContainerError  the container did not do its part: it failed, never got healthy, answered an error
        │   └── AnswerTimeoutError  it did not answer in time
        └── StoppedError    not a failure: somebody asked for the stop, or the local cloud is closing
"""

from localcloud.errors import LocalCloudError


class WorkError(LocalCloudError):
    """Why a job or a server failed; the message is for the caller of Describe."""


class DataError(WorkError):
    """Bytes could not be brought to the container or from it."""


class ContainerError(WorkError):
    """The container did not do what its contract asks."""


class AnswerTimeoutError(ContainerError):
    """The container did not answer in time."""


class StoppedError(WorkError):
    """The work was asked to stop before it was done."""
