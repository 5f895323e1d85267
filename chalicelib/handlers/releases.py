"""State changes of the stage's model packages and endpoints: either may mean that another model should answer."""

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import bootstrap, settings
from chalicelib.core import events, names
from chalicelib.handlers.log import log_plan

blueprint = Blueprint(__name__)

_NAMES = names.Names(settings.stage_name())
PATTERN = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Model Package State Change", "SageMaker Endpoint State Change"],
    "detail": {
        "$or": [
            {"ModelPackageGroupName": [{"prefix": _NAMES.prefix}]},
            {"EndpointName": [{"prefix": _NAMES.prefix}]},
        ]
    },
}


@blueprint.on_cw_event(PATTERN)
def on_release(envelope: CloudWatchEvent) -> None:
    """Advance the pipeline's endpoint."""
    match events.parse(envelope.to_dict()):
        case events.ModelPackageChanged(name) | events.EndpointChanged(name):
            pipeline = _NAMES.parse_pipeline(name)
            log_plan("release_changed", bootstrap.services().rollouts.advance(pipeline), pipeline=pipeline)
