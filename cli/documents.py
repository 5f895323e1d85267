"""What ``--json`` prints: one place for the shape of every document, so that scripts can rely on it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from chalicelib.core.facts import Job, Upload
from chalicelib.services.progress import Story
from cli.address import Address
from cli.connection import Live
from cli.steps import seconds_of

Document = Mapping[str, Any]


def of_upload(upload: Upload) -> Document:
    """Describe a file that was put."""
    return {**asdict(upload), "file": PurePosixPath(upload.key).name}


def of_story(story: Story, *, now: datetime, settled_at: datetime | None = None) -> Document:
    """Describe what became of a file."""
    seconds = seconds_of(story, now=now, settled_at=settled_at)
    return {
        **of_upload(story.upload),
        "pipeline": story.pipeline,
        "id": story.id,
        "run_id": story.run_id,
        "state": story.state,
        "reason": story.reason,
        "settled": story.settled,
        "version": story.version,
        "seconds": None if seconds is None else round(seconds, 3),
        "rows": dict(story.rows),
        "rejected": [{"file": rejected.file, **rejected.finding.to_dict()} for rejected in story.rejected],
        "metrics": dict(story.metrics),
        "result_prefix": story.result_prefix,
        "jobs": {step: _of_job(job) for step, job in story.jobs.items()},
    }


def of_waiting(pipeline: str, upload: Upload) -> Document:
    """Describe a file whose event has not arrived yet."""
    return {**of_upload(upload), "pipeline": pipeline, "state": "waiting", "settled": False}


def of_address(address: Address) -> Document:
    """Describe a deployment's addresses."""
    local = address.local
    return {
        "stage": address.stage.name,
        "region": address.region,
        "page_url": address.api_url,
        "api_url": address.api_url,
        "bucket": address.stage.bucket_name,
        "image_uri": address.stage.image_uri,
        "endpoint_url": local.endpoint_url if local else None,
        "pid": local.pid if local else None,
        "port": local.port if local else None,
        "state": str(local.state) if local else None,
    }


def of_live(live: Live) -> Document:
    """Describe a pipeline's endpoint."""
    return asdict(live)


def _of_job(job: Job) -> Document:
    return {
        **asdict(job),
        "started": job.started.isoformat() if job.started else None,
        "ended": job.ended.isoformat() if job.ended else None,
    }
