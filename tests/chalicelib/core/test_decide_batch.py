"""What happens next with a file to score."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core.decide_batch import decide_batch
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import BATCH, DONE, FAILED, NOW, RUNNING, steps

REFUSED = replace(FAILED, message="refused: a.csv: line 3: column 'text' is missing")


@pytest.mark.parametrize(
    ("change", "state", "actions"),
    [
        ({"refused": "the file is empty"}, "refused", []),
        ({"model_name": None}, "refused", []),
        ({}, "sharding", ["WriteJson", "CopyVersion", "WriteJson", "create_processing_job"]),
        ({"shard": (RUNNING,)}, "sharding", []),
        ({"shard": (FAILED,)}, "failed", []),
        ({"shard": (REFUSED,)}, "refused", []),
        ({"shard": (DONE,)}, "scoring", ["create_transform_job"]),
        ({"shard": (DONE,), "score": (RUNNING,)}, "scoring", []),
        ({"shard": (DONE,), "score": (DONE,)}, "scored", []),
    ],
)
def test_batch(change: dict[str, Any], state: str, actions: list[str]) -> None:
    """A batch is sharded, then scored by the model that was chosen when it came."""
    plan = decide_batch(STAGE, replace(BATCH, **change), NOW)
    assert (plan.state, steps(plan)) == (state, actions)
