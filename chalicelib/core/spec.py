"""What one pipeline is: its columns, task, split, learner and machines, as plain data.

A spec is written in Python (``chalicelib/pipelines``), travels to the container as JSON (`PipelineSpec.to_dict`) and
is read back there (`PipelineSpec.from_dict`), so that both sides read one definition. Whatever a spec says, but for
its title, machines and policies, is part of the recipe: another spec is another model.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args

from chalicelib.core.errors import InvalidSpecError, UnknownPipelineError
from chalicelib.core.measures import Task
from chalicelib.core.policies import DataPolicy, GatePolicy
from chalicelib.core.schedules import parse
from chalicelib.core.upkeep import DriftPolicy, RetrainPolicy

# 63 characters for a name, less "freshet-prod-", "-candidate-" (the longest middle), an id of 16 and an attempt's "-2".
MAX_NAME = 21
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

Kind = Literal["text", "numeric", "categorical"]
Encoding = Literal["utf-8-sig", "cp1252", "latin-1"]  # the first with or without a byte order mark


@dataclass(frozen=True)
class Column:
    """One input column: its name in the data, what kind of values it holds, and what a row to learn from may hold.

    ``max_length`` bounds a text or category, in characters; ``lowest`` and ``highest`` bound a number, both included;
    ``categories`` are all that a category may be; ``required`` refuses a row without the value (text always is). A
    row beyond is set aside by `prepare`; requests and batches are not held to it.
    """

    name: str
    kind: Kind
    max_length: int | None = None
    lowest: float | None = None
    highest: float | None = None
    categories: tuple[str, ...] | None = None
    required: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a column from JSON."""
        categories = data.get("categories")
        return cls(**{**data, "categories": None if categories is None else tuple(categories)})


