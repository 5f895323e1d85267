"""The application's one logger: named events with ids, as JSON lines; never text, labels or keys of a person's."""

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from chalicelib.core.actions import Plan
from chalicelib.core.decide import Area

logger = Logger(service="freshet", log_uncaught_exceptions=True)


def log_plans(plans: Mapping[Area, Plan], *, pipeline: str) -> None:
    """Log where a pipeline is; reasons may quote a person's file name and stay in the ledger."""
    logger.info(
        "pipeline_looked_at", extra={"pipeline": pipeline, **{area: plan.state for area, plan in plans.items()}}
    )


def log_batches(plans: Mapping[str, Plan], *, pipeline: str) -> None:
    """Log where batches are."""
    for batch_id, plan in plans.items():
        logger.info("batch_looked_at", extra={"pipeline": pipeline, "batch": batch_id, "state": plan.state})
