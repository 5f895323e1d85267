"""What a check's page says of labels that came later, and of what is to be expected without any."""

from collections.abc import Mapping
from typing import Any

from training.report.pages import chance, number
from training.report.sections import Block, Section, Table, Text

_HOUR, _DAY = 3_600, 86_400  # seconds
_IN_DAYS = 2 * _DAY  # from which on a time is told in days
_TITLE = "Whether the model got worse"
_SAID = {
    "worse": "The labels say that the model got worse.",
    "not worse": "The labels show no loss.",
    "withheld": "There are labels, but they cannot speak for the window.",
    "not enough data": "There are not enough labels to say.",
}


def labelled(verdict: Mapping[str, Any], statistics: Mapping[str, Any]) -> list[Section]:
    """Return the section of model quality; nothing if there are no labels."""
    judged, found = verdict.get("quality"), statistics.get("quality")
    if not judged or not found:
        return []
    blocks: list[Block] = [Text(_SAID[judged["verdict"]])]
    blocks += [Text(f"{reason[:1].upper()}{reason[1:]}.") for reason in judged["reasons"]]
    test = found.get("test")
    if test:
        blocks.append(
            Text(
                f"The loss of {test['metric']} is {number(test['loss'], 3)}, with a standard error of"
                f" {number(test['standard_error'], 3)}; p-value {chance(test['p_value'])} at the level"
                f" {test['level']:g}."
            )
        )
    now: Mapping[str, Any] = next((part for name, part in found.items() if name.endswith("_metrics")), {})
    before = (found.get("baseline") or {}).get("metrics", {})
    weighted = found.get("weighted", {})
    rows = [
        [name, *(number(side.get(name, {}).get("value"), 3) for side in (before, now, weighted))]
        for name in before
        if isinstance(now.get(name), dict) and "value" in now[name]
    ]
    if rows:
        blocks.append(Table(("Metric", "baseline", "labelled rows", "weighted for all"), rows))
    selected = found.get("selection")
    if selected:
        blocks.append(
            Text(
                f"{selected['labelled']:,} of {selected['rows']:,} rows have a label. That these are like the others"
                f" has the p-value {chance(selected['p_value'])}.",
                muted=True,
            )
        )
    delay = found["labels"].get("delay_s")
    if delay:
        blocks.append(
            Text(
                f"Half of the labels came within {_lasting(delay['median'])} of the request, nine tenths within"
                f" {_lasting(delay['p90'])}. To half an hour, as a label's file names the hour in which it came.",
                muted=True,
            )
        )
    return [Section(_TITLE, blocks)]


def _lasting(seconds: float) -> str:
    """Return a time as people read it."""
    return f"{number(seconds / _HOUR, 3)} hours" if seconds < _IN_DAYS else f"{number(seconds / _DAY, 3)} days"


def expected(statistics: Mapping[str, Any]) -> list[Section]:
    """Return the section of what the scores let expect; nothing of a regression."""
    estimate = statistics.get("estimate")
    if not estimate:
        return []
    rows = [
        [name, *(number(one[side], 3) for side in ("estimated", "baseline_estimated", "baseline_measured"))]
        for name, one in estimate.items()
        if name != "assumes"
    ]
    heads = ("Metric", "expected now", "expected of the baseline", "measured there")
    return [
        Section(
            "What to expect without labels",
            [Table(heads, rows), Text(f"It is assumed that {estimate['assumes']}.", muted=True)],
        )
    ]
