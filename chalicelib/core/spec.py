"""What one pipeline is: its columns, split, learner and machines, as plain data.

A spec is written in Python (``chalicelib/pipelines``), travels to the container as JSON (`PipelineSpec.to_dict`) and
is read back there (`PipelineSpec.from_dict`), so that both sides read one definition. Whatever a spec says, but for
its title and machines, is part of the recipe: another spec is another model.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from chalicelib.core.errors import InvalidSpecError

# 63 characters for a name, less "freshet-prod-", "-candidate-" (the longest middle) and an id of 16.
MAX_NAME = 23
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

Kind = Literal["text"]


@dataclass(frozen=True)
class Column:
    """One input column: its name in the data and what kind of values it holds."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Split:
    """How rows are held out: shares of the hash space, by group where a row has one, else by content."""

    salt: str
    validation: float = 0.1
    test: float = 0.1


@dataclass(frozen=True)
class Learner:
    """Which learner the container fits, and its hyperparameters (strings, as SageMaker passes them)."""

    name: str
    hyperparameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Machines:
    """Where each step runs: SageMaker instance types and job time limits in seconds."""

    prepare: str = "ml.m5.xlarge"
    train: str = "ml.m5.xlarge"
    score: str = "ml.m5.xlarge"
    serve: str = "ml.m5.large"
    serve_count: int = 1
    volume_gb: int = 30
    max_runtime_s: int = 3600


@dataclass(frozen=True)
class PipelineSpec:
    """The declarative definition of one model's life.

    ``labels`` are the two values of ``target``; the second is the positive one, whose probability is the score.
    ``group`` names the column whose rows must not be split between training and test (None: rows are independent).
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    target: str
    labels: tuple[str, str]
    group: str | None
    split: Split
    learner: Learner
    machines: Machines = Machines()

    def __post_init__(self) -> None:
        """Refuse a spec that cannot work, before anything is named after it."""
        inputs = [column.name for column in self.columns]
        fields = [*inputs, self.target, *([self.group] if self.group else [])]
        checks = (
            (
                len(self.name) <= MAX_NAME and _NAME.fullmatch(self.name),
                f"use lower-case letters, digits and single hyphens in the name, at most {MAX_NAME} characters",
            ),
            (inputs, "name at least one input column"),
            (len(set(fields)) == len(fields), f"columns, target and group must differ, got {fields}"),
            (self.labels[0] != self.labels[1], f"labels must be two different values, got {self.labels}"),
            (
                min(self.split.validation, self.split.test) > 0 and self.split.validation + self.split.test < 1,
                f"validation and test shares must be above 0 and sum below 1, got {self.split}",
            ),
            (
                all(isinstance(value, str) for value in self.learner.hyperparameters.values()),
                f"hyperparameters must be strings, got {self.learner.hyperparameters}",
            ),
        )
        for met, remedy in checks:
            if not met:
                raise InvalidSpecError(f"pipeline {self.name!r}: {remedy}")

    @property
    def positive_label(self) -> str:
        """The label whose probability is the score."""
        return self.labels[1]

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote.

        Raises
        ------
        InvalidSpecError
            If a field is missing, unknown or has an unusable value.
        """
        try:
            rest = dict(data)
            return cls(
                columns=tuple(Column(**column) for column in rest.pop("columns")),
                labels=_pair(rest.pop("labels")),
                split=Split(**rest.pop("split")),
                learner=Learner(**rest.pop("learner")),
                machines=Machines(**rest.pop("machines")),
                **rest,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidSpecError(f"not a pipeline spec: {error}") from error


def _pair(values: Sequence[str]) -> tuple[str, str]:
    negative, positive = values
    return negative, positive
