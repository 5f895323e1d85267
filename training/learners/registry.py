"""The learners by name: adding one is adding a line here, and one in `model` for the code that reads what it writes."""

from training.errors import InputError
from training.learners import tabular_boosting, text_margin_boosting
from training.learners.fitted import Fit

FITTERS: dict[str, Fit] = {
    "tabular_boosting": tabular_boosting.fit,
    "text_margin_boosting": text_margin_boosting.fit,
}


def find(name: str) -> Fit:
    """Return the learner of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in FITTERS:
        raise InputError(f"there is no learner {name!r}; there are {', '.join(sorted(FITTERS))}")
    return FITTERS[name]
