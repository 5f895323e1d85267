"""When a dataset version begins, what it is made of, and when its content becomes a run.

One is active at a time. It begins when an upload waits that no run was trained on, or somebody wishes for a run; what
comes meanwhile waits for the next one, which then holds it too. It ends as one of

- ``training``: its content and the current recipe are a run of their own;
- ``identical``: a run had this content and recipe before, so nothing is started; if its version was promoted then, and
  another answers since, it is wanted again, since it is the one of the newest data;
- ``refused``: a file of it cannot be used or is gone (that file is rejected, the others make the next dataset
  version), or all rows together cannot (they wait for more);
- ``failed``: its job failed, or the run of the same content and recipe had failed before.

The same files under the same policy and code are never begun again by themselves, also not with labels that came since:
a wish is needed, and where it would repeat what ended well, a forced one. The price: of files that were tried before
the last ones only the same labels are remembered, so other labels begin them once more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from chalicelib.core import container, digests, job_requests, places
from chalicelib.core.actions import Action, Change, CopyVersion, Plan, Settle, WriteJson
from chalicelib.core.attempts import GivenUp, Step, advance
from chalicelib.core.facts import DatasetFacts, LabelFiles, LeftOut, Lineage, PipelineFacts, Upload
from chalicelib.core.ledger import DatasetRow, DatasetState, Head, Pin, RunRow, UploadVerdict, Wish
from chalicelib.core.places import Folder
from chalicelib.core.selection import Selection, select, unreadable
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.stage import Stage


def next_dataset_id(stage: Stage, facts: PipelineFacts, now: datetime, again: str | None = None) -> str:
    """Return the id of the dataset version that would be made now."""
    return _dataset_id(stage, facts, _select(facts, now), again)


def may_begin(facts: PipelineFacts, now: datetime) -> bool:
    """Whether a dataset version may begin, so that it matters which labels came later."""
    return facts.head.wish is not None or bool(_select(facts, now).pending)


def begin(stage: Stage, facts: PipelineFacts, now: datetime) -> Plan:
    """Begin the next dataset version, if there is a reason."""
    head, wish = facts.head, facts.head.wish
    verdicts = unreadable(facts.versions, facts.verdicts, facts.spec.intake)
    if verdicts:
        return Plan("refusing", "; ".join(verdict.reason for verdict in verdicts[:3]), (Settle(verdicts),))
    selection = _select(facts, now)
    if selection.left_out and not selection.pending:
        return Plan("superseding", "there is nothing to wait for", (Settle(_displaced(selection.left_out)),))
    if not selection.uploads:
        return (
            Plan("idle", "no usable upload yet") if wish is None else _grant_nothing(head, "there is no usable upload")
        )
    if wish is None and not selection.pending:
        return Plan("idle", "every upload is settled")
    known = facts.next_row
    again = None
    if wish is None and (known is not None or head.tried == _files_id(stage, facts, selection)):
        told = f"{known.state} before ({known.reason})" if known else "tried before, with other labels"
        return Plan("waiting", f"the same files were {told}: send more, or ask again")
    if wish is not None and known is not None:
        if not wish.forced and known.state in {"trained", "identical"}:
            told = f"nothing new to learn from: the same files and recipe ended as {known.state} ({known.reason})"
            return _grant_nothing(head, told)
        again = wish.id
    return _begin(stage, facts, selection, again, now)


def decide_dataset(stage: Stage, facts: PipelineFacts, dataset: DatasetFacts, now: datetime) -> Plan:
    """Prepare the active dataset version, then begin the run that its content names."""
    head, gone = facts.head, _gone(facts, dataset)
    unsettled = tuple(verdict for verdict in gone if verdict.upload_id not in facts.verdicts)
    if unsettled:
        return Plan("refusing", "files are gone", (Settle(unsettled),))
    refusals = [verdict for verdict in _verdicts(facts, dataset) if verdict.fate == "rejected"] or gone
    if refusals:
        return _end(head, dataset.row, "refused", _told_of(refusals), now=now)
    files = f"{dataset.row.files} file{'s' if dataset.row.files > 1 else ''} accepted"
    step = Step("preparing", files, dataset.prepare, lambda attempt: _pin_and_prepare(stage, facts, dataset, attempt))
    unfinished = advance(now, step)
    if isinstance(unfinished, GivenUp):
        return _end(head, dataset.row, "failed", unfinished.reason, now=now)
    if unfinished:
        return unfinished
    if dataset.summary is None:
        return _end(head, dataset.row, "failed", f"prepare completed without its {container.SUMMARY_FILE}", now=now)
    faults = _faults(dataset)
    unsettled = tuple(verdict for verdict in faults if verdict.upload_id not in facts.verdicts)
    if unsettled:
        return Plan("refusing", "files cannot be used", (Settle(unsettled),))
    if faults:  # that were of use to an earlier run, whose verdict on them stays
        return _end(head, dataset.row, "refused", _told_of(faults), now=now)
    if dataset.summary.get("refused"):
        return _end(head, dataset.row, "refused", str(dataset.summary["refused"]), now=now)
    return _begin_run(stage, facts, dataset, now)


def name_run(stage: Stage, spec: PipelineSpec, dataset: DatasetFacts, again: str | None = None) -> Lineage | None:
    """Name the run of a dataset version's content and the current spec; None before the content is known."""
    content = dataset.summary.get("content_digest") if dataset.summary else None
    if not content:
        return None
    recipe = digests.recipe(spec, stage.image_uri)
    run_id = digests.run_id(content, recipe, again)
    return Lineage(spec.name, run_id, dataset.row.dataset_id, content, recipe, stage.image_uri)


