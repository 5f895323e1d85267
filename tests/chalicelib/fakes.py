"""A model that answers in memory, for the services that ask one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.errors import NotReadyError
from chalicelib.core.predictions import Instance


@dataclass
class FakeRuntime:
    """A model that answers with a fixed score, or does not."""

    ready: bool = True
    asked: list[Sequence[Instance]] = field(default_factory=list)

    def invoke(self, endpoint: str, instances: Sequence[Instance], inference_id: str) -> tuple[dict[str, Any], str]:  # noqa: ARG002
        if not self.ready:
            raise NotReadyError("no model is live yet")
        self.asked.append(instances)
        predictions = [{"label": "positive", "score": 0.75} for _ in instances]
        return {"model_version": "3", "predictions": predictions}, "AllTraffic"
