"""S3 "Object Created" below ``uploads/`` and ``batch/*/input/`` of the stage's bucket."""

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import bootstrap, settings
from chalicelib.core import events, names, places
from chalicelib.handlers.log import log_plan, logger

blueprint = Blueprint(__name__)

PATTERN = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created"],
    "detail": {
        "bucket": {"name": [{"prefix": names.Names(settings.stage_name()).prefix}]},
        "object": {"key": [{"prefix": "uploads/"}, {"wildcard": "batch/*/input/*"}]},
    },
}


@blueprint.on_cw_event(PATTERN)
def on_upload(envelope: CloudWatchEvent) -> None:
    """Take in a file that a person dropped."""
    event = events.parse(envelope.to_dict())
    services = bootstrap.services()
    if not isinstance(event, events.ObjectCreated) or event.bucket != services.stage.bucket_name:
        logger.info("object_ignored")
        return
    dropped = places.parse_dropped(event.key)
    if dropped is None:
        logger.info("object_ignored")
        return
    accept = services.datasets.accept if dropped.purpose == "uploads" else services.batches.accept
    log_plan("object_accepted", accept(dropped.pipeline, event), purpose=dropped.purpose, pipeline=dropped.pipeline)
