"""`monitor`: what was captured of a window, against the baseline of the model that answered it.

Reads the spec, a baseline (see `stored`), the captured files (a manifest brings them all into one folder) and
`window.json`, in which all may be left out: ``{"model_version", "start", "end"}``, what belongs to the window, and the
fields of `Policy`. Writes

- `statistics.json`: rows, coverage, every figure with its p-value, columns with effect sizes, and the words that moved;
- `constraint_violations.json`: the figures that moved, in SageMaker's layout;
- `verdict.json`: ``{"verdict", "p_value", "level", "reasons"}``.

A window that cannot be judged is a verdict, not a failure.
"""

import logging
from dataclasses import fields
from datetime import datetime
from typing import Any

from chalicelib.core import container
from training.captured import Coverage, Wanted, read_captured
from training.channels import read_object, read_spec, write_object
from training.errors import InputError
from training.monitor import stored
from training.monitor.check import Policy, check
from training.monitor.rows import number_names
from training.monitor.window import Window
from training.settings import Settings

_WANTED = frozenset({"model_version", "start", "end"})

logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Check the job's window.

    Raises
    ------
    InputError
        If spec, baseline or `window.json` cannot be read, or the baseline is not the spec's.
    InvalidSpecError
        If the spec is none.
    """
    spec = read_spec(settings.processing_input(container.SPEC))
    wanted, policy = _read_window(settings)
    baseline = stored.read(settings.processing_input(container.BASELINE))
    if list(baseline.cells.edges) != number_names(spec):
        raise InputError("the baseline is not of this spec's columns: make it anew")
    window = Window(spec, baseline.cells, baseline.null.typical_group)
    coverage = Coverage()
    for captured in read_captured(settings.processing_input(container.CAPTURE), spec, wanted, coverage):
        window.add(captured.rows, captured.scores)
    window.settle()
    checked = check(baseline, window, coverage, policy)
    out = settings.processing_output(container.MONITORING)
    write_object(out / container.STATISTICS_FILE, checked.statistics)
    write_object(out / container.VIOLATIONS_FILE, {"violations": list(checked.violations)})
    write_object(
        out / container.VERDICT_FILE,
        {
            "verdict": checked.verdict,
            "p_value": checked.chance,
            "level": policy.level,
            "reasons": list(checked.reasons),
        },
    )
    logger.info(
        "monitor.done verdict=%s rows=%d coverage=%.3f p_value=%s",
        checked.verdict.replace(" ", "_"),
        window.rows,
        coverage.share(policy.expected),
        checked.chance,
    )


def _read_window(settings: Settings) -> tuple[Wanted, Policy]:
    given = read_object(settings.processing_input(container.WINDOW) / container.WINDOW_FILE)
    unknown = given.keys() - _WANTED - {field.name for field in fields(Policy)}
    if unknown:
        raise InputError(f"{container.WINDOW_FILE} has unknown fields: {', '.join(sorted(unknown))}")
    wanted = Wanted(str(given.pop("model_version", "")), _time(given, "start"), _time(given, "end"))
    return wanted, Policy(**given)


def _time(given: dict[str, Any], name: str) -> datetime | None:
    value = given.pop(name, None)
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"{container.WINDOW_FILE}: {name} must be a time in ISO 8601") from error
    if time.tzinfo is None:
        raise InputError(f"{container.WINDOW_FILE}: {name} must name its zone")
    return time
