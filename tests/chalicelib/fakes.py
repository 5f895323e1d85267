"""A model that answers in memory, for the services that ask one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.core.errors import NotReadyError
from chalicelib.core.predictions import Answer, Instance


@dataclass
class FakeRuntime:
    """A model that answers with a fixed score, or does not."""

    ready: bool = True
    asked: list[Sequence[Instance]] = field(default_factory=list)
    breaks: Exception | None = None

    def invoke(self, endpoint: str, instances: Sequence[Instance], inference_id: str) -> Answer:  # noqa: ARG002
        if self.breaks:
            raise self.breaks
        if not self.ready:
            raise NotReadyError("no model is live yet")
        self.asked.append(instances)
        return Answer("3", "AllTraffic", tuple({"label": "positive", "score": 0.75} for _ in instances))
