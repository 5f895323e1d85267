"""What of an event a target gets: the whole of it, a part, or a text of its own.

Source: EventBridge User Guide, "Amazon EventBridge input transformation" and PutTargets. Ours: a path that names
nothing gives ``null``; of JSON paths those of names and indexes are known.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.errors import AwsError

_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\['([^']+)'\]|\[(\d+)\]", re.ASCII)


def input_of(target: Mapping[str, Any], event: str) -> str:
    """Return the text that a target gets for an event's text."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_found(json.loads(event), parse_path(target["InputPath"])))
    return event


def parse_path(path: str) -> Sequence[str | int]:
    """Read a path such as ``$.detail.items[0]['a b']``; raises AwsError ValidationException."""
    steps: list[str | int] = []
    position = 1
    while position < len(path) and (step := _STEP.match(path, position)):
        steps.append(int(step[3]) if step[3] is not None else step[1] or step[2])
        position = step.end()
    if not path.startswith("$") or position != len(path):
        raise AwsError("ValidationException", f"InputPath {path} is no path of names and indexes below $")
    return steps


def _found(value: Any, steps: Sequence[str | int]) -> Any:  # noqa: ANN401  JSON
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
