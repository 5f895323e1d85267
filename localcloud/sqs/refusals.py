"""SQS's refusals: a code of the model, and beside it the code of the query protocol, which is the one boto3 shows.

Source: the codes of the query protocol in the SQS API Reference, "Common errors" and each action's errors.
"""

from localcloud.errors import AwsError

_PREFIX = "AWS.SimpleQueueService."
_QUERY_CODES = {
    "QueueDoesNotExist": _PREFIX + "NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    **{
        code: _PREFIX + code
        for code in (
            *("BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidBatchEntryId"),
            *("MessageNotInflight", "TooManyEntriesInBatchRequest", "UnsupportedOperation"),
        )
    },
}


def refused(code: str, message: str) -> AwsError:
    """Return a refusal with a code of the model, or one that all services share."""
    return AwsError(code, message, query_code=_QUERY_CODES.get(code, code))


def invalid(value: object, parameter: str, reason: str) -> AwsError:
    """Return InvalidParameterValue in SQS's words."""
    return refused("InvalidParameterValue", f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


def missing(parameter: str) -> AwsError:
    """Return MissingParameter in SQS's words."""
    return refused("MissingParameter", f"The request must contain the parameter {parameter}.")


def no_queue() -> AwsError:
    """Return the answer to a queue that is not there."""
    return refused("QueueDoesNotExist", "The specified queue does not exist.")
