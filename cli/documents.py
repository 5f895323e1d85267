"""What ``--json`` prints: one place for the shape of every document, so that scripts can rely on it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from chalicelib.core.actions import Action, Plan
from chalicelib.core.facts import Job, Upload
from chalicelib.core.ledger import Decision
from chalicelib.services.standings import Standing
from chalicelib.services.stories import Explanation, Story
from cli.address import Address
from cli.steps import seconds_of

Document = Mapping[str, Any]


def of_upload(upload: Upload) -> Document:
    """Describe a file that was put."""
    return {**asdict(upload), "file": PurePosixPath(upload.key).name}


def of_story(story: Story, *, now: datetime, settled_at: datetime | None = None) -> Document:
    """Describe a run or a batch."""
    seconds = seconds_of(story, now=now, settled_at=settled_at)
    return {
        "pipeline": story.pipeline,
        "id": story.id,
        "run_id": story.run_id,
        "files": list(story.files),
        "state": story.state,
        "reason": story.reason,
        "settled": story.settled,
        "cause": story.cause,
        "started": story.started,
        "verdict": dict(story.verdict) if story.verdict else None,
        "version": story.version,
        "seconds": None if seconds is None else round(seconds, 3),
        "rows": dict(story.rows),
        "rejected": [{"file": rejected.file, **rejected.finding.to_dict()} for rejected in story.rejected],
        "metrics": dict(story.metrics),
        "result_prefix": story.result_prefix,
        "report": story.report,
        "jobs": {step: _of_job(job) for step, job in story.jobs.items()},
    }


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


def of_standing(standing: Standing) -> Document:
    """Describe where a pipeline stands."""
    head, plans = standing.head, standing.plans
    return {
        "pipeline": standing.pipeline,
        "endpoint": standing.endpoint,
        "status": standing.status,
        "state": plans["serving"].state,
        "reason": plans["serving"].reason,
        "version": standing.version,
        "wanted": standing.wanted,
        "pin": asdict(head.pin) if head.pin else None,
        "bad": list(head.bad),
        "anchor": asdict(head.anchor) if head.anchor else None,
        "wish": asdict(head.wish) if head.wish else None,
        "learning": {
            "dataset_id": head.dataset_id,
            "run_id": head.run_id,
            "state": plans["learning"].state,
            "reason": plans["learning"].reason,
        },
        "watching": {
            "check_id": head.check_id,
            "watched": asdict(head.watched) if head.watched else None,
            "state": plans["watching"].state,
            "reason": plans["watching"].reason,
        },
        "waiting": list(standing.waiting),
        "troubles": [of_decision(decision) for decision in standing.troubles],
    }


def of_plan(pipeline: str, area: str, plan: Plan) -> Document:
    """Describe what would come next in one area: documents first, then the ledger, then the actions in order."""
    change = plan.change
    return {
        "pipeline": pipeline,
        "area": area,
        "state": plan.state,
        "reason": plan.reason,
        "evidence": dict(plan.evidence),
        "idle": plan.idle,
        "documents": [_of_action(document) for document in plan.documents],
        "ledger": {"head": change.head.to_dict(), "rows": [asdict(row) for row in change.rows]} if change else None,
        "actions": [_of_action(action) for action in plan.actions],
    }


def of_explanation(found: Explanation, *, now: datetime) -> Document:
    """Describe all of a run."""
    return {
        **of_story(found.story, now=now),
        "decisions": [of_decision(decision) for decision in found.decisions],
        "artifacts": dict(found.artifacts),
    }


def _of_action(action: Action) -> Document:
    return {"kind": type(action).__name__, "words": str(action), **asdict(action)}


def of_decision(decision: Decision) -> Document:
    """Describe a decision."""
    return asdict(decision)


def _of_job(job: Job) -> Document:
    return {
        **asdict(job),
        "started": job.started.isoformat() if job.started else None,
        "ended": job.ended.isoformat() if job.ended else None,
    }
