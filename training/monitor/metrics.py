"""The figures of a check that an alarm may hang on, by the names they have in CloudWatch: each a finite number.

What could not be computed is left out, since an alarm then sees missing data and not a number that means nothing; and
so are `Drift` and `PValue` of a window that could not be judged, which must not look like one without drift, nor start
anything.
"""

import math
from collections.abc import Mapping
from typing import Any

from training.monitor.check import Verdict


def collect(
    verdict: Verdict, chance: float | None, statistics: Mapping[str, Any], *, regression: bool
) -> dict[str, float]:
    """Return the metrics of a check by name; ``statistics`` are all that were made of the window."""
    judged = verdict != "not enough data"
    shares = statistics.get("shares", {})
    named = {
        "Rows": statistics["rows"],
        "Coverage": statistics["coverage"]["share"],
        "PValue": chance if judged else None,
        "Drift": float(verdict == "drift") if judged else None,
        "DomainClassifierAUC": statistics.get("domain_classifier", {}).get("auc"),
        "AttributionNDCG": statistics.get("attribution", {}).get("ndcg"),
        "MissingShare": shares.get("missing", {}).get("now"),
        "OutOfVocabularyShare": shares.get("unknown_tokens", {}).get("now"),
        "UnseenCategoryShare": shares.get("unseen", {}).get("now"),
        "OutOfRangeShare": shares.get("outside", {}).get("now"),
        "MeanValue" if regression else "PositiveShare": statistics.get("bias", {}).get("all", {}).get("now"),
    }
    return {name: float(value) for name, value in named.items() if value is not None and math.isfinite(value)}
