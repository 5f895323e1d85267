"""The application's one logger: named events with ids, as JSON lines; never text, labels or keys of a person's."""

from aws_lambda_powertools import Logger

from chalicelib.core.actions import Plan

logger = Logger(service="freshet", log_uncaught_exceptions=True)


def log_plan(event: str, plan: Plan, **ids: str) -> None:
    """Log what was decided and done; the reason may quote a person's file name and stays in SageMaker and S3."""
    logger.info(event, extra={**ids, "state": plan.state, "actions": len(plan.actions)})
