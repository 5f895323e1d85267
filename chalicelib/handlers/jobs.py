"""State changes of the stage's processing, training and transform jobs."""

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import bootstrap, settings
from chalicelib.core import events, names
from chalicelib.core.actions import Plan
from chalicelib.handlers.log import log_plan

blueprint = Blueprint(__name__)

_NAMES = names.Names(settings.stage_name())
PATTERN = {
    "source": ["aws.sagemaker"],
    "detail-type": [
        "SageMaker Processing Job State Change",
        "SageMaker Training Job State Change",
        "SageMaker Transform Job State Change",
    ],
    "detail": {
        "$or": [
            {"ProcessingJobName": [{"prefix": _NAMES.prefix}]},
            {"TrainingJobName": [{"prefix": _NAMES.prefix}]},
            {"TransformJobName": [{"prefix": _NAMES.prefix}]},
        ]
    },
}


@blueprint.on_cw_event(PATTERN)
def on_job(envelope: CloudWatchEvent) -> None:
    """Advance what the job works for."""
    event = events.parse(envelope.to_dict())
    if isinstance(event, events.JobChanged):
        job = _NAMES.parse_job(event.name)
        log_plan("job_changed", _advance(job), pipeline=job.pipeline, step=job.step, id=job.id)


def _advance(job: names.JobName) -> Plan:
    services = bootstrap.services()
    match job.step:
        case "prepare":
            return services.datasets.advance(job.pipeline, job.id)
        case "train" | "score" | "evaluate":
            return services.runs.advance(job.pipeline, job.id)
        case "shard" | "batch":
            return services.batches.advance(job.pipeline, job.id)
