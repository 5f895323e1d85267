"""What happens next: four pure functions from facts to a plan, one per thing that has a life of its own.

::

    upload ─► dataset version ─► run ─► model package ─► endpoint        (decide_dataset, decide_run, decide_rollout)
    file to score ─► batch ─► scores                                     (decide_batch)

Each looks at all facts of its thing and never at the event that woke it, so a late, repeated or reordered event finds
the same plan, and a plan half performed is performed again from its beginning. The price is a few Describe calls per
event.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from chalicelib.core import container, digests, places, requests
from chalicelib.core.actions import Action, CopyVersion, Plan, WriteJson
from chalicelib.core.facts import (
    FINISHED,
    BatchFacts,
    DatasetFacts,
    Endpoint,
    EndpointConfig,
    Job,
    Lineage,
    ModelPackage,
    RolloutFacts,
    RunFacts,
    Upload,
)
from chalicelib.core.places import Folder
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.stage import Stage


def decide_dataset(stage: Stage, facts: DatasetFacts, *, current: PipelineSpec) -> Plan:
    """Prepare a dataset version, then start the run that its content and the pipeline's ``current`` spec name."""
    if facts.refused:
        return Plan("refused", facts.refused)
    unfinished = _next_job(
        _Step("preparing", f"{_files(facts.uploads)} accepted", facts.prepare, lambda: _pin_and_prepare(stage, facts)),
        uploads=facts.uploads,
    )
    if unfinished:
        return unfinished
    lineage = facts.run or begin_lineage(stage, facts, current)
    if lineage is None:
        return Plan("failed", f"the prepare job completed without its {container.SUMMARY_FILE}")
    folder = stage.bucket.run(facts.pipeline, lineage.run_id)
    return Plan(
        "prepared",
        f"content {lineage.content_digest[:16]} and recipe {lineage.recipe} are run {lineage.run_id}",
        (
            _spec_file(folder, current),
            WriteJson(folder.key(places.RUN_FILE), asdict(lineage)),
            requests.training_job(stage, lineage, current),
        ),
    )


def begin_lineage(stage: Stage, facts: DatasetFacts, current: PipelineSpec) -> Lineage | None:
    """Name the run of a dataset version's content and the ``current`` spec; None before the content is known."""
    if facts.summary is None:
        return None
    content = str(facts.summary["content_digest"])
    recipe = digests.recipe(current, stage.image_uri)
    run_id = digests.run_id(content, recipe)
    return Lineage(facts.pipeline, run_id, facts.dataset_id, content, recipe, stage.image_uri)


def decide_run(stage: Stage, facts: RunFacts) -> Plan:
    """Train, score the held-out rows, evaluate, register: each step once the one before has completed."""
    unfinished = _next_job(
        _Step("training", "the rows are prepared", facts.train, lambda: _train(stage, facts)),
        _Step("scoring", "the candidate is trained", facts.score, lambda: requests.score(stage, facts)),
        _Step("evaluating", "the held-out rows are scored", facts.evaluate, lambda: requests.evaluate(stage, facts)),
    )
    if unfinished:
        return unfinished
    if facts.package is None:
        return Plan("registering", "the candidate is evaluated", requests.register(stage, facts))
    return Plan("registered", f"version {facts.package.version} of its group")


def decide_rollout(stage: Stage, facts: RolloutFacts) -> Plan:
    """Bring the endpoint to the newest approved package; an update that failed once is not tried again.

    AWS answers a failed or rolled-back update with ``InService`` on the old config, sometimes without a reason. It is
    told from an update not yet tried by time: the config is made just before the update, so an endpoint that changed
    after its making has had its update.
    """
    package = facts.package
    if package is None:
        return Plan("waiting", "no approved model package yet")
    if package.status != "Completed":
        return Plan("waiting", f"version {package.version} is {package.status}")
    settled = _settled(
        facts.endpoint, package, facts.config, stage.names.endpoint_config(facts.pipeline, package.run_id)
    )
    if settled:
        return settled
    first = facts.endpoint is None
    reason = f"version {package.version} is {'the first to serve' if first else 'newer than what answers'}"
    actions = (
        requests.live_model(stage, facts.pipeline, package),
        requests.endpoint_config(stage, facts.pipeline, package, facts.spec),
        requests.endpoint(stage, facts.pipeline, package, update=not first),
    )
    return Plan("rolling out", reason, actions)


