"""The ledger's rows of the HTTP side, in memory: the key, the tokens, the labels and who gave how many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.core.feedback import Label
from chalicelib.core.places import ground_truth_key
from chalicelib.core.tokens import Token

KEY = b"k" * 32


@dataclass
class FakeKeys:
    """One key for all."""

    def inference_key(self) -> bytes:
        return KEY


@dataclass
class FakeTokens:
    """Tokens by digest."""

    rows: dict[str, Token] = field(default_factory=dict)

    def add(self, token: Token) -> None:
        self.rows.setdefault(token.digest, token)

    def find(self, digest: str) -> Token | None:
        return self.rows.get(digest)

    def all(self) -> Sequence[Token]:
        return list(self.rows.values())

    def remove(self, token: Token) -> None:
        self.rows.pop(token.digest, None)


@dataclass
class FakeLabels:
    """Claims and lines; ``broken`` stops as a process does that dies between the two writes."""

    rows: dict[tuple[str, int], Label] = field(default_factory=dict)
    lines: dict[str, bytes] = field(default_factory=dict)
    counts: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    broken: bool = False

    def admit(self, caller: str, labels: int, limit: int, hour: datetime) -> bool:
        since, count = self.counts.get(caller, (hour, 0))
        count = labels + (count if since == hour else 0)
        if count > limit:
            return False
        self.counts[caller] = (hour, count)
        return True

    def claim(self, label: Label) -> Label:
        return self.rows.setdefault((label.inference_id, label.index), label)

    def store(self, label: Label) -> None:
        if self.broken:
            raise ConnectionAbortedError
        key = ground_truth_key(label.pipeline, label.collected, label.inference_id, label.index)
        self.lines.setdefault(key, label.to_line())