def wished_again(dataset: DatasetFacts) -> str | None:
    """Return the wish that names the run too: a forced one, or any where the content's own run had failed."""
    known = dataset.own_run
    return dataset.row.again if known and (dataset.row.forced or not known.successful) else None


def settled_by(dataset: DatasetFacts, run_id: str, verdicts: Mapping[str, UploadVerdict]) -> tuple[UploadVerdict, ...]:
    """Return what a run that came to a verdict says of uploads: its own are trained, those it displaced superseded."""
    trained = (UploadVerdict(u.upload_id, u.key, "trained", f"run {run_id}", run_id) for u in dataset.uploads)
    found = (*trained, *_displaced(dataset.left_out))
    return tuple(verdict for verdict in found if verdict.upload_id not in verdicts)


def _displaced(left_out: Sequence[LeftOut]) -> tuple[UploadVerdict, ...]:
    return tuple(UploadVerdict(out.upload_id, out.key, "superseded", out.reason) for out in left_out)


def _select(facts: PipelineFacts, now: datetime) -> Selection:
    return select(facts.spec.policy, facts.versions, facts.verdicts, now)


def _dataset_id(stage: Stage, facts: PipelineFacts, selection: Selection, again: str | None) -> str:
    ids, spec = [upload.upload_id for upload in selection.uploads], facts.spec
    recipe = digests.prepare_recipe(spec, stage.image_uri)
    return digests.dataset_id(ids, spec.policy, recipe, facts.labels.digest, again)


def _files_id(stage: Stage, facts: PipelineFacts, selection: Selection) -> str:
    """Return the id of the files of a dataset version, whatever labels come with them."""
    return _dataset_id(stage, replace(facts, labels=LabelFiles()), selection, None)


def _begin(stage: Stage, facts: PipelineFacts, selection: Selection, again: str | None, now: datetime) -> Plan:
    dataset_id = _dataset_id(stage, facts, selection, again)
    wish, tried = facts.head.wish, _files_id(stage, facts, selection)
    cause = wish.cause if wish else f"{len(selection.pending)} new upload{'s' if len(selection.pending) > 1 else ''}"
    forced = wish is not None and wish.forced
    row = DatasetRow(dataset_id, "preparing", cause, cause, now.isoformat(), len(selection.uploads), again, forced)
    document = {
        "pipeline": facts.pipeline,
        "dataset_id": dataset_id,
        "spec": facts.spec.to_dict(),
        "image_uri": stage.image_uri,
        "uploads": [asdict(upload) for upload in selection.uploads],
        "left_out": [asdict(left_out) for left_out in selection.left_out],
        "labels": len(facts.labels.labels),
    }
    folder = stage.bucket.dataset(facts.pipeline, dataset_id)
    return Plan(
        "preparing",
        f"{cause}: {row.files} file{'s' if row.files > 1 else ''} make dataset version {dataset_id}",
        change=Change(replace(facts.head, dataset_id=dataset_id, tried=tried, run_id=None, wish=None), (row,)),
        documents=(*_manifests(stage, folder, facts.labels), WriteJson(folder.key(places.DATASET_FILE), document)),
        evidence={"pending": [upload.upload_id for upload in selection.pending[:100]], "wish": _told(wish)},
    )


def _manifests(stage: Stage, folder: Folder, files: LabelFiles) -> tuple[WriteJson, ...]:
    lists = {places.LABELS_MANIFEST: files.labels, places.CAPTURE_MANIFEST: files.captured} if files.labels else {}
    return tuple(WriteJson(folder.key(name), stage.bucket.manifest(keys)) for name, keys in lists.items())


def _told(wish: Wish | None) -> object:
    return asdict(wish) if wish else None


def _grant_nothing(head: Head, reason: str) -> Plan:
    """Answer a wish with what stands in its way."""
    return Plan("idle", reason, change=Change(replace(head, wish=None)), evidence={"wish": _told(head.wish)})


def _end(
    head: Head, row: DatasetRow, state: DatasetState, reason: str, *, now: datetime, run_id: str | None = None
) -> Plan:
    ended = replace(row, state=state, reason=reason, run_id=run_id or row.run_id, ended=now.isoformat())
    return Plan(state, reason, change=Change(replace(head, dataset_id=None, run_id=None), (ended,)))


