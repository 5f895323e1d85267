"""How AWS writes a time into documents and events."""

from datetime import UTC, datetime


def milliseconds(moment: datetime) -> str:
    """Write a time in ISO 8601: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
