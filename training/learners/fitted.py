"""What a learner returns, and the registry of learners by name: adding one is adding a line here and in `model`."""

from collections.abc import Callable, Mapping, Sequence

from chalicelib.core.spec import PipelineSpec
from training.channels import LabelledRow
from training.errors import InputError
from training.learners.text_margin_boosting import Fitted, fit

Fit = Callable[[PipelineSpec, Sequence[LabelledRow], Sequence[LabelledRow], Mapping[str, str]], Fitted]

FITTERS: dict[str, Fit] = {"text_margin_boosting": fit}


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
