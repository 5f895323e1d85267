"""Everything that makes us look at a pipeline again: S3, SageMaker, an alarm, a person's wish, and the clock.

An event only says where to look; what is done there is decided from the facts, so events may come late, twice, in any
order or never: the sweep looks at every pipeline every few minutes.
"""

from itertools import product

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib import bootstrap, settings
from chalicelib.core import events, names, places
from chalicelib.core.errors import FreshetError
from chalicelib.handlers.log import log_batches, log_plans, logger
from chalicelib.pipelines import PIPELINES

blueprint = Blueprint(__name__)

SWEEP_MINUTES = 5
_NAMES = names.Names(settings.stage_name())
_OURS = [{"prefix": _NAMES.prefix}]
DROPPED = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created"],
    "detail": {
        "bucket": {"name": _OURS},
        "object": {"key": [{"prefix": "uploads/"}, {"wildcard": "batch/*/input/*"}]},
    },
}
CHANGED = {
    "source": ["aws.sagemaker"],
    "detail-type": [
        "SageMaker Processing Job State Change",
        "SageMaker Training Job State Change",
        "SageMaker Transform Job State Change",
        "SageMaker Model Package State Change",
        "SageMaker Endpoint State Change",
    ],
    "detail": {
        "$or": [
            {"ProcessingJobName": _OURS},
            {"TrainingJobName": _OURS},
            {"TransformJobName": _OURS},
            {"ModelPackageGroupName": _OURS},
            {"EndpointName": _OURS},
        ]
    },
}
ALARMED = {
    "source": ["aws.cloudwatch"],
    "detail-type": ["CloudWatch Alarm State Change"],
    "detail": {"alarmName": _OURS},
}
WANTED = {"source": [events.SOURCE], "detail-type": [events.LOOK_WANTED], "detail": {"stage": [_NAMES.stage]}}


@blueprint.on_cw_event(DROPPED)
def on_upload(envelope: CloudWatchEvent) -> None:
    """Look where a person dropped a file."""
    event = events.parse(envelope.to_dict())
    if not isinstance(event, events.ObjectCreated) or event.bucket != bootstrap.services().stage.bucket_name:
        logger.info("object_ignored")
        return
    dropped = places.parse_dropped(event.key)
    if dropped is None:
        logger.info("object_ignored")
    elif dropped.purpose == "uploads":
        _look(dropped.pipeline, _cause(envelope))
    else:
        _look_at_batches(dropped.pipeline)


@blueprint.on_cw_event(CHANGED)
def on_change(envelope: CloudWatchEvent) -> None:
    """Look at the pipeline whose job, model package or endpoint changed."""
    match events.parse(envelope.to_dict()):
        case events.JobChanged(name):
            job = _NAMES.parse_job(name)
            if job.step in {"shard", "batch"}:
                _look_at_batches(job.pipeline)
            else:
                _look(job.pipeline, _cause(envelope))
        case events.ModelPackageChanged(name) | events.EndpointChanged(name):
            _look(_NAMES.parse_pipeline(name), _cause(envelope))


@blueprint.on_cw_event(ALARMED)
def on_alarm(envelope: CloudWatchEvent) -> None:
    """Look at the pipeline that an alarm watches, whatever state it went into."""
    event = events.parse(envelope.to_dict())
    alarm = _NAMES.parse_alarm(event.name) if isinstance(event, events.AlarmChanged) else None
    if alarm is None:
        logger.info("alarm_ignored")
    else:
        _look(alarm.pipeline, _cause(envelope))


@blueprint.on_cw_event(WANTED)
def on_wish(envelope: CloudWatchEvent) -> None:
    """Look at a pipeline of which somebody wants something."""
    event = events.parse(envelope.to_dict())
    if isinstance(event, events.LookWanted):
        _look(event.pipeline, _cause(envelope))


@blueprint.schedule(Rate(SWEEP_MINUTES, unit=Rate.MINUTES))
def sweep(_event: CloudWatchEvent) -> None:
    """Look at every pipeline; one that cannot be looked at does not keep us from the others."""
    troubles: list[FreshetError] = []
    for pipeline, look in product(PIPELINES, (_sweep, _look_at_batches)):
        try:
            look(pipeline)
        except FreshetError as error:
            logger.warning("sweep_failed", extra={"pipeline": pipeline, "error": type(error).__name__})
            troubles.append(error)
    if troubles:
        raise troubles[0]


def _look(pipeline: str, cause: str) -> None:
    log_plans(bootstrap.services().pipelines.look(pipeline, cause), pipeline=pipeline)


def _sweep(pipeline: str) -> None:
    _look(pipeline, "sweep")


def _look_at_batches(pipeline: str) -> None:
    log_batches(bootstrap.services().batches.look(pipeline), pipeline=pipeline)


def _cause(envelope: CloudWatchEvent) -> str:
    document = envelope.to_dict()
    return f"{document['detail-type']} {document['id']}"
