"""The application's one logger: named events with ids, as JSON lines; never text, labels or keys of a person's.

Chalice logs what no view caught, under the same logger's name, with the error's message and traceback. Both may quote
what a person sent, so of such a record only the kind of error and where it was raised are kept.
"""

import logging
from collections.abc import Mapping
from pathlib import PurePath
from types import TracebackType

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


def without_words(record: logging.LogRecord) -> bool:
    """Take out of a record of an exception what a person may have written; a filter that lets every record pass."""
    if record.exc_info and record.exc_info[0]:
        kind, _, trace = record.exc_info
        record.msg, record.args = "request_broke", ()
        record.exc_info, record.exc_text = None, None
        record.error, record.raised_at = kind.__name__, _place(trace)
    return True


def _place(trace: TracebackType | None) -> str:
    """Name the file and line in which an exception was raised."""
    if trace is None:
        return ""
    while trace.tb_next:
        trace = trace.tb_next
    return f"{PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


logging.getLogger("freshet").addFilter(without_words)
