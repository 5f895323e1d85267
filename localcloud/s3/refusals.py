"""What S3 answers when it refuses: codes, texts and statuses of its API Reference ("Error responses")."""

from localcloud import emulated
from localcloud.errors import AwsError


def no_such_bucket(bucket: str) -> AwsError:
    """Say that there is no such bucket."""
    return AwsError("NoSuchBucket", "The specified bucket does not exist", 404, {"BucketName": bucket})


def no_such_key(key: str) -> AwsError:
    """Say that there is no such object, or its current version is a delete marker."""
    return AwsError("NoSuchKey", "The specified key does not exist.", 404, {"Key": key})


def no_such_version(key: str, version: str) -> AwsError:
    """Say that the object has no such version."""
    members: dict[str, object] = {"Key": key, "VersionId": version}
    return AwsError("NoSuchVersion", "The specified version does not exist.", 404, members)


def no_such_upload(upload: str) -> AwsError:
    """Say that the multipart upload was completed or aborted, or never was."""
    message = (
        "The specified upload does not exist. The upload ID may be invalid, "
        "or the upload may have been aborted or completed."
    )
    return AwsError("NoSuchUpload", message, 404, {"UploadId": upload})


def precondition_failed(condition: str) -> AwsError:
    """Say that a condition of the request does not hold."""
    message = "At least one of the pre-conditions you specified did not hold"
    return AwsError("PreconditionFailed", message, 412, {"Condition": condition})


def invalid_argument(message: str, name: str, value: object) -> AwsError:
    """Say that an argument cannot be what it is."""
    return AwsError("InvalidArgument", message, 400, {"ArgumentName": name, "ArgumentValue": value})


def invalid_request(message: str) -> AwsError:
    """Say that the request contradicts itself or lacks something."""
    return AwsError("InvalidRequest", message)


def not_emulated(what: str) -> AwsError:
    """Say that AWS has it, and the local cloud has not."""
    return emulated.unknown(what)
