"""`monitor`: what was captured of a window, against the baseline of the model that answered it.

Reads the spec, a baseline (see `stored`), the captured files (a manifest brings them all into one folder) and
`window.json`, in which all may be left out: ``{"model_version", "start", "end"}``, what belongs to the window, and the
fields of `Policy` and `QualityPolicy`. Labels that came later may be given too. Writes

- `statistics.json`: rows, coverage, every figure with its p-value, columns with effect sizes, and the words that moved;
  of labels the metrics under ``quality``, and of two labels what is to be expected without any under ``estimate``;
- `constraint_violations.json`: the figures that moved, in SageMaker's layout;
- `verdict.json`: ``{"verdict", "p_value", "level", "reasons"}``, and where there are labels ``"quality": {"verdict",
  "reasons"}``.

A window that cannot be judged is a verdict, not a failure.
"""

import logging
from dataclasses import fields
from datetime import datetime
from typing import Any

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from training.captured import Coverage, Wanted, read_captured
from training.channels import read_object, read_spec, write_object
from training.errors import InputError
from training.ground_truth import read_labels
from training.monitor import stored
from training.monitor.baseline import Baseline
from training.monitor.check import Policy, check
from training.monitor.labelled import Labelled
from training.monitor.model_quality import QualityPolicy, describe_expected, judge
from training.monitor.rows import SCORE, number_names
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
    wanted, policy, of_labels = _read_window(settings)
    baseline = stored.read(settings.processing_input(container.BASELINE))
    if list(baseline.cells.edges) != number_names(spec):
        raise InputError("the baseline is not of this spec's columns: make it anew")
    window = Window(spec, baseline.cells, baseline.null.runs)
    coverage = Coverage()
    labels = read_labels(settings.processing_input(container.GROUND_TRUTH), spec)
    labelled = Labelled(spec, baseline.cells.edges[SCORE])
    for captured in read_captured(settings.processing_input(container.CAPTURE), spec, wanted, coverage):
        window.add(captured.rows, captured.scores)
        labelled.add(captured, labels.take(captured), window.groups - 1)
    window.settle()
    labelled.settle()
    checked = check(baseline, window, coverage, policy)
    shortfall = coverage.shortfall(policy.expected, policy.least_coverage)
    judged = judge(labelled, baseline.quality, of_labels, [shortfall] if shortfall else []) if labels else None
    statistics = {**checked.statistics, **_describe(spec, baseline, labelled)}
    if judged:
        statistics["quality"] = {**judged.statistics, "labels": labels.summary()}
    out = settings.processing_output(container.MONITORING)
    write_object(out / container.STATISTICS_FILE, statistics)
    write_object(out / container.VIOLATIONS_FILE, {"violations": list(checked.violations)})
    write_object(
        out / container.VERDICT_FILE,
        {
            "verdict": checked.verdict,
            "p_value": checked.chance,
            "level": policy.level,
            "reasons": list(checked.reasons),
            **({"quality": {"verdict": judged.verdict, "reasons": list(judged.reasons)}} if judged else {}),
        },
    )
    logger.info(
        "monitor.done verdict=%s quality=%s rows=%d coverage=%.3f p_value=%s",
        checked.verdict.replace(" ", "_"),
        judged.verdict.replace(" ", "_") if judged else "unlabelled",
        window.rows,
        coverage.share(policy.expected),
        checked.chance,
    )


def _describe(spec: PipelineSpec, baseline: Baseline, labelled: Labelled) -> dict[str, Any]:
    """Return what is to be expected of the window without labels, which a regression's values do not tell."""
    return {} if spec.regression else {"estimate": describe_expected(labelled.expected, baseline.quality)}


def _read_window(settings: Settings) -> tuple[Wanted, Policy, QualityPolicy]:
    given = read_object(settings.processing_input(container.WINDOW) / container.WINDOW_FILE)
    of_window, of_labels = ({field.name for field in fields(policy)} for policy in (Policy, QualityPolicy))
    unknown = given.keys() - _WANTED - of_window - of_labels
    if unknown:
        raise InputError(f"{container.WINDOW_FILE} has unknown fields: {', '.join(sorted(unknown))}")
    wanted = Wanted(str(given.pop("model_version", "")), _time(given, "start"), _time(given, "end"))
    chosen = {name: given.pop(name) for name in of_labels & given.keys()}
    return wanted, Policy(**given), QualityPolicy(**chosen)


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
