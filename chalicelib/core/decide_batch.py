"""What happens next with a file to score: made into shards without labels, then scored by the champion of its arrival.

It needs no fence: both jobs are named by the upload, its document is written once, and so is how it ended.
"""

from datetime import datetime

from chalicelib.core import container, job_requests
from chalicelib.core.actions import Action, Plan, WriteJson
from chalicelib.core.attempts import GivenUp, Step, advance
from chalicelib.core.decide_dataset import pin
from chalicelib.core.facts import BatchFacts, Job
from chalicelib.core.stage import Stage

# States in which nothing more happens.
ENDED = frozenset({"scored", "refused", "failed"})


def decide_batch(stage: Stage, facts: BatchFacts, now: datetime) -> Plan:
    """Bring a batch one step on."""
    if facts.refused or facts.model_name is None:
        return Plan("refused", facts.refused or "no model was live when the file came")
    unfinished = advance(now, *_steps(stage, facts, facts.model_name))
    if isinstance(unfinished, GivenUp):
        return Plan("refused" if refused(unfinished.job) else "failed", unfinished.reason)
    return unfinished or Plan("scored", "every row is scored")


def refused(job: Job) -> bool:
    """Whether it is the data that cannot be used, and not the job that is broken."""
    return (job.message or "").startswith(container.REFUSED)


def _steps(stage: Stage, facts: BatchFacts, model_name: str) -> tuple[Step, ...]:
    def shard(attempt: int) -> tuple[Action, ...]:
        job = job_requests.shard_job(stage, facts, attempt)
        if attempt > 1:
            return (job,)  # the first one was started on the pinned file, which is still there
        folder = stage.bucket.batch(facts.pipeline, facts.batch_id)
        spec = WriteJson(folder.key(container.SPEC, container.SPEC_FILE), facts.spec.to_dict())
        return (spec, *pin(folder, (facts.upload,)), job)

    def score(attempt: int) -> tuple[Action, ...]:
        return (job_requests.batch(stage, facts, model_name, attempt),)

    return (
        Step("sharding", "the file is accepted", facts.shard, shard),
        Step("scoring", "the shards are written", facts.score, score),
    )
