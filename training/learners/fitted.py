"""What a learner takes and returns, and how it refuses a pipeline that is not for it."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from chalicelib.core.measures import Task
from chalicelib.core.spec import PipelineSpec
from training.channels import LabelledRow
from training.errors import InputError
from training.learners.margin import Floats
from training.learners.model import Model


@dataclass(frozen=True)
class Fitted:
    """A fitted model and the metrics of its selection, by SageMaker's names (``validation:accuracy``).

    ``held_out`` are the scores of the validation rows by a model that had not seen them, shape (validation rows,), from
    which the decision threshold is chosen; None if there was nothing to validate on.
    """

    model: Model
    metrics: Mapping[str, float]
    held_out: Floats | None = None


Fit = Callable[[PipelineSpec, Sequence[LabelledRow], Sequence[LabelledRow], Mapping[str, str]], Fitted]


def refuse_kinds(
    spec: PipelineSpec, kinds: AbstractSet[str], tasks: AbstractSet[Task] = frozenset({"binary_classification"})
) -> None:
    """Refuse a pipeline whose columns or task the learner does not read.

    Raises
    ------
    InputError
        If a column is of none of the ``kinds``, or the task is none of ``tasks``.
    """
    others = sorted(column.name for column in spec.columns if column.kind not in kinds)
    if others or spec.task not in tasks:
        raise InputError(
            f"the learner {spec.learner.name} reads {' and '.join(sorted(kinds))} columns for"
            f" {' or '.join(sorted(tasks))}; the spec says {spec.task}"
            + (f" and has other columns: {', '.join(others)}" if others else "")
        )
