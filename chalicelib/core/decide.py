"""What happens next with a pipeline: a pure function from all facts to plans, one for each side of its life.

::

    learning    uploads ─► dataset version ─► run ─► verdict ─► model package      decide_dataset, decide_run
    serving     wanted version ─► endpoint                                         decide_rollout
    watching    captured requests ─► drift check ─► alarm ─► wish for a run        decide_watch, decide_check
    telling     decisions ─► notices                                               decide_tell
    (scoring    file ─► shards ─► scores                                           decide_batch, without a head)

It looks at everything and never at the event that woke it, so a late, repeated or reordered event finds the same plan,
and a plan half performed is performed again from its beginning. The price: a look costs about a dozen calls, also when
there is nothing to do.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from chalicelib.core.actions import Plan
from chalicelib.core.decide_dataset import begin, decide_dataset
from chalicelib.core.decide_rollout import decide_rollout
from chalicelib.core.decide_run import decide_run
from chalicelib.core.decide_tell import decide_tell
from chalicelib.core.decide_watch import decide_watch
from chalicelib.core.facts import PipelineFacts
from chalicelib.core.stage import Stage

Area = Literal["learning", "serving", "watching", "telling"]


def decide(stage: Stage, facts: PipelineFacts, now: datetime) -> Mapping[Area, Plan]:
    """Return the plan of each area."""
    return {
        "learning": _learn(stage, facts, now),
        "serving": decide_rollout(stage, facts),
        "watching": decide_watch(stage, facts, now),
        "telling": decide_tell(stage, facts),
    }


def _learn(stage: Stage, facts: PipelineFacts, now: datetime) -> Plan:
    if facts.dataset is None:
        return begin(stage, facts, now)
    if facts.run is None:
        return decide_dataset(stage, facts, facts.dataset, now)
    return decide_run(stage, facts, facts.dataset, facts.run, now)
