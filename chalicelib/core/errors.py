"""The one tree of errors the application raises.

::

    FreshetError
    ├── InvalidSpecError        a pipeline's spec cannot be used
    ├── InvalidEventError       an event does not have the shape its source documents
    ├── InvalidRequestError     a caller's request cannot be answered (HTTP 4xx)
    │   ├── UnsupportedMediaTypeError
    │   ├── PayloadTooLargeError
    │   ├── UnfitInstanceError
    │   └── UnknownPipelineError
    ├── NotReadyError           no model answers yet, or not in time (HTTP 5xx, worth another try)
    ├── NameTakenError          a name of ours belongs to something else
    └── SettingsError           the environment lacks what the application needs
"""


class FreshetError(Exception):
    """What every error of ours is."""


class InvalidSpecError(FreshetError):
    """A pipeline's spec cannot be used: the message names the field and what to write instead."""


class InvalidEventError(FreshetError):
    """An event lacks what its source documents."""


class InvalidRequestError(FreshetError):
    """A caller's request cannot be answered; the message is for the caller."""


class UnsupportedMediaTypeError(InvalidRequestError):
    """The request's content type is none that we read."""


class PayloadTooLargeError(InvalidRequestError):
    """The request is larger than the documented limit."""


class UnfitInstanceError(InvalidRequestError):
    """The request can be read, but its instances are not what the pipeline's columns say."""


class UnknownPipelineError(InvalidRequestError):
    """No pipeline has that name."""


class NotReadyError(FreshetError):
    """No model can answer now; another try later may succeed."""


class NameTakenError(FreshetError):
    """A resource with our name exists and is not ours."""


class SettingsError(FreshetError):
    """The environment lacks a setting."""
