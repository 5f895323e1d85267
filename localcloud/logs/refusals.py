"""How CloudWatch Logs says no: codes of its model, texts as its users quote them."""

from collections.abc import Iterable

from localcloud import emulated
from localcloud.errors import AwsError


def invalid(message: str) -> AwsError:
    """Return the answer to a parameter that cannot be."""
    return AwsError("InvalidParameterException", message)


def not_emulated(what: str) -> AwsError:
    """Return the answer to what AWS has and the local cloud does not have."""
    return emulated.refusal(what, "InvalidParameterException")


def missing(what: str) -> AwsError:
    """Return the answer to a group or stream that is not there."""
    return AwsError("ResourceNotFoundException", f"The specified {what} does not exist.")


def taken(what: str) -> AwsError:
    """Return the answer to a group or stream that is there already."""
    return AwsError("ResourceAlreadyExistsException", f"The specified {what} already exists")


def only(request: Iterable[str], members: str) -> None:
    """Refuse any member of a request that is not among the space-separated ``members``."""
    emulated.only(request, members, refuse=not_emulated)
