"""The page of a check, for people: the verdict in words, what moved and what else is told, section by section.

Nothing of a row is shown: rows are named by their request's id and their place in it, words only where several rows of
the window hold them, categories only where the baseline has several rows of them. Whoever has more to tell adds a
function that gives sections to `_PARTS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.core.spec import PipelineSpec
from training.monitor.asked import Asked, Earlier
from training.monitor.baseline import Baseline
from training.monitor.report_answers import answers, looked_at
from training.monitor.report_inputs import apart, moved, words
from training.monitor.report_intake import coverage, data_quality
from training.monitor.report_labels import expected, labelled
from training.monitor.window import Window
from training.report import drift_plots, sections
from training.report.sections import Plots, Section, Text, Verdict

_VERDICTS: Mapping[str, Any] = {
    "drift": ("This window has drifted.", "bad"),
    "no drift": ("No drift was found.", "good"),
    "not enough data": ("There is not enough data to say whether this window has drifted.", "unsure"),
}
_NAMED = 12  # of what moved, in the verdict
_LATEST = 60  # earlier checks that are drawn


@dataclass(frozen=True)
class Findings:
    """All that a check has found: what was asked, the contents of the three JSON files, and what was counted."""

    spec: PipelineSpec
    asked: Asked
    verdict: Mapping[str, Any]
    statistics: Mapping[str, Any]
    violations: Sequence[Mapping[str, str]]
    baseline: Baseline
    window: Window


def render(findings: Findings) -> str:
    """Return the page."""
    spec, wanted, statistics = findings.spec, findings.asked.wanted, findings.statistics
    facts = [
        f"Pipeline {spec.name}",
        *([f"model {wanted.version}"] if wanted.version else []),
        *([f"from {_when(wanted.start)}"] if wanted.start else []),
        *([f"to {_when(wanted.end)}"] if wanted.end else []),
        f"{statistics['rows']:,} rows, compared with {statistics['baseline_rows']:,} held-out ones",
    ]
    built = [*_since(findings), *(part for build in _PARTS if statistics["rows"] for part in build(findings))]
    return sections.render(
        f"{spec.name}: drift check",
        spec.title,
        facts,
        _verdict(findings),
        [*built, *data_quality(statistics), coverage(statistics)],
    )


_PARTS: Sequence[Callable[[Findings], Sequence[Section]]] = (
    lambda found: moved(found.spec, found.statistics, found.baseline, found.window),
    lambda found: words(found.spec, found.statistics),
    lambda found: apart(found.statistics),
    lambda found: answers(found.spec, found.statistics),
    lambda found: looked_at(found.spec, found.statistics),
    lambda found: labelled(found.verdict, found.statistics),
    lambda found: expected(found.statistics),
)


def _verdict(findings: Findings) -> Verdict:
    verdict, chance, level = (findings.verdict[name] for name in ("verdict", "p_value", "level"))
    reasons = list(findings.verdict["reasons"])
    if verdict != "not enough data":
        reasons.append(
            f"Without drift, chance moves something as far as this in {chance:.2%} of windows;"
            f" at {level:.2%} or less it is called drift"
        )
    if verdict == "drift":
        names = [sections.cut(row["feature"]) for row in findings.statistics["moved"] if row["moved"]]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        reasons.append(f"Moved: {', '.join(names[:_NAMED])}{more}")
    kinds = sorted({violation["constraint_check_type"] for violation in findings.violations} - {"baseline_drift_check"})
    if kinds:
        reasons.append(f"Beside the verdict, got worse: {', '.join(kind.replace('_', ' ') for kind in kinds)}")
    if "limit" in findings.statistics:
        limit = findings.statistics["limit"]
        reasons.append(limit[:1].upper() + limit[1:])
    said, mood = _VERDICTS[verdict]
    return Verdict(said, mood, [reason + "." for reason in reasons])


def _since(findings: Findings) -> list[Section]:
    earlier = list(findings.asked.earlier)[-_LATEST:]
    if not earlier:
        return []
    verdict = findings.verdict["verdict"]
    plot = drift_plots.strip(
        [*(one.verdict for one in earlier), verdict],
        [*(one.chance for one in earlier), findings.verdict["p_value"]],
        [*(f"{one.start:%Y-%m-%d %H:%M}" for one in earlier), "this one"],
    )
    colours = "Red is drift, green none, yellow not enough data; the dot is the p-value, and the last check is framed."
    return [Section("Since when", [Text(since(earlier, verdict)), Plots({"Checks": plot}), Text(colours, muted=True)])]


def since(earlier: Sequence[Earlier], verdict: str) -> str:
    """Return in words since when there has been drift: no check in between that found none.

    Only the last checks are remembered, so where none of them found none the drift may be older than all of them.
    """
    drifted = [one for one in earlier if one.verdict == "drift"]
    if verdict != "drift":
        if not drifted:
            return "No drift was found in the windows before."
        return f"Drift was last found in the window from {_when(drifted[-1].start)}."
    ends = [one.end for one in earlier if one.verdict == "no drift"]
    run = [one for one in drifted if not ends or one.start >= ends[-1]]
    if not run:
        return f"This is the first window with drift {'since the last one without' if ends else 'that is remembered'}."
    since_when = f"{'' if ends else 'at least '}since the window from {_when(run[0].start)}"
    beyond = "" if ends else ", and no window without drift before them is remembered"
    return f"There has been drift {since_when}: {len(run) + 1} windows with this one{beyond}."


def _when(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
