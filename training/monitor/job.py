"""`monitor`: what was captured of a window, against the baseline of the model that answered it.

Reads the spec, a baseline (see `stored`), the captured files (a manifest brings them all into one folder), the model's
`model.tar.gz` if it is given, and `window.json`, in which all may be left out: ``{"model_version", "start", "end"}``,
what belongs to the window; ``earlier``, a list of ``{"start", "end", "verdict", "p_value"}`` of checks before; and the
fields of `Policy`. Writes

- `statistics.json`: rows, coverage, every figure with its p-value, columns with effect sizes, the words that moved, and
  what is told beside the verdict (see `told`);
- `constraint_violations.json`: the figures that moved and what else got worse, in SageMaker's layout;
- `verdict.json`: ``{"verdict", "p_value", "level", "reasons", "metrics"}``, the last a flat object of finite numbers;
- `report.html`: the same for people.

A window that cannot be judged is a verdict, not a failure; nothing is listed as a violation then.
"""

import logging

from chalicelib.core import container
from training.channels import read_spec, write_object
from training.errors import InputError
from training.monitor import asked as windows
from training.monitor import background, stored
from training.monitor.capture import Coverage, read_captured
from training.monitor.check import check
from training.monitor.given import read_given
from training.monitor.metrics import collect
from training.monitor.report import Findings, render
from training.monitor.rows import number_names
from training.monitor.told import Told, Watch, tell
from training.monitor.window import Window
from training.report.pages import write_page
from training.settings import Settings

logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Check the job's window.

    Raises
    ------
    InputError
        If spec, baseline or `window.json` cannot be read, or the baseline is not the spec's.
    ArtifactError
        If the model is given, and is not what was trained.
    InvalidSpecError
        If the spec is none.
    """
    spec = read_spec(settings.processing_input(container.SPEC))
    asked = windows.read(settings.processing_input(container.WINDOW) / container.WINDOW_FILE)
    policy = asked.policy
    baseline = stored.read(settings.processing_input(container.BASELINE))
    if list(baseline.cells.edges) != number_names(spec):
        raise InputError("the baseline is not of this spec's columns: make it anew")
    behind = background.read(settings.processing_input(container.BASELINE), spec)
    watch = Watch(behind, read_given(settings, spec))
    window = Window(spec, baseline.cells, baseline.null.typical_group, watch.observers)
    coverage = Coverage()
    for captured in read_captured(settings.processing_input(container.CAPTURE), spec, asked.wanted, coverage):
        window.add(captured.rows, captured.scores, captured.id)
    window.settle()
    checked = check(baseline, window, coverage, policy)
    told = Told({}, ())
    if window.rows:
        told = tell(baseline, behind, window, watch, policy=policy, statistics=checked.statistics)
    statistics = {**checked.statistics, **told.statistics}
    verdict = {
        "verdict": checked.verdict,
        "p_value": checked.chance,
        "level": policy.level,
        "reasons": list(checked.reasons),
        "metrics": collect(checked.verdict, checked.chance, statistics, regression=spec.regression),
    }
    violations = [] if checked.verdict == "not enough data" else [*checked.violations, *told.violations]
    out = settings.processing_output(container.MONITORING)
    write_object(out / container.STATISTICS_FILE, statistics)
    write_object(out / container.VIOLATIONS_FILE, {"violations": violations})
    write_object(out / container.VERDICT_FILE, verdict)
    findings = Findings(spec, asked, verdict, statistics, violations, baseline, window)
    write_page(out / container.REPORT_FILE, render(findings))
    logger.info(
        "monitor.done verdict=%s rows=%d coverage=%.3f p_value=%s",
        checked.verdict.replace(" ", "_"),
        window.rows,
        coverage.share(policy.expected),
        checked.chance,
    )
