"""What must hold of a world: each claim is a function that fails where it does not.

The claims read what AWS holds (jobs, objects, endpoint, table) and expect it to be what people dropped, by rules of
their own: none of them asks the code under test what should have been.
"""

import json
from collections import Counter
from datetime import timedelta
from itertools import chain, takewhile
from typing import Any

from chalicelib.core import digests, places
from chalicelib.core.ledger import DatasetRow, RunRow, UploadVerdict
from chalicelib.core.policies import DataPolicy
from tests.chalicelib.aws.s3 import Stored
from tests.chalicelib.aws.world import PIPELINE, STAGE, World

BEFORE = {"train": "prepare", "score": "train", "evaluate": "score"}  # what has completed before a step begins


def check_rest(world: World) -> None:
    """Claim: nothing is active, and nothing is in the air."""
    head = world.head
    waiting = (head.dataset_id, head.run_id, head.wish, head.update, head.check_id, head.ask)
    assert not any(waiting), f"stuck: {head}"
    checks = world.services.pipelines.ledger.checks(PIPELINE)
    assert not [row for row in checks if row.state == "checking"], "a drift check is still active"
    assert not world.account.machines.running(), "a job still runs"
    assert not [row for row in datasets(world) if row.active], "a dataset version is still active"
    assert not [row for row in runs(world) if row.state == "running"], "a run is still running"


def check_ledger(world: World) -> None:
    """Claim: decisions are numbered from 1 to the fence, none missing, and one dataset version at most is active."""
    decisions = world.services.pipelines.ledger.decisions(PIPELINE)
    assert [decision.fence for decision in decisions] == list(range(1, world.head.fence + 1)), "fences have gaps"
    active = [row.dataset_id for row in datasets(world) if row.active]
    assert len(active) <= 1, f"{len(active)} dataset versions are active at once"
    assert not active or active[0] == world.head.dataset_id, "an active dataset version is not the head's"


def check_trainings(world: World) -> None:
    """Claim: one training job for each distinct content, recipe and forced wish, and one run for each of them."""
    jobs = Counter(base(name) for name in world.jobs("train"))
    trained = {f"{STAGE.names.job(PIPELINE, 'train', row.run_id)}" for row in runs(world)}
    assert set(jobs) == trained, f"{set(jobs) ^ trained} are a run or a job, not both"
    forced = {row.again for row in datasets(world) if row.again}
    lineages = [document(world, run.run_id) for run in runs(world)]
    pairs = [(line["content_digest"], line["recipe"]) for line in lineages]
    assert len(pairs) - len(set(pairs)) <= len(forced), "a content and recipe were trained twice"
    assert all(len(names) <= 1 for names in _unfailed(world).values()), (
        "an attempt was made beside one that had not failed"
    )


def check_order(world: World) -> None:
    """Claim: no job began before a job of the step before had completed."""
    jobs = world.account.machines.jobs
    for name, job in jobs.items():
        needed = BEFORE.get(step(name))
        done = [one["Ended"] for other, one in jobs.items() if step(other) == needed and one["Status"] == "Completed"]
        assert needed is None or (done and min(done) < job["Started"]), f"{name} began before any {needed} completed"


def check_uploads(world: World) -> None:
    """Claim: every upload that is still there was trained once, superseded, or rejected with its reason."""
    verdicts = world.services.pipelines.ledger.verdicts(PIPELINE)
    successful = {row.run_id for row in runs(world) if row.successful}
    for stored in uploads(world):
        verdict = verdicts.get(upload_id(stored))
        assert verdict is not None, f"{stored.key} {stored.version} is lost"
        bad = b"bad" in (stored.content or b"") or not stored.key.endswith(".csv")
        fates = {"superseded", "rejected" if bad else "trained"}
        assert verdict.fate in fates, f"{stored.key} {stored.version} is {verdict}"
        assert verdict.reason, f"{verdict} has no reason"
        assert (verdict.run_id in successful) == (verdict.fate == "trained"), f"{verdict} names another run"


