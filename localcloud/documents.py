"""Data as text, for the database: JSON that keeps times and bytes apart from texts.

A time or bytes are an object with one key of ours. Users call the keys of their maps as they like, so a key that
begins with ``$`` is written with one ``$`` more.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_TIME, _BYTES = "$time", "$bytes"


def dumps(data: object) -> str:
    """Write mappings, lists, texts, numbers, None, aware datetimes and bytes; raises TypeError for anything else."""
    return json.dumps(_written(data), default=_refuse)


def loads(text: str) -> Any:  # noqa: ANN401  JSON
    """Read what `dumps` wrote; tuples come back as lists."""
    return json.loads(text, object_hook=_read)


def _written(value: object) -> object:
    if isinstance(value, Mapping):
        return {f"${key}" if str(key).startswith("$") else key: _written(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    return value


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} is not kept in the database")


def _read(found: dict[str, Any]) -> object:
    if _TIME in found:
        return datetime.fromisoformat(found[_TIME])
    if _BYTES in found:
        return base64.b64decode(found[_BYTES])
    return {key.removeprefix("$") if key.startswith("$$") else key: value for key, value in found.items()}
