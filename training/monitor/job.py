"""`monitor`: what was captured of a window, against the baseline of the model that answered it.

Reads the spec, a baseline (see `stored` and `background`), the captured files (a manifest brings them all into one
folder), labels that came later and the model's `model.tar.gz` where they are given, and `window.json`, in which all may
be left out: ``{"model_version", "start", "end"}``, what belongs to the window; ``earlier``, a list of ``{"start",
"end", "verdict", "p_value"}`` of the checks before; and the fields of `Policy` and `QualityPolicy`. Writes

- `statistics.json`: rows, coverage, every figure with its p-value, columns with effect sizes, the words that moved, and
  what is told beside the verdict (see `told`); of labels the metrics under ``quality``, and of two labels what is to be
  expected without any under ``estimate``;
- `constraint_violations.json`: the figures that moved and what else got worse, in SageMaker's layout;
- `verdict.json`: ``{"verdict", "p_value", "level", "reasons", "metrics"}``, the last a flat object of finite numbers,
  and where there are labels ``"quality": {"verdict", "reasons"}``;
- `report.html`: the same for people.

A window that cannot be judged is a verdict, not a failure; nothing is listed as a violation then.
"""

import logging
from dataclasses import dataclass
from typing import Any

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from training.captured import Coverage, read_captured
from training.channels import read_spec, write_object
from training.errors import InputError
from training.ground_truth import Labels, read_labels
from training.monitor import asked as windows
from training.monitor import background, stored
from training.monitor.asked import Asked
from training.monitor.baseline import Baseline
from training.monitor.check import Checked, check
from training.monitor.given import read_given
from training.monitor.label_metrics import of_labels
from training.monitor.labelled import Labelled
from training.monitor.metrics import collect
from training.monitor.model_quality import Judged, describe_expected, judge
from training.monitor.report import Findings, render
from training.monitor.rows import SCORE, number_names
from training.monitor.told import Told, Watch, tell
from training.monitor.window import Window
from training.report.pages import write_page
from training.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Counted:
    """A window that was read to its end."""

    window: Window
    coverage: Coverage
    labels: Labels
    labelled: Labelled


def run(settings: Settings) -> None:
    """Check the job's window.

    Raises
    ------
    InputError
        If spec, baseline or `window.json` cannot be read, or baseline or model are not the spec's.
    ArtifactError
        If the model is given, and is not what was trained.
    InvalidSpecError
        If the spec is none.
    """
    spec = read_spec(settings.processing_input(container.SPEC))
    asked = windows.read(settings.processing_input(container.WINDOW) / container.WINDOW_FILE)
    folder = settings.processing_input(container.BASELINE)
    baseline = stored.read(folder)
    if list(baseline.cells.edges) != number_names(spec):
        raise InputError("the baseline is not of this spec's columns: make it anew")
    behind = background.read(folder, spec)
    watch = Watch(behind, read_given(settings, spec))
    counted = _count(settings, spec, asked, baseline, watch)
    checked = check(baseline, counted.window, counted.coverage, asked.policy)
    judged = _judge(asked, baseline, counted)
    told = Told({}, ())
    if counted.window.rows:
        told = tell(baseline, behind, counted.window, watch, policy=asked.policy, statistics=checked.statistics)
    statistics = {**checked.statistics, **told.statistics, **_of_labels(spec, baseline, counted, judged)}
    violations = [] if checked.verdict == "not enough data" else [*checked.violations, *told.violations]
    verdict = _verdict(spec, asked, checked, judged, statistics)
    out = settings.processing_output(container.MONITORING)
    write_object(out / container.STATISTICS_FILE, statistics)
    write_object(out / container.VIOLATIONS_FILE, {"violations": violations})
    write_object(out / container.VERDICT_FILE, verdict)
    findings = Findings(spec, asked, verdict, statistics, violations, baseline, counted.window)
    write_page(out / container.REPORT_FILE, render(findings))
    logger.info(
        "monitor.done verdict=%s quality=%s rows=%d coverage=%.3f p_value=%s",
        checked.verdict.replace(" ", "_"),
        judged.verdict.replace(" ", "_") if judged else "unlabelled",
        counted.window.rows,
        counted.coverage.share(asked.policy.expected),
        checked.chance,
    )


def _count(settings: Settings, spec: PipelineSpec, asked: Asked, baseline: Baseline, watch: Watch) -> _Counted:
    window = Window(spec, baseline.cells, baseline.null.runs, watch.observers)
    coverage = Coverage()
    labels = read_labels(settings.processing_input(container.GROUND_TRUTH), spec)
    labelled = Labelled(spec, baseline.cells.edges[SCORE])
    for captured in read_captured(settings.processing_input(container.CAPTURE), spec, asked.wanted, coverage):
        window.add(captured.rows, captured.scores, captured.id, captured.called)
        labelled.add(captured, labels.take(captured), window.groups - 1)
    window.settle()
    labelled.settle()
    return _Counted(window, coverage, labels, labelled)


def _judge(asked: Asked, baseline: Baseline, counted: _Counted) -> Judged | None:
    """Return what labels say of the model; None if there are none."""
    if not counted.labels:
        return None
    shortfall = counted.coverage.shortfall(asked.policy.expected, asked.policy.least_coverage)
    return judge(counted.labelled, baseline.quality, asked.of_labels, [shortfall] if shortfall else [])


def _of_labels(spec: PipelineSpec, baseline: Baseline, counted: _Counted, judged: Judged | None) -> dict[str, Any]:
    """Return what labels tell, and what is to be expected without any, which a regression's values do not tell."""
    found: dict[str, Any] = {}
    if not spec.regression:
        found["estimate"] = describe_expected(counted.labelled.expected, baseline.quality)
    if judged:
        found["quality"] = {**judged.statistics, "labels": counted.labels.summary()}
    return found


def _verdict(
    spec: PipelineSpec, asked: Asked, checked: Checked, judged: Judged | None, statistics: dict[str, Any]
) -> dict[str, Any]:
    metrics = collect(checked.verdict, checked.chance, statistics, regression=spec.regression)
    return {
        "verdict": checked.verdict,
        "p_value": checked.chance,
        "level": asked.policy.level,
        "reasons": list(checked.reasons),
        "metrics": metrics | of_labels(judged.verdict if judged else None, statistics),
        **({"quality": {"verdict": judged.verdict, "reasons": list(judged.reasons)}} if judged else {}),
    }
