"""What a check is asked: `window.json`, parsed. A field that is not known is refused, not passed over."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from chalicelib.core import container
from training.captured import Wanted
from training.channels import read_object
from training.errors import InputError
from training.monitor.check import Policy, Verdict
from training.monitor.model_quality import QualityPolicy

_FIELDS = frozenset({"model_version", "start", "end", "earlier"})
_VERDICTS: dict[object, Verdict] = {verdict: verdict for verdict in get_args(Verdict)}
_EARLIER = frozenset({"start", "end", "verdict", "p_value"})


@dataclass(frozen=True)
class Earlier:
    """What a check before this one said of its window; ``chance`` is its p-value, None if there was none."""

    start: datetime
    end: datetime
    verdict: Verdict
    chance: float | None


@dataclass(frozen=True)
class Asked:
    """Which requests belong to the window, how it and its labels are judged, and the checks before, in their order."""

    wanted: Wanted
    policy: Policy
    of_labels: QualityPolicy
    earlier: Sequence[Earlier] = ()


def read(path: Path) -> Asked:
    """Read a window.

    Raises
    ------
    InputError
        If the file is missing, or a field is not known or has an unusable value.
    """
    given = read_object(path)
    of_window, of_labels = ({field.name for field in fields(policy)} for policy in (Policy, QualityPolicy))
    unknown = given.keys() - _FIELDS - of_window - of_labels
    if unknown:
        raise InputError(f"{container.WINDOW_FILE} has unknown fields: {', '.join(sorted(unknown))}")
    wanted = Wanted(str(given.get("model_version", "")), _time(given, "start"), _time(given, "end"))
    earlier = given.get("earlier", [])
    if not isinstance(earlier, list):
        raise InputError(f"{container.WINDOW_FILE}: earlier must be a list of checks")
    checks = [_earlier(one) for one in earlier]
    policies = (
        Policy(**{name: value for name, value in given.items() if name in of_window}),
        QualityPolicy(**{name: value for name, value in given.items() if name in of_labels}),
    )
    return Asked(wanted, *policies, sorted(checks, key=lambda one: (one.start, one.end)))


def _earlier(value: object) -> Earlier:
    if not isinstance(value, dict) or value.keys() - _EARLIER:
        raise InputError(f"{container.WINDOW_FILE}: an earlier check has the fields {', '.join(sorted(_EARLIER))}")
    start, end = _time(value, "start"), _time(value, "end")
    verdict, chance = value.get("verdict"), value.get("p_value")
    if start is None or end is None or not isinstance(verdict, str) or verdict not in _VERDICTS:
        raise InputError(f"{container.WINDOW_FILE}: an earlier check has a start, an end and a verdict")
    if chance is not None and not (_is_number(chance) and 0 <= chance <= 1):
        raise InputError(f"{container.WINDOW_FILE}: the p_value of an earlier check is a share or null")
    return Earlier(start, end, _VERDICTS[verdict], None if chance is None else float(chance))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _time(given: Mapping[str, Any], name: str) -> datetime | None:
    value = given.get(name)
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"{container.WINDOW_FILE}: {name} must be a time in ISO 8601") from error
    if time.tzinfo is None:
        raise InputError(f"{container.WINDOW_FILE}: {name} must name its zone")
    return time
