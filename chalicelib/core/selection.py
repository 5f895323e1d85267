"""Which uploads make the next dataset version: the newest version of each key that was not refused, by the data policy.

S3 keeps the order: it lists the versions of a key from the newest to the oldest, whatever order their events came in.
So no event's time or sequencer is compared, and one that comes late, twice or never changes nothing. What its owner
deleted stays away, also when the key is used again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from chalicelib.core import places
from chalicelib.core.facts import LeftOut, Upload, Version
from chalicelib.core.ledger import UploadVerdict
from chalicelib.core.policies import DataPolicy
from chalicelib.core.spec import Intake

Verdicts = Mapping[str, UploadVerdict]


@dataclass(frozen=True)
class Selection:
    """The uploads of a dataset version in the order of their ids, and the unsettled ones that it does without.

    ``pending`` are those among the uploads that no run was trained on yet: they are the reason for a new one.
    """

    uploads: tuple[Upload, ...]
    left_out: tuple[LeftOut, ...]
    pending: tuple[Upload, ...]


def unreadable(versions: Sequence[Version], verdicts: Verdicts, intake: Intake) -> tuple[UploadVerdict, ...]:
    """Return the verdicts on unsettled uploads whose name or size says already that they are not even read."""
    refusals = (
        (version.upload, places.refusal(version.upload.key, version.upload.size, intake))
        for version in versions
        if version.upload.upload_id not in verdicts
    )
    return tuple(UploadVerdict(upload.upload_id, upload.key, "rejected", why) for upload, why in refusals if why)


def select(policy: DataPolicy, versions: Sequence[Version], verdicts: Verdicts, now: datetime) -> Selection:
    """Select the uploads of the next dataset version.

    ``versions`` come in S3's order: by key, each from its newest version to its oldest.
    """
    newest: list[Version] = []
    left_out: list[LeftOut] = []
    for _, of_key in groupby(versions, key=lambda version: version.upload.key):
        accepted = [version for version in of_key if not _rejected(version, verdicts)]
        usable = [version for version in accepted if not version.deleted]
        left_out += _left_out([v for v in accepted if v.deleted], verdicts, "its owner deleted it")
        if usable:
            newest.append(usable[0])
            left_out += _left_out(usable[1:], verdicts, "a newer version of the file came", usable[0])
    kept, others = _by_policy(policy, newest, verdicts, now)
    uploads = tuple(sorted((version.upload for version in kept), key=lambda upload: upload.upload_id))
    pending = tuple(upload for upload in uploads if upload.upload_id not in verdicts)
    return Selection(uploads, (*left_out, *others), pending)


def _rejected(version: Version, verdicts: Verdicts) -> bool:
    verdict = verdicts.get(version.upload.upload_id)
    return verdict is not None and verdict.fate == "rejected"


def _by_policy(
    policy: DataPolicy, newest: Sequence[Version], verdicts: Verdicts, now: datetime
) -> tuple[Sequence[Version], Iterator[LeftOut]]:
    if policy.uploads == "latest" and newest:
        # Uploads of the same moment are told apart by their ids, which is arbitrary and always the same.
        last = max(newest, key=lambda version: (version.modified, version.upload.upload_id))
        others = [version for version in newest if version is not last]
        return [last], _left_out(others, verdicts, "the policy takes the latest upload only", last)
    if policy.days is not None:
        since = now - timedelta(days=policy.days)
        old = [version for version in newest if version.modified < since]
        return [v for v in newest if v.modified >= since], _left_out(old, verdicts, f"older than {policy.days} days")
    return newest, iter(())


def _left_out(
    versions: Sequence[Version], verdicts: Verdicts, reason: str, by: Version | None = None
) -> Iterator[LeftOut]:
    for version in versions:
        upload = version.upload
        if upload.upload_id not in verdicts:
            yield LeftOut(upload.upload_id, upload.key, reason, by.upload.upload_id if by else None)