def _begin_run(stage: Stage, facts: PipelineFacts, dataset: DatasetFacts, now: datetime) -> Plan:
    again = wished_again(dataset)
    lineage, known = name_run(stage, facts.spec, dataset, again), dataset.run if again else dataset.own_run
    if lineage is None:
        return _end(facts.head, dataset.row, "failed", f"{container.SUMMARY_FILE} does not tell the content", now=now)
    if known is not None and known.state != "running":  # one that nobody is at any more is taken up again
        return _meet(facts, dataset, known, now)
    run_id = lineage.run_id
    folder = stage.bucket.run(facts.pipeline, run_id)
    reason = f"content {lineage.content_digest[:16]} and recipe {lineage.recipe} are run {run_id}"
    row = replace(dataset.row, state="training", reason=reason, run_id=run_id)
    run = RunRow(run_id, row.dataset_id, "running", reason, now.isoformat())
    return Plan(
        "training",
        reason,
        change=Change(replace(facts.head, run_id=run_id), (row, run)),
        documents=(_spec_file(folder, facts.spec), WriteJson(folder.key(places.RUN_FILE), asdict(lineage))),
        evidence={"rows": dataset.summary["rows"] if dataset.summary else None},
    )


def _meet(facts: PipelineFacts, dataset: DatasetFacts, run: RunRow, now: datetime) -> Plan:
    """End a dataset version whose content and recipe were a run before."""
    if not run.successful:
        told = f"run {run.run_id} of the same content and recipe {run.state}: {run.reason}"
        return _end(facts.head, dataset.row, "failed", told, now=now, run_id=run.run_id)
    verdicts = settled_by(dataset, run.run_id, facts.verdicts)
    if verdicts:
        return Plan("identical", f"run {run.run_id} was trained on the same rows", (Settle(verdicts),))
    told = f"the same rows and recipe are run {run.run_id}, {run.state}: nothing is started"
    pin = _pin_again(facts, run)
    if pin:
        told = f"{told}, and version {pin.version}, which was promoted on them, is wanted again"
    head = replace(facts.head, pin=pin) if pin else facts.head
    return _end(head, dataset.row, "identical", told, now=now, run_id=run.run_id)


def _pin_again(facts: PipelineFacts, run: RunRow) -> Pin | None:
    """Return the pin of a version whose rows came back (a file was given its earlier content): it covers the newest."""
    usable = [package for package in facts.packages if package.approval == "Approved"]
    known = next((package for package in usable if package.version == run.version), None)
    if run.state != "promoted" or known is None or known.version in facts.head.bad or known == facts.wanted:
        return None
    return Pin(known.version, max(package.version for package in facts.packages))


def _verdicts(facts: PipelineFacts, dataset: DatasetFacts) -> list[UploadVerdict]:
    found = (facts.verdicts.get(upload.upload_id) for upload in dataset.uploads)
    return [verdict for verdict in found if verdict]


def _told_of(refusals: Sequence[UploadVerdict]) -> str:
    return "; ".join(f"{_name(verdict.key)}: {verdict.reason}" for verdict in refusals[:3])


def _gone(facts: PipelineFacts, dataset: DatasetFacts) -> list[UploadVerdict]:
    """Return the verdicts on uploads that S3 lists no longer, as long as no job was started on their copies."""
    listed = {version.upload.upload_id for version in facts.versions}
    return [
        UploadVerdict(upload.upload_id, upload.key, "rejected", "gone: it was deleted before it was read")
        for upload in dataset.uploads
        if not dataset.prepare and upload.upload_id not in listed
    ]


def _faults(dataset: DatasetFacts) -> tuple[UploadVerdict, ...]:
    """Return the verdicts on files that `prepare` could not use, by the names that their owners gave them."""
    by_name = {_raw_name(upload): upload for upload in dataset.uploads}
    found = (dataset.summary or {}).get("refused_files", ())
    return tuple(
        UploadVerdict(upload.upload_id, upload.key, "rejected", str(fault["reason"]))
        for fault in found
        if (upload := by_name.get(fault["file"]))
    )


def _pin_and_prepare(stage: Stage, facts: PipelineFacts, dataset: DatasetFacts, attempt: int) -> tuple[Action, ...]:
    folder = stage.bucket.dataset(facts.pipeline, dataset.row.dataset_id)
    job = job_requests.prepare_job(stage, facts.pipeline, dataset, attempt)
    if attempt > 1:
        return (job,)  # the first one was started on the pinned files, which are still there
    return (_spec_file(folder, dataset.spec), *pin(folder, dataset.uploads), job)


def pin(folder: Folder, uploads: tuple[Upload, ...]) -> tuple[Action, ...]:
    """Copy uploads to keys that never change, and list the copies for a job."""
    copies = [CopyVersion(upload, folder.key(places.RAW_FOLDER, _raw_name(upload))) for upload in uploads]
    manifest = [{"prefix": folder.uri(places.RAW_FOLDER, "")}, *(_raw_name(upload) for upload in uploads)]
    return (*copies, WriteJson(folder.key(places.MANIFEST_FILE), manifest))


def _raw_name(upload: Upload) -> str:
    return places.raw_name(upload.upload_id, upload.key)


def _name(key: str) -> str:
    return key.rsplit("/", 1)[-1]


def _spec_file(folder: Folder, spec: PipelineSpec) -> WriteJson:
    return WriteJson(folder.key(container.SPEC, container.SPEC_FILE), spec.to_dict())
