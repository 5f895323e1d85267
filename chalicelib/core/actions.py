"""What is to be done, as frozen values: a plan can be performed, printed or compared in a test.

Each action is safe to repeat: its name or key comes from content, so that whoever performs it a second time meets what
the first time made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core.facts import Upload


@dataclass(frozen=True)
class CopyVersion:
    """Copy one version of an object to a key of ours, on the server's side."""

    source: Upload
    key: str


@dataclass(frozen=True)
class WriteJson:
    """Store a JSON document under a key; whoever wrote it first wins."""

    key: str
    data: Any


@dataclass(frozen=True)
class Call:
    """Call a SageMaker operation (botocore's spelling, for instance ``create_training_job``)."""

    operation: str
    request: Mapping[str, Any]


Action = CopyVersion | WriteJson | Call


@dataclass(frozen=True)
class Plan:
    """The next actions, the state they follow from, and the reason in one sentence.

    ``state`` is one word that people and scripts read: ``training``, ``failed``, ``live``...
    """

    state: str
    reason: str
    actions: tuple[Action, ...] = ()
