"""The application's one logger: named events with ids, as JSON lines; never text, labels or keys of a person's.

Chalice logs what no view caught, under the same logger's name, with the error's message and traceback. Both may quote
what a person sent, so of such a record only the kind of error and where it was raised are kept.
"""

import logging
from pathlib import PurePath
from types import TracebackType

from aws_lambda_powertools import Logger

from chalicelib.core.actions import Plan

logger = Logger(service="freshet", log_uncaught_exceptions=True)


def log_plan(event: str, plan: Plan, **ids: str) -> None:
    """Log what was decided and done; the reason may quote a person's file name and stays in SageMaker and S3."""
    logger.info(event, extra={**ids, "state": plan.state, "actions": len(plan.actions)})


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
