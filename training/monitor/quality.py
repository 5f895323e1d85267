"""Data quality: what is missing, new or beyond the spec's limits in each column, now and in the baseline.

Of a column are counted the rows without a value (of a text, nothing but blanks), with a category that no fitted row
had, and with a value outside the limits that the spec sets for rows to learn from; of a text also how many of its
tokens are no word of the vocabulary. What got worse is listed as a violation under the names of SageMaker's Model
Monitor ("Schema for violations" in its documentation): `completeness_check`, `categorical_values_check`, and, since it
has none for them, `range_check` for numbers and `length_check` for texts. The floor: at least `LEAST_ROWS` rows of the
window, a share at least `LEAST_EXCESS` above the baseline's, and no chance at the level of the check, with standard
errors clustered by group and Holm's correction over all columns and checks. The price: a single wrong row is told in
the statistics and alarms nobody.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.spec import Kind as ColumnKind
from training.monitor.bias import compared, less
from training.monitor.distances import holm
from training.monitor.parts import Kind, Partition, Sums
from training.monitor.window import Tokens

LEAST_ROWS = 5
LEAST_EXCESS = 0.01
_SAID = {"missing": "have no value", "unseen": "have a category that no fitted row had", "outside": "are outside"}


def find(
    partition: Partition, before: Sums, now: Sums, tokens_before: Mapping[str, Tokens], tokens: Mapping[str, Tokens]
) -> dict[str, dict[str, Any]]:
    """Return what was found of each column, JSON-ready, with p-values corrected for their number."""
    found: dict[str, dict[str, Any]] = {column.name: {} for column in partition.spec.columns}
    places = [place for place, part in enumerate(partition.parts) if part.kind != "slice"]
    chances = [less(now.share(place), before.share(place)).exceeds(0.0) for place in places]
    corrected = holm([1.0 if math.isnan(chance) else chance for chance in chances])
    for place, chance in zip(places, corrected, strict=True):
        part = partition.parts[place]
        found[part.column][part.kind] = {
            "rows": now.rows(place),
            **compared(now.share(place), before.share(place)),
            "p_value": chance,
        }
    for name, counted in tokens.items():
        found[name]["unknown_tokens"] = {"before": unknown_share(tokens_before[name]), "now": unknown_share(counted)}
    return found


def unknown_share(tokens: Tokens) -> float | None:
    """Return the share of tokens that are no words of the vocabulary; None of no token."""
    return tokens.unknown / tokens.all if tokens.all else None


def unknown_of(texts: Iterable[Tokens]) -> float | None:
    """Return the share of the tokens of several texts that are no words of their vocabularies."""
    counted = [*texts]
    return unknown_share(Tokens(sum(one.all for one in counted), sum(one.unknown for one in counted)))


def violations(partition: Partition, found: Mapping[str, Mapping[str, Any]], level: float) -> list[dict[str, str]]:
    """Return what got worse, in the layout of SageMaker's `constraint_violations.json`."""
    listed = []
    for column in partition.spec.columns:
        for kind, said in _SAID.items():
            one = found[column.name].get(kind)
            worse = one and one["rows"] >= LEAST_ROWS and one["change"] >= LEAST_EXCESS and one["p_value"] <= level
            if one and worse:
                listed.append(
                    {
                        "feature_name": column.name,
                        "constraint_check_type": _check(kind, column.kind),
                        "description": f"{one['now']:.2%} of the rows {said}, and {one['before']:.2%} did in the"
                        f" baseline; p-value {one['p_value']:.2g}, corrected for all checks",
                    }
                )
    return listed


def _check(kind: str, column: ColumnKind) -> str:
    if kind == "missing":
        return "completeness_check"
    return {"categorical": "categorical_values_check", "numeric": "range_check", "text": "length_check"}[column]


def share(partition: Partition, sums: Sums, kind: Kind) -> float | None:
    """Return which share of values of all columns that can have it are so; None if there is no such column."""
    places = [place for place, part in enumerate(partition.parts) if part.kind == kind]
    return sum(sums.share(place).value for place in places) / len(places) if places else None