def _settled(
    endpoint: Endpoint | None, package: ModelPackage, config: EndpointConfig | None, wanted: str
) -> Plan | None:
    """Return why the endpoint is left as it is; None when it should be created or updated."""
    if endpoint is None:
        return None
    if endpoint.status == "Failed":
        return Plan("failed", f"endpoint {endpoint.name} is Failed and can only be deleted: {endpoint.reason}")
    if endpoint.status != "InService":
        return Plan("rolling out", f"endpoint {endpoint.name} is {endpoint.status}")
    if endpoint.config_name == wanted:
        return Plan("live", f"version {package.version} answers")
    if config and config.created <= endpoint.changed:
        why = endpoint.reason or "it returned to its old config without a reason"
        return Plan("failed", f"the update of {endpoint.name} to version {package.version} failed: {why}")
    return None


def decide_batch(stage: Stage, facts: BatchFacts) -> Plan:
    """Turn a file into shards without labels, then let the champion of its arrival score them."""
    if facts.refused or facts.model_name is None:
        return Plan("refused", facts.refused or "no model was live when the file came")
    model_name = facts.model_name
    return _next_job(
        _Step("sharding", f"{_files((facts.upload,))} accepted", facts.shard, lambda: _pin_and_shard(stage, facts)),
        _Step("scoring", "the shards are written", facts.score, lambda: requests.batch(stage, facts, model_name)),
        uploads=(facts.upload,),
    ) or Plan("scored", f"scored by {model_name}")


@dataclass(frozen=True)
class _Step:
    state: str
    reason: str  # why it can start
    job: Job | None
    start: Callable[[], tuple[Action, ...]]


def _next_job(*steps: _Step, uploads: tuple[Upload, ...] = ()) -> Plan | None:
    """Return the plan of the first step that has not completed: start it, wait for it, or report its failure."""
    for step in steps:
        if step.job is None:
            return Plan(step.state, step.reason, step.start())
        if step.job.status in FINISHED - {"Completed"}:
            return _unsuccessful(step.job, uploads)
        if step.job.status != "Completed":
            return Plan(step.state, f"{step.job.name} is {step.job.status}")
    return None


def _unsuccessful(job: Job, uploads: tuple[Upload, ...]) -> Plan:
    """Tell bad data from a broken job, and people's files by their own names."""
    message = job.message or ""
    if message.startswith(container.REFUSED):
        told = message.removeprefix(container.REFUSED)
        for upload in uploads:
            told = told.replace(_raw_name(upload), upload.key.rsplit("/", 1)[-1])
        return Plan("refused", told)
    return Plan("failed", f"{job.name} is {job.status}: {message or job.reason or 'no reason given'}")


def _train(stage: Stage, facts: RunFacts) -> tuple[Action, ...]:
    return (requests.training_job(stage, facts.lineage, facts.spec),)


def _pin_and_shard(stage: Stage, facts: BatchFacts) -> tuple[Action, ...]:
    folder = stage.bucket.batch(facts.pipeline, facts.batch_id)
    return (_spec_file(folder, facts.spec), *_pin(folder, (facts.upload,)), requests.shard_job(stage, facts))


def _pin_and_prepare(stage: Stage, facts: DatasetFacts) -> tuple[Action, ...]:
    folder = stage.bucket.dataset(facts.pipeline, facts.dataset_id)
    return (_spec_file(folder, facts.spec), *_pin(folder, facts.uploads), requests.prepare_job(stage, facts))


def _pin(folder: Folder, uploads: tuple[Upload, ...]) -> tuple[Action, ...]:
    copies = [CopyVersion(upload, folder.key(places.RAW_FOLDER, _raw_name(upload))) for upload in uploads]
    manifest = [{"prefix": folder.uri(places.RAW_FOLDER, "")}, *(_raw_name(upload) for upload in uploads)]
    return (*copies, WriteJson(folder.key(places.MANIFEST_FILE), manifest))


def _raw_name(upload: Upload) -> str:
    return places.raw_name(upload.upload_id, upload.key)


def _spec_file(folder: Folder, spec: PipelineSpec) -> WriteJson:
    return WriteJson(folder.key(container.SPEC, container.SPEC_FILE), spec.to_dict())


def _files(uploads: tuple[Upload, ...]) -> str:
    return uploads[0].key if len(uploads) == 1 else f"{len(uploads)} files"
