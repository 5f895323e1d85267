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
    ├── UnansweredError         no model gave an answer (HTTP 5xx, worth another try)
    │   ├── NotReadyError       there is none yet, or SageMaker cannot ask it
    │   ├── ModelFailedError
    │   └── ModelTimeoutError
    ├── SettingsError           the environment lacks what the application needs
    ├── WishError               what somebody wants of a pipeline cannot be granted
    ├── FenceLostError          somebody else decided meanwhile: look again
    ├── GoneError               an upload was deleted before it was pinned
    └── CallError               AWS did not do what was asked
        ├── NameTakenError      a name of ours belongs to something else
        ├── CapacityError       a quota or the region's machines are used up: wait
        ├── DeniedError         credentials, permissions, a key or the clock are wrong: a person must mend it
        ├── RefusedCallError    AWS finds the request wrong, or what it names is not there
        ├── BusyError           the endpoint is being changed: its end looks again
        └── UnavailableError    throttled, broken, or no answer: whether it was done is not known
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


class UnfitLabelError(InvalidRequestError):
    """A label is for no inference that we answered, or is none that the pipeline knows."""


class UnknownPipelineError(InvalidRequestError):
    """No pipeline has that name."""


class LabelTakenError(InvalidRequestError):
    """The instance has another label already."""


class LimitReachedError(InvalidRequestError):
    """The caller has done as much as one may; ``retry_after_s`` says in how many seconds there is more."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnansweredError(FreshetError):
    """No model gave an answer; the message is for the caller, ``aws_code`` is AWS's word, for the log."""

    def __init__(self, message: str, aws_code: str = "") -> None:
        super().__init__(message)
        self.aws_code = aws_code


class NotReadyError(UnansweredError):
    """No model can answer now."""


class ModelFailedError(UnansweredError):
    """The model was asked and gave no answer that can be used."""


class ModelTimeoutError(UnansweredError):
    """The model was asked and did not answer in time."""


class SettingsError(FreshetError):
    """The environment lacks a setting."""


class WishError(FreshetError):
    """What somebody wants of a pipeline cannot be granted; the message says why."""


class FenceLostError(FreshetError):
    """The ledger's fence is no longer the one that was observed."""


class GoneError(FreshetError):
    """An upload is not there any more."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(f"upload {upload_id} was deleted before it was read")
        self.upload_id = upload_id


class CallError(FreshetError):
    """AWS did not do what was asked; the message names the operation and AWS's code, never what was sent."""


class NameTakenError(CallError):
    """A resource with our name exists and is not ours."""


class CapacityError(CallError):
    """A quota, or what the region has, does not suffice now."""


class DeniedError(CallError):
    """Credentials, permissions, an encryption key or the clock do not allow the call."""


class RefusedCallError(CallError):
    """AWS finds the request wrong, or something that it names missing."""


class BusyError(CallError):
    """The endpoint is being changed already."""


class UnavailableError(CallError):
    """AWS was throttling, broken or silent: the call may or may not have been carried out."""
