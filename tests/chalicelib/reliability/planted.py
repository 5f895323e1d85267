"""Bugs to plant: each breaks one rule of the application, as somebody might in good faith."""

# ruff: noqa: SLF001 - rules are kept inside, so that is where they are broken

from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from chalicelib.adapters import executor, ledger, sagemaker
from chalicelib.adapters.storage import S3Storage
from chalicelib.core import attempts, decide_dataset, decide_rollout, decide_watch, digests, errors, job_requests
from chalicelib.core.actions import Call, CopyVersion, Plan
from chalicelib.core.facts import Job
from chalicelib.services import observer, pipelines

Patch = pytest.MonkeyPatch


def drop_the_fence(patch: Patch) -> None:
    """Write a transition whatever the fence is."""
    put = ledger.DynamoLedger._transact

    def transact(self: Any, items: list[dict[str, Any]]) -> None:
        for item in items:
            item["Put"].pop("ConditionExpression", None)
            item["Put"].pop("ExpressionAttributeValues", None)
        put(self, items)

    patch.setattr(ledger.DynamoLedger, "_transact", transact)


def overwrite_verdicts(patch: Patch) -> None:
    """Let the last verdict on an upload win."""
    patch.setattr(ledger, "_ABSENT", "")


def random_names(patch: Patch) -> None:
    """Name every data set anew instead of by its content."""
    numbers = count()
    patch.setattr(digests, "dataset_id", lambda *_: f"{next(numbers):016x}")


def believe_the_event(patch: Patch) -> None:
    """Take a job for completed as soon as something is heard of it."""
    told = sagemaker._job

    def job(*arguments: Any) -> Job:
        found = told(*arguments)
        return replace(found, status="Completed", artifact_uri="s3://b/model.tar.gz")

    patch.setattr(sagemaker, "_job", job)


def ignore_stopped(patch: Patch) -> None:
    """Try a job again that somebody stopped."""
    told = sagemaker._job

    def job(*arguments: Any) -> Job:
        found = told(*arguments)
        return replace(found, status="Failed", reason="Interrupted") if found.status == "Stopped" else found

    patch.setattr(sagemaker, "_job", job)


def trust_in_service(patch: Patch) -> None:
    """Take an endpoint in service for one that runs what it was asked to."""
    patch.setattr(decide_rollout, "_await_or_undone", lambda facts, *_: Plan("live", f"{facts.pipeline} is in service"))


def retry_for_ever(patch: Patch) -> None:
    """Try again however often a job has failed."""
    patch.setattr(attempts, "MAX_ATTEMPTS", 9)
    patch.setattr(observer, "MAX_ATTEMPTS", 9)


def forget_bad_marks(patch: Patch) -> None:
    """Want the newest version, whatever became of it."""
    known = decide_rollout.wanted
    forgetful = lambda head, packages: known(replace(head, bad=(), pin=None), packages)  # noqa: E731 - one expression
    patch.setattr(observer, "wanted", forgetful)


def oldest_version(patch: Patch) -> None:
    """Take the versions of a key in the wrong order."""
    versions = S3Storage.versions
    patch.setattr(
        S3Storage,
        "versions",
        lambda self, prefix: sorted(versions(self, prefix), key=lambda one: (one.upload.key, one.modified)),
    )


def swallow_errors(patch: Patch) -> None:
    """Say that all went well, whatever AWS answered."""
    act = pipelines.Pipelines._act

    def silent(self: Any, *arguments: Any) -> None:
        with suppress(errors.CallError):
            act(self, *arguments)

    patch.setattr(pipelines.Pipelines, "_act", silent)
    patch.setattr(ledger.DynamoLedger, "conclude", lambda *_: None)


def act_before_writing(patch: Patch) -> None:
    """Act first, and write down afterwards what was done."""
    act = pipelines.Pipelines._act

    def early(self: Any, facts: Any, area: Any, plan: Plan, cause: str) -> Any:
        self.executor.perform(facts.pipeline, plan.actions, lambda: True)
        return act(self, facts, area, plan, cause)

    patch.setattr(pipelines.Pipelines, "_act", early)


def skip_the_pin(patch: Patch) -> None:
    """Copy whatever the key holds now instead of the version that was accepted."""
    copy = S3Storage.copy_version
    newest = lambda self, action: copy(self, CopyVersion(replace(action.source, version_id=None), action.key))  # noqa: E731
    patch.setattr(S3Storage, "copy_version", newest)


def settle_no_superseded(patch: Patch) -> None:
    """Write down only what was trained."""
    patch.setattr(decide_dataset, "_displaced", lambda _: ())


def adopt_strangers(patch: Patch) -> None:
    """Take everything with our name for ours."""
    patch.setattr(executor, "_covers", lambda *_: True)


def mark_what_was_never_taken(patch: Patch) -> None:
    """Take an update for one that AWS took because it was noted."""
    patch.setattr(observer.Observer, "_taken", lambda _self, _pipeline, head: head.update is not None)


def forget_the_token(patch: Patch) -> None:
    """Register a version with another token each time it is asked for."""
    numbers, create = count(), executor._create

    def careless(call: Call) -> None:
        more = {"ClientToken": f"{next(numbers)}"} if call.operation == "create_model_package" else {}
        create(Call(call.operation, {**call.request, **more}))

    patch.setattr(executor, "_create", careless)


def name_by_the_moment(patch: Patch) -> None:
    """Name a training job by the moment instead of by its run."""
    job, numbers = job_requests.training_job, count(1)

    def training_job(stage: Any, lineage: Any, spec: Any, attempt: int) -> Call:
        call = job(stage, lineage, spec, attempt)
        name = f"{call.request['TrainingJobName'][:-16]}{next(numbers):016x}"
        return Call(call.operation, {**call.request, "TrainingJobName": name})

    patch.setattr(job_requests, "training_job", training_job)


def drop_the_cool_down(patch: Patch) -> None:
    """Let an alarm start a run whenever it rings."""
    patch.setattr(decide_watch, "_ready", lambda *_: None)


def forget_the_slot(patch: Patch) -> None:
    """Check a slot without writing down that it was taken up."""
    patch.setattr(decide_watch, "_taken", lambda head, *_: head.slots)


def forget_who_was_told(patch: Patch) -> None:
    """Tell people of everything that was ever decided."""
    patch.setattr(observer, "untold", lambda _, decisions: tuple(decisions))
