"""What a check's page says of what came in: how much of the window was read, and what is wrong with its values."""

from collections.abc import Mapping
from typing import Any

from training.report.pages import chance
from training.report.sections import Section, Table, Text, paired

_KINDS = {"missing": "missing", "unseen": "category not seen before", "outside": "outside the limits"}


def data_quality(statistics: Mapping[str, Any]) -> list[Section]:
    """Return the section of data quality; nothing if no row was read."""
    rows = []
    for column, found in statistics.get("data_quality", {}).items():
        rows += [
            [
                column,
                said,
                f"{found[kind]['rows']:,}",
                f"{found[kind]['before']:.2%}",
                f"{found[kind]['now']:.2%}",
                chance(found[kind]["p_value"]),
            ]
            for kind, said in _KINDS.items()
            if kind in found
        ]
        tokens = found.get("unknown_tokens")
        if tokens:
            before, now = ("n/a" if tokens[side] is None else f"{tokens[side]:.2%}" for side in ("before", "now"))
            rows.append([column, "words outside the vocabulary", "", before, now, ""])
    if not rows:
        return []
    heads = ("Column", "what", "rows", "before", "now", "p, corrected")
    explained = (
        "Shares of rows, and of words. The p-value is that of no increase, corrected for all columns and checks."
    )
    return [Section("Data quality", [Table(heads, rows, 2), Text(explained, muted=True)])]


def coverage(statistics: Mapping[str, Any]) -> Section:
    """Return the section of how much of the window was read."""
    one = statistics["coverage"]
    rows = [["requests read", f"{one['read']:,}"], ["files", f"{one['files']:,}"]]
    if one["expected"] is not None:
        rows += [["requests captured at least, whichever version answered", f"{one['expected']:,}"]]
    rows += [["empty files", f"{one['empty_files']:,}"]] if one["empty_files"] else []
    rows += [[f"left out: {reason}", f"{times:,}"] for reason, times in one["left_out"].items()]
    rows += [[f"unreadable: {reason}", f"{times:,}"] for reason, times in one["unreadable"].items()]
    said = f"{one['share']:.1%} of the window's requests were read."
    return Section("Coverage", [Text(said), paired(("What", "number"), rows, otherwise="")])