@dataclass(frozen=True)
class Intake:
    """How uploaded files are read, and how much of one may be bad before all of it is refused.

    ``delimiter``, ``quote`` and ``encoding`` are those of CSV; JSON Lines is UTF-8. Bad rows of a file are set aside
    while they are at most ``max_rejected_share`` of its rows, or at most ``tolerated_rows``. None are tolerated
    beyond the share by default, so a file of less than a hundred rows must be without fault: each row counts there,
    and mending it is quick. ``max_bytes`` bounds a file, unpacked; ``max_expansion`` how much larger than its gzip
    it may be, so that a small bomb cannot keep a machine busy.
    """

    delimiter: str = ","
    quote: str = '"'
    encoding: Encoding = "utf-8-sig"
    max_rejected_share: float = 0.01
    tolerated_rows: int = 0
    max_bytes: int = 20 * 1024**3
    max_expansion: int = 200


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
class DecisionTarget:
    """What the decision threshold must reach on the validation rows: at least so much precision, or recall.

    Among the thresholds that do, the one is chosen that gives most of the other.
    """

    metric: Literal["precision", "recall"]
    at_least: float


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

    ``labels`` are the two values of ``target``; the second is the positive one, whose probability is the score. For a
    regression there are none: ``target`` is a number. ``group`` names the column whose rows must not be split between
    training and test (None: rows are independent). ``missing`` are the strings that stand for a missing number or
    category, compared without the blanks around them. ``decision`` says where the positive label begins (None: at a
    probability of 0.5). ``policy`` says which data a run learns from, ``gate`` what it takes to go live, ``drift`` how
    the live model is watched, ``retrain`` what asks for a new one. Files to score wait for ``batch_schedule``, an
    EventBridge expression (empty: they are scored as they come).
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    target: str
    labels: tuple[str, ...]
    group: str | None
    split: Split
    learner: Learner
    machines: Machines = Machines()
    task: Task = "binary_classification"
    missing: tuple[str, ...] = ("",)
    decision: DecisionTarget | None = None
    intake: Intake = Intake()
    policy: DataPolicy = field(default_factory=DataPolicy)
    gate: GatePolicy = field(default_factory=GatePolicy)
    drift: DriftPolicy = field(default_factory=DriftPolicy)
    retrain: RetrainPolicy = field(default_factory=RetrainPolicy)
    batch_schedule: str = ""

    def __post_init__(self) -> None:
        """Refuse a spec that cannot work, before anything is named after it."""
        inputs = [column.name for column in self.columns]
        kinds = {column.kind for column in self.columns}
        fields = [*inputs, self.target, *([self.group] if self.group else [])]
        checks = (
            (
                len(self.name) <= MAX_NAME and _NAME.fullmatch(self.name),
                f"use lower-case letters, digits and single hyphens in the name, at most {MAX_NAME} characters",
            ),
            (inputs, "name at least one input column"),
            (len(set(fields)) == len(fields), f"columns, target and group must differ, got {fields}"),
            (kinds <= set(get_args(Kind)), f"a column's kind is one of {', '.join(get_args(Kind))}, got {kinds}"),
            (self.task in get_args(Task), f"the task is one of {', '.join(get_args(Task))}, got {self.task}"),
            (
                len(self.labels) == len(set(self.labels)) == (0 if self.regression else 2),
                f"labels must be two different values, and none for a regression, got {self.labels}",
            ),
            (
                self.decision is None or (not self.regression and 0 < self.decision.at_least <= 1),
                f"a decision target is a share above 0, for two labels, got {self.decision}",
            ),
            (
                self.decision is None or self.decision.metric in {"precision", "recall"},
                f"a decision target is precision or recall, got {self.decision}",
            ),
            (
                min(self.split.validation, self.split.test) > 0 and self.split.validation + self.split.test < 1,
                f"validation and test shares must be above 0 and sum below 1, got {self.split}",
            ),
            (
                all(isinstance(value, str) for value in self.learner.hyperparameters.values()),
                f"hyperparameters must be strings, got {self.learner.hyperparameters}",
            ),
            *_intake_checks(self.intake),
            *self.policy.checks(),
            *self.gate.checks(self.task),
            *self.drift.checks(),
            *self.retrain.checks(),
            *(check for column in self.columns for check in _limit_checks(column)),
        )
        for met, remedy in checks:
            if not met:
                raise InvalidSpecError(f"pipeline {self.name!r}: {remedy}")
        for expression in filter(None, (self.drift.schedule, self.retrain.schedule, self.batch_schedule)):
            parse(expression)

    @property
    def regression(self) -> bool:
        """Whether the model answers with a number instead of a label."""
        return self.task == "regression"

    @property
    def text_column(self) -> str | None:
        """The one column of a pipeline that reads a text and nothing else: such a text may come bare."""
        only = self.columns[0]
        return only.name if len(self.columns) == 1 and only.kind == "text" else None

    @property
    def positive_label(self) -> str:
        """The label whose probability is the score."""
        return self.labels[1]

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; what a spec did not say before it could has its default.

        Raises
        ------
        InvalidSpecError
            If a field is missing, unknown or has an unusable value.
        """
        try:
            rest = dict(data)
            decision = rest.pop("decision", None)
            return cls(
                columns=tuple(map(Column.from_dict, rest.pop("columns"))),
                labels=_strings(rest.pop("labels")),
                split=Split(**rest.pop("split")),
                learner=Learner(**rest.pop("learner")),
                machines=Machines(**rest.pop("machines")),
                missing=_strings(rest.pop("missing", [""])),
                decision=DecisionTarget(**decision) if decision else None,
                intake=Intake(**rest.pop("intake", {})),
                policy=DataPolicy(**rest.pop("policy", {})),
                gate=GatePolicy.from_dict(rest.pop("gate", {})),
                drift=DriftPolicy(**rest.pop("drift", {})),
                retrain=RetrainPolicy(**rest.pop("retrain", {})),
                **rest,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidSpecError(f"not a pipeline spec: {error}") from error


def find(specs: Mapping[str, PipelineSpec], name: str) -> PipelineSpec:
    """Return the spec of a pipeline that a caller names.

    Raises
    ------
    UnknownPipelineError
        If there is none of that name.
    """
    try:
        return specs[name]
    except KeyError as error:
        raise UnknownPipelineError(f"no pipeline is called {name!r}; there are {', '.join(specs)}") from error


def _strings(values: Sequence[str]) -> tuple[str, ...]:
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{values!r} must be a list of strings")
    return tuple(values)


def _intake_checks(intake: Intake) -> tuple[tuple[object, str], ...]:
    marks = (intake.delimiter, intake.quote)
    return (
        (
            all(len(mark) == 1 and mark.isascii() and mark not in "\r\n\0" for mark in marks) and len(set(marks)) > 1,
            f"delimiter and quote must be two different ASCII characters, got {marks}",
        ),
        (intake.encoding in get_args(Encoding), f"the encoding must be one of {', '.join(get_args(Encoding))}"),
        (
            0 <= intake.max_rejected_share < 1 and intake.tolerated_rows >= 0,
            f"the share of bad rows must be below 1 and tolerated rows a count, got {intake}",
        ),
        (intake.max_bytes > 0 and intake.max_expansion > 1, f"limits of a file must be positive, got {intake}"),
    )


def _limit_checks(column: Column) -> tuple[tuple[object, str], ...]:
    low, high = column.lowest, column.highest
    return (
        (column.max_length is None or column.max_length > 0, f"column {column.name!r}: max_length must be positive"),
        (low is None or high is None or low <= high, f"column {column.name!r}: lowest must not be above highest"),
        (column.categories is None or column.categories, f"column {column.name!r}: name at least one category"),
    )
