"""Which uploads make the next dataset version."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.facts import Upload, Version
from chalicelib.core.ledger import Fate, UploadVerdict
from chalicelib.core.policies import DataPolicy
from chalicelib.core.selection import Selection, select
from tests.chalicelib.aws.account import START

NOW = START + timedelta(days=10)


def version(key: str, number: int, *, days: float = 0, deleted: bool = False) -> Version:
    """Return the version of a key that came so many days after the start."""
    upload = Upload(f"{key}{number}", "b", f"uploads/reviews/{key}.csv", f"v{number}", 10)
    return Version(upload, START + timedelta(days=days), deleted)


def verdict(of: Version, fate: Fate) -> dict[str, UploadVerdict]:
    """Return a verdict on a version."""
    return {of.upload.upload_id: UploadVerdict(of.upload.upload_id, of.upload.key, fate, "")}


def ids(selection: Selection) -> list[str]:
    """Return the ids of the selected uploads."""
    return [upload.upload_id for upload in selection.uploads]


A1, A2, B1 = version("a", 1, days=1), version("a", 2, days=3), version("b", 1, days=2)
LISTED = (A2, A1, B1)


def test_newest_of_each_key() -> None:
    """The newest version of a key is taken, and the older one is left out for it."""
    selection = select(DataPolicy(), LISTED, {}, NOW)
    assert ids(selection) == ["a2", "b1"]
    assert [(out.upload_id, out.by) for out in selection.left_out] == [("a1", "a2")]


def test_rejected_newest() -> None:
    """Where the newest version was rejected, the one before it counts again."""
    assert ids(select(DataPolicy(), LISTED, verdict(A2, "rejected"), NOW)) == ["a1", "b1"]


def test_trained_is_kept_but_not_pending() -> None:
    """What was trained on stays in the data, and is no reason for a new run."""
    selection = select(DataPolicy(), LISTED, verdict(B1, "trained"), NOW)
    assert ids(selection) == ["a2", "b1"]
    assert [upload.upload_id for upload in selection.pending] == ["a2"]


def test_latest() -> None:
    """The policy `latest` takes the upload that came last, whatever its key."""
    selection = select(DataPolicy("latest"), LISTED, {}, NOW)
    assert ids(selection) == ["a2"]
    assert {out.upload_id for out in selection.left_out} == {"a1", "b1"}


def test_days() -> None:
    """The policy `days` leaves out what is older, and says so."""
    selection = select(DataPolicy("days", days=8), LISTED, {}, NOW)
    assert ids(selection) == ["a2", "b1"]
    selection = select(DataPolicy("days", days=7), LISTED, {}, NOW)
    assert ids(selection) == ["a2"]
    assert "older than 7 days" in {out.reason for out in selection.left_out}


def test_deleted() -> None:
    """What its owner deleted is in no dataset version any more, and does not come back for a newer, bad version."""
    gone = version("a", 1, deleted=True)
    selection = select(DataPolicy(), (gone, B1), {}, NOW)
    assert ids(selection) == ["b1"]
    assert [out.reason for out in selection.left_out] == ["its owner deleted it"]
    assert ids(select(DataPolicy(), (A2, gone, B1), verdict(A2, "rejected"), NOW)) == ["b1"]
    assert ids(select(DataPolicy(), (A2, gone, B1), {}, NOW)) == ["a2", "b1"]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["none", "trained", "rejected"])), max_size=12),
    st.sampled_from([DataPolicy(), DataPolicy("latest"), DataPolicy("days", days=5)]),
)
def test_every_unsettled_upload_is_told_of(puts: list[tuple[str, str]], policy: DataPolicy) -> None:
    """An upload without a verdict is either in the next dataset version or left out with a reason, never both."""
    versions: dict[str, list[Version]] = {}
    verdicts: dict[str, UploadVerdict] = {}
    for number, (key, fate) in enumerate(puts):
        put = version(key, number, days=number)
        versions.setdefault(key, []).insert(0, put)
        if fate != "none":
            verdicts |= verdict(put, fate)  # type: ignore[arg-type]
    listed = [put for key in sorted(versions) for put in versions[key]]
    selection = select(policy, listed, verdicts, NOW)
    unsettled = {put.upload.upload_id for put in listed} - verdicts.keys()
    chosen = {upload.upload_id for upload in selection.pending}
    left_out = {out.upload_id for out in selection.left_out}
    assert chosen | left_out == unsettled
    assert not chosen & left_out
