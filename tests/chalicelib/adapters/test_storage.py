"""S3, held against the account in memory and against the local cloud alike."""

import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from chalicelib.adapters import clients
from tests.chalicelib.adapters.sides import STORAGE, Side
from tests.chalicelib.aws.world import STAGE


def test_upload_is_found_by_version(side: Side) -> None:
    """Each version of an object is an upload of its own, with its size."""
    key = "uploads/reviews/été + 100%.csv"
    one, two = side.put(key, b"a"), side.put(key, b"bb")
    first = STORAGE.find_upload(STAGE.bucket_name, key, one)
    second = STORAGE.find_upload(STAGE.bucket_name, key, two)
    assert first is not None
    assert second is not None
    assert (first.size, second.size) == (1, 2)
    assert first.upload_id != second.upload_id


@pytest.mark.parametrize("version", [None, "no-such-version"])
def test_gone_upload(side: Side, version: str | None) -> None:  # noqa: ARG001 - which side it is
    """What is not there is None, not an error."""
    assert STORAGE.find_upload(STAGE.bucket_name, "uploads/reviews/never.csv", version) is None
    assert STORAGE.read_json("datasets/never.json") is None


def test_versions_are_listed_newest_first(side: Side, own: str) -> None:
    """The versions of each key are listed from the newest to the oldest, as the very uploads that a look-up finds."""
    prefix = f"uploads/listed/{own}/"
    put = {name: [side.put(f"{prefix}{name}", b"x" * size) for size in range(1, 5)] for name in ("a.csv", "b +%.csv")}
    side.put(f"{prefix}folder/", b"")
    listed = STORAGE.versions(prefix)
    for name, versions in put.items():
        found = [version.upload for version in listed if version.upload.key == f"{prefix}{name}"]
        assert [upload.version_id for upload in found] == versions[::-1]
        assert found[0] == STORAGE.find_upload(STAGE.bucket_name, f"{prefix}{name}", None)
    assert len(listed) == 8


def test_files_between_two_keys(side: Side, own: str) -> None:
    """Files after one key and before another are listed in their order, with size and what tells another content."""
    prefix = f"ground-truth/{own}/"
    for hour in ("2026/01/01/22/", "2026/01/01/23/", "2026/01/02/00/", "2026/01/02/01/"):
        for name in ("a", "b", "c"):
            side.put(f"{prefix}{hour}{name}.jsonl", name.encode())
    first, end = f"{prefix}2026/01/01/23/", f"{prefix}2026/01/02/01/"
    found = STORAGE.files(prefix, first, end)
    hours = ("2026/01/01/23", "2026/01/02/00")
    assert [*found] == [f"{prefix}{hour}/{name}.jsonl" for hour in hours for name in ("a", "b", "c")]
    side.put(f"{first}b.jsonl", b"another")
    changed = STORAGE.files(prefix, first, end)
    assert {key for key in found if found[key].etag != changed[key].etag} == {f"{first}b.jsonl"}
    assert (found[f"{first}b.jsonl"].size, changed[f"{first}b.jsonl"].size) == (1, 7)
    assert STORAGE.files("ground-truth/nobody/", "ground-truth/nobody/a", "ground-truth/nobody/b") == {}


def test_deleted_key(side: Side, own: str) -> None:
    """The versions of a key that was deleted are listed as deleted."""
    key = f"uploads/deleted/{own}.csv"
    side.put(key, b"x")
    assert [version.deleted for version in STORAGE.versions(key)] == [False]
    side.client("s3").delete_object(Bucket=STAGE.bucket_name, Key=key)
    assert [version.deleted for version in STORAGE.versions(key)] == [True]
    time.sleep(1.1)  # S3 tells times in full seconds
    side.put(key, b"again")
    assert [version.deleted for version in STORAGE.versions(key)] == [False, True]


def test_first_writer_wins(side: Side) -> None:  # noqa: ARG001
    """A document is written once; a second writer changes nothing."""
    STORAGE.write_json_once("datasets/contract/once.json", {"writer": 1})
    STORAGE.write_json_once("datasets/contract/once.json", {"writer": 2})
    assert STORAGE.read_json("datasets/contract/once.json") == {"writer": 1}


def test_address_on_the_local_cloud(local: Side) -> None:
    """Whoever follows the address of an object of the local cloud reads it, whatever its key holds."""
    for key in ("monitoring/reviews/c/report.html", "uploads/reviews/a b+c&d=1%20#é?.csv"):
        local.put(key, key.encode())
        address = STORAGE.address(key)
        assert address is not None
        with urlopen(address) as answer:  # noqa: S310 - our own loopback address
            assert answer.read() == key.encode()
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{STORAGE.address('monitoring/never')}")  # noqa: S310 - our own loopback address


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("eu-central-1", "https://eu-central-1.console.aws.amazon.com/s3/object/"),
        ("us-east-1", "https://us-east-1.console.aws.amazon.com/s3/object/"),
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/s3/object/"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/s3/object/"),
    ],
)
def test_address_on_aws(region: str, console: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where boto3 calls AWS, an address is of the console of the region that is called; nothing is called for it."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    clients.client.cache_clear()
    address = STORAGE.address("a/b.html")
    clients.client.cache_clear()
    assert address == f"{console}{STAGE.bucket_name}?region={region}&prefix=a/b.html"