def check_live(world: World, policy: DataPolicy) -> None:
    """Claim: the model that answers has learnt the newest usable version of every key that the policy selects."""
    selected = newest(world, policy)
    if not selected:
        return
    assert world.live, "no model answers"
    learnt = contents(world, document(world, world.live)["dataset_id"])
    missing = set(chain.from_iterable(rows(stored) for stored in selected)) - learnt
    assert not missing, f"the live model has not learnt {sorted(missing)} of {[one.key for one in selected]}"


def check_all(world: World, policy: DataPolicy) -> None:
    """Claim all that must hold when nothing moves any more."""
    check_rest(world)
    check_ledger(world)
    check_trainings(world)
    check_order(world)
    check_uploads(world)
    check_live(world, policy)


def newest(world: World, policy: DataPolicy) -> list[Stored]:
    """Return the versions of files that the policy selects now, by the rules as people are told them."""
    usable: list[Stored] = []
    for key in world.account.objects.list_keys(places.upload_key(PIPELINE, "")):
        versions = world.account.objects.versions[key]
        kept = takewhile(lambda one: one.content is not None, versions)  # what was deleted does not come back
        good = [one for one in kept if b"bad" not in (one.content or b"") and key.endswith(".csv")]
        usable += good[:1]
    if policy.uploads == "latest":
        return sorted(usable, key=lambda stored: stored.modified)[-1:]
    since = world.account.now - timedelta(days=policy.days) if policy.days else None
    return [stored for stored in usable if since is None or stored.modified >= since]


def uploads(world: World) -> list[Stored]:
    """Return all versions of all dropped files that are still there."""
    objects = world.account.objects
    keys = objects.list_keys(places.upload_key(PIPELINE, ""))
    return [stored for key in keys for stored in objects.versions[key] if stored.content is not None]


def upload_id(stored: Stored) -> str:
    """Return the id of a version of a file."""
    return digests.upload_id(STAGE.bucket_name, stored.key, stored.version)


def rows(stored: Stored) -> set[str]:
    """Return the rows of a file."""
    return set((stored.content or b"").decode().split())


def contents(world: World, dataset_id: str) -> set[str]:
    """Return the rows of a dataset version's pinned copies."""
    objects, folder = world.account.objects, STAGE.bucket.dataset(PIPELINE, dataset_id)
    copies = objects.list_keys(folder.key(places.RAW_FOLDER, ""))
    return set(chain.from_iterable(objects.read(key).decode().split() for key in copies))


def document(world: World, run_id: str) -> dict[str, Any]:
    """Return the document that a run began with."""
    key = STAGE.bucket.run(PIPELINE, run_id).key(places.RUN_FILE)
    found: dict[str, Any] = json.loads(world.account.objects.read(key))
    return found


def datasets(world: World) -> list[DatasetRow]:
    """Return the rows of all dataset versions, the newest first."""
    return list(world.services.pipelines.ledger.datasets(PIPELINE))


def runs(world: World) -> list[RunRow]:
    """Return the rows of all runs, the newest first, as they lie in the table: the application reads one at a time."""
    items = [item for (_, _, sort_key), item in world.account.tables.items.items() if sort_key.startswith("RUN#")]
    found = [RunRow.from_dict(json.loads(item["data"]["S"])) for item in items]
    return sorted(found, key=lambda row: row.started, reverse=True)


def verdicts(world: World) -> dict[str, UploadVerdict]:
    """Return the verdicts on uploads by their ids."""
    return dict(world.services.pipelines.ledger.verdicts(PIPELINE))


def step(name: str) -> str:
    """Return the step of a job's name."""
    return STAGE.names.parse_job(name).step


def base(name: str) -> str:
    """Return a job's name without the number of its attempt."""
    job = STAGE.names.parse_job(name)
    return STAGE.names.job(job.pipeline, job.step, job.id)


def _unfailed(world: World) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, job in world.account.machines.jobs.items():
        if job["Status"] != "Failed":
            found.setdefault(base(name), []).append(name)
    return found
