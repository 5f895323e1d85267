"""How SNS says no: codes of its model, texts as its users quote them."""

from collections.abc import Iterable, Mapping

from localcloud import emulated
from localcloud.errors import AwsError


def invalid(what: str) -> AwsError:
    """Return the answer to a parameter that cannot be; ``what`` begins with its name."""
    return AwsError("InvalidParameter", f"Invalid parameter: {what}")


def not_emulated(what: str) -> AwsError:
    """Return the answer to what SNS has and the local cloud does not have."""
    return emulated.refusal(f"Invalid parameter: {what}", "InvalidParameter")


def missing(what: str) -> AwsError:
    """Return the answer to a topic or subscription that is not there."""
    return AwsError("NotFound", f"{what} does not exist", 404)


def only(given: Iterable[str], members: str, path: str = "") -> None:
    """Refuse any name that is not among the space-separated ``members``."""
    emulated.only(given, members, path, not_emulated)


def flag(attributes: Mapping[str, str], name: str) -> bool:
    """Read a boolean attribute, false where it is missing; raises AwsError."""
    text = attributes.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise invalid(f"{name} Reason: Value [{attributes[name]}] must be true or false")
    return text == "true"
