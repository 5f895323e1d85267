"""What the ledger holds, as frozen values: what is wanted, what was decided and why. What *is*, S3 and SageMaker say.

Rows of one pipeline::

    Head            one row: the active dataset version and run, what should answer, and the fence
    DatasetRow      one for each dataset version: how it began and ended
    RunRow          one for each run: what it was compared with, the gate's verdict, how it ended
    UploadVerdict   one for each upload whose fate is settled; never changed
    Decision        one for each plan that was acted on: cause, reason, evidence, actions, outcome
    BatchEnd        one for each file to score that is done with; never changed
    CheckRow        one for each drift check: its window, its verdict, how it ended (`watched`)

Whoever acts on a plan writes a `Transition` first: the next head, the rows that change with it and the decision, in one
transaction on the condition that the fence is still the one that was observed. So of any number of handlers that look
at the same time one acts, and a slow one cannot undo what was decided since. The price: two writes to the table for
each plan that does something, none for one that does not.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from chalicelib.core.digests import short_digest
from chalicelib.core.watched import Ask, CheckRow, Retrains, Told, Watched

DatasetState = Literal["preparing", "training", "trained", "identical", "refused", "failed"]
RunState = Literal["running", "promoted", "held", "rejected", "failed"]
Fate = Literal["trained", "rejected", "superseded"]

DONE = "done"  # the outcome of a decision whose actions were performed


@dataclass(frozen=True)
class Wish:
    """Somebody's wish for a run: ``forced`` says that data and recipe may be those of an earlier run."""

    id: str
    cause: str
    forced: bool
    asked: str  # ISO 8601, UTC


@dataclass(frozen=True)
class Pin:
    """A version that answers though newer ones are there; it holds until there is one newer than ``over``.

    A person said so, or the rows that it was trained on came back.
    """

    version: int
    over: int


@dataclass(frozen=True)
class Update:
    """The endpoint was asked to run a version.

    ``changed`` is when it had last changed (None: it was to be created), ``fence`` that of the decision to ask, whose
    outcome tells whether AWS took it.
    """

    version: int
    run_id: str
    changed: str | None
    fence: int


@dataclass(frozen=True)
class Reference:
    """A version of the model package group and the run that made it."""

    version: int
    run_id: str


@dataclass(frozen=True)
class Head:
    """What is wanted of a pipeline now.

    ``bad`` are the versions that must not answer again: a person rolled them back, or the endpoint did. ``anchor`` is
    the best version promoted so far. ``slots`` are the last ones of each schedule that were taken up. ``tried`` is the
    id of the last dataset version's files, whatever labels came with them. ``trouble`` is the endpoint's state of which
    people were told that only they can mend it, until it is in service again.
    """

    pipeline: str
    fence: int = 0
    dataset_id: str | None = None
    tried: str | None = None
    run_id: str | None = None
    wish: Wish | None = None
    pin: Pin | None = None
    bad: tuple[int, ...] = ()
    update: Update | None = None
    trouble: str | None = None
    anchor: Reference | None = None
    check_id: str | None = None
    ask: Ask | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    watched: Watched | None = None
    retrains: Retrains | None = None
    told: Told | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the head as JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        parts: dict[str, type[Wish | Pin | Update | Reference | Ask | Retrains | Told]] = {
            "wish": Wish, "pin": Pin, "update": Update, "anchor": Reference,
            "ask": Ask, "retrains": Retrains, "told": Told,
        }  # fmt: skip
        read = {name: kind(**data[name]) if data.get(name) else None for name, kind in parts.items()}
        watched = Watched.from_dict(data["watched"]) if data.get("watched") else None
        return cls(**{**data, "bad": tuple(data["bad"]), "watched": watched, **read})


@dataclass(frozen=True)
class DatasetRow:
    """A dataset version: the cause and time of its beginning, and how it ended.

    ``again`` is the id of the wish that it does everything once more for, ``forced`` says that this wish does not mind
    to repeat a run that ended well. What the dataset version is made of lies in its document.
    """

    dataset_id: str
    state: DatasetState
    reason: str
    cause: str
    started: str
    files: int
    again: str | None = None
    forced: bool = False
    run_id: str | None = None
    ended: str | None = None

    @property
    def active(self) -> bool:
        """Whether something is still to happen."""
        return self.state in {"preparing", "training"}


@dataclass(frozen=True)
class RunRow:
    """A run: the versions it is compared with, and how it ended.

    ``verdict`` is the gate's (PROMOTE, REJECT, HOLD) with its reasons and evidence; ``version`` that of the package.
    """

    run_id: str
    dataset_id: str
    state: RunState
    reason: str
    started: str
    champion: Reference | None = None
    anchor: Reference | None = None
    verdict: Mapping[str, Any] | None = None
    version: int | None = None
    ended: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a row from JSON."""
        roles = {role: Reference(**data[role]) if data[role] else None for role in ("champion", "anchor")}
        return cls(**{**data, **roles})

    @property
    def evaluation_id(self) -> str:
        """The id of the evaluation beside these two: it has a job and a folder of its own, as theirs may change."""
        champion, anchor = (who.run_id if who else None for who in (self.champion, self.anchor))
        return short_digest("evaluate", self.run_id, champion, anchor)

    @property
    def successful(self) -> bool:
        """Whether it came to a verdict, whichever."""
        return self.state in {"promoted", "held", "rejected"}


@dataclass(frozen=True)
class UploadVerdict:
    """What became of an upload: in which run it was trained, or why it never will be."""

    upload_id: str
    key: str
    fate: Fate
    reason: str
    run_id: str | None = None


@dataclass(frozen=True)
class Decision:
    """A plan that was acted on. ``outcome`` is None as long as its actions are not known to have been performed."""

    fence: int
    at: str
    cause: str
    area: str
    state: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    actions: tuple[str, ...] = ()
    dataset_id: str | None = None
    run_id: str | None = None
    outcome: str | None = None

    @property
    def performed(self) -> bool:
        """Whether all its actions are known to have been performed."""
        return self.outcome == DONE

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a decision from JSON."""
        return cls(**{**data, "actions": tuple(data["actions"])})


@dataclass(frozen=True)
class BatchEnd:
    """How a file to score ended: scored, refused or failed."""

    batch_id: str
    key: str
    state: str
    reason: str


Row = DatasetRow | RunRow | CheckRow


@dataclass(frozen=True)
class Transition:
    """What is written at once, if the fence is still ``head.fence - 1``."""

    head: Head
    decision: Decision
    rows: tuple[Row, ...] = ()
