"""Data as text, for the database: JSON that keeps times and bytes apart from texts."""

import base64
import json
from datetime import datetime
from typing import Any

_TIME, _BYTES = "$time", "$bytes"  # no member of AWS's shapes begins with $


def dumps(data: object) -> str:
    """Write mappings, lists, texts, numbers, None, aware datetimes and bytes."""
    return json.dumps(data, default=_write)


def loads(text: str) -> Any:  # noqa: ANN401  JSON
    """Read what `dumps` wrote; tuples come back as lists."""
    return json.loads(text, object_hook=_read)


def _write(value: object) -> object:
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} is not kept in the database")


def _read(found: dict[str, Any]) -> object:
    if len(found) == 1:
        if _TIME in found:
            return datetime.fromisoformat(found[_TIME])
        if _BYTES in found:
            return base64.b64decode(found[_BYTES])
    return found
