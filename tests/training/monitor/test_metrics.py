import math
import re

from hypothesis import given
from hypothesis import strategies as st

from training.monitor.metrics import collect

NUMBERS = st.one_of(st.none(), st.floats())
MADE = {
    "rows": 300,
    "coverage": {"share": 0.9},
    "domain_classifier": {"auc": 0.7},
    "attribution": {"ndcg": 0.95},
    "shares": {
        "missing": {"now": 0.1},
        "unknown_tokens": {"now": 0.2},
        "unseen": {"now": None},
        "outside": {"now": 0.0},
    },
    "bias": {"all": {"now": 0.4}},
}


def test_every_figure_has_its_name() -> None:
    """A judged window has every figure that could be computed, by its name in CloudWatch."""
    assert collect("drift", 0.01, MADE, regression=False) == {
        "Rows": 300,
        "Coverage": 0.9,
        "PValue": 0.01,
        "Drift": 1,
        "DomainClassifierAUC": 0.7,
        "AttributionNDCG": 0.95,
        "MissingShare": 0.1,
        "OutOfVocabularyShare": 0.2,
        "OutOfRangeShare": 0,
        "PositiveShare": 0.4,
    }
    assert collect("no drift", 0.5, MADE, regression=True)["Drift"] == 0
    assert collect("no drift", 0.5, MADE, regression=True)["MeanValue"] == 0.4


def test_a_window_that_is_not_judged_starts_nothing() -> None:
    """Where there is not enough data neither drift nor a p-value is published, whatever was seen."""
    assert not collect("not enough data", 0.0002, MADE, regression=False).keys() & {"Drift", "PValue"}


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_figures_are_finite_and_well_named(
    chance: float | None, share: float | None, auc: float | None, mean: float | None
) -> None:
    """Whatever could not be computed, each figure is a finite number with a name of letters."""
    made = MADE | {
        "shares": {"missing": {"now": share}},
        "domain_classifier": {"auc": auc},
        "attribution": {"missing": "no model was given"},
        "bias": {"all": {"now": mean}},
    }
    found = collect("drift", chance, made, regression=True)
    assert all(isinstance(value, float) and math.isfinite(value) for value in found.values())
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", name) for name in found)
    assert ("PValue" in found) == (chance is not None and math.isfinite(chance))
