"""The one tree of errors the application raises.

::

    FreshetError
    ├── InvalidSpecError        a pipeline's spec cannot be used
    ├── InvalidEventError       an event does not have the shape its source documents
    ├── InvalidRequestError     a caller's request cannot be answered (HTTP 4xx)
    │   ├── UnsupportedMediaTypeError
    │   ├── PayloadTooLargeError
    │   ├── UnfitInstanceError
    │   ├── UnfitLabelError
    │   ├── UnknownPipelineError
    │   ├── LabelTakenError
    │   └── LimitReachedError
    ├── UnavailableError        what we depend on cannot answer now (HTTP 5xx, worth another try)
    │   ├── NotReadyError       no model answers yet
    │   ├── ModelFailedError
    │   ├── ModelTimeoutError
    │   └── AccessRefusedError
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


class UnfitLabelError(InvalidRequestError):
    """A label is for no inference that we answered, or is none that the pipeline knows."""


class LabelTakenError(InvalidRequestError):
    """The instance has another label already."""


class LimitReachedError(InvalidRequestError):
    """The caller has done as much as one may; ``retry_after_s`` says in how many seconds there is more."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnavailableError(FreshetError):
    """What we depend on cannot answer now; another try later may succeed. ``aws_code`` is AWS's word, for the log."""

    def __init__(self, message: str, aws_code: str = "") -> None:
        super().__init__(message)
        self.aws_code = aws_code


class NotReadyError(UnavailableError):
    """No model can answer now."""


class ModelFailedError(UnavailableError):
    """The model was asked and gave no answer that can be used."""


class ModelTimeoutError(UnavailableError):
    """The model was asked and did not answer in time."""


class AccessRefusedError(UnavailableError):
    """AWS does not let the application do what it must: a person has to mend its credentials, role or keys."""


class NameTakenError(FreshetError):
    """A resource with our name exists and is not ours."""


class SettingsError(FreshetError):
    """The environment lacks a setting."""
