"""What is to be done, as frozen values: a plan can be performed, printed or compared in a test.

Each action is safe to repeat: its name or key comes from content, so that whoever performs it a second time meets what
the first time made. Only `Publish` is told twice then, which a person can bear.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.facts import Upload
from chalicelib.core.ledger import Head, Row, UploadVerdict


@dataclass(frozen=True)
class CopyVersion:
    """Copy one version of an object to a key of ours, on the server's side."""

    source: Upload
    key: str

    def __str__(self) -> str:
        return f"copy upload {self.source.upload_id}"


@dataclass(frozen=True)
class WriteJson:
    """Store a JSON document under a key; whoever wrote it first wins."""

    key: str
    data: Any

    def __str__(self) -> str:
        return f"write {self.key}"


@dataclass(frozen=True)
class ListFiles:
    """Write the manifest of the files below a prefix, after one key and before another; the first to write it wins."""

    key: str
    prefix: str
    first: str
    end: str

    def __str__(self) -> str:
        return f"list files as {self.key}"


@dataclass(frozen=True)
class Settle:
    """Write down what became of uploads; the first verdict on an upload stays."""

    verdicts: tuple[UploadVerdict, ...]

    def __str__(self) -> str:
        return "; ".join(f"upload {verdict.upload_id} is {verdict.fate}" for verdict in self.verdicts[:_TOLD])


@dataclass(frozen=True)
class Call:
    """Call a SageMaker operation (botocore's spelling, for instance ``create_training_job``).

    A call that is not ``create_...`` changes something that others change too, and so does ``create_endpoint``: it is
    made only if nothing was decided since the plan.
    """

    operation: str
    request: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.operation} {next(iter(self.request.values()))}"


@dataclass(frozen=True)
class PutMetrics:
    """Tell CloudWatch figures of the pipeline, each by its metric's name, as of one time (``at``, ISO 8601 in UTC).

    Told twice they are two equal points of one time, which leaves maximum and mean as they are. ``at`` is best the time
    of telling: CloudWatch takes up to two days to show a point that is older than one, and refuses it after 14.
    """

    metrics: Mapping[str, float]
    at: str

    def __str__(self) -> str:
        told = [f"{name} {value:.6g}" for name, value in self.metrics.items()]
        return f"put metrics {', '.join(told[:_TOLD])}"


@dataclass(frozen=True)
class Publish:
    """Tell people something, by the stage's topic. What SNS would refuse is cut or taken out of the subject."""

    subject: str
    message: str

    def __post_init__(self) -> None:
        """Make a subject that SNS takes: printable ASCII, no line breaks, no leading blank, below 100 characters."""
        words = _UNPRINTABLE.sub(" ", self.subject).split()
        object.__setattr__(self, "subject", " ".join(words)[:_MAX_SUBJECT].rstrip() or "Freshet")
        short = self.message.encode("utf-8", "replace")[:_MAX_MESSAGE_BYTES].decode("utf-8", "ignore")
        object.__setattr__(self, "message", short.strip() or self.subject)

    def __str__(self) -> str:
        return f"publish {self.subject!r}"


_TOLD = 20  # verdicts, or figures, named in one decision
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]+")
_MAX_SUBJECT = 99  # SNS API Reference, Publish: "less than 100 characters long"
_MAX_MESSAGE_BYTES = 262_144

Action = CopyVersion | WriteJson | ListFiles | Settle | Call | PutMetrics | Publish


@dataclass(frozen=True)
class Change:
    """What the ledger says from now on: the next head (its fence is set when it is written) and other rows."""

    head: Head
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What comes next in one area of a pipeline's life, and why.

    ``state`` is one word that people and scripts read: ``training``, ``failed``, ``live``... ``documents`` are stored
    first, since ``change`` speaks of them; then the ledger is changed; then the actions are performed in order.
    """

    state: str
    reason: str
    actions: tuple[Action, ...] = ()
    change: Change | None = None
    documents: tuple[WriteJson, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self.actions and self.change is None
