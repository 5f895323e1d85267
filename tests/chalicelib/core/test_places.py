"""The layout of the bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import places
from chalicelib.core.places import Bucket, Dropped
from chalicelib.core.spec import Intake

KEY_PART = st.text(min_size=1).filter(lambda part: "/" not in part)


@pytest.mark.parametrize(
    ("key", "dropped"),
    [
        ("uploads/reviews/a.csv", Dropped("uploads", "reviews")),
        ("uploads/reviews/2026/11/a b+c%20.csv.gz", Dropped("uploads", "reviews")),
        ("uploads/reviews/line\nbreak.csv", Dropped("uploads", "reviews")),
        ("batch/reviews/input/a.jsonl", Dropped("batch", "reviews")),
        ("batch/reviews/output/a.jsonl", None),
        ("batch/reviews/a.csv", None),
        ("uploads/reviews/", None),
        ("uploads/reviews/folder/", None),
        ("uploads/a.csv", None),
        ("datasets/reviews/x/raw/a.csv", None),
        ("scores/reviews/x/scored/part-00000.jsonl.out", None),
        ("", None),
    ],
)
def test_parse_dropped(key: str, dropped: Dropped | None) -> None:
    """Only files under the two prefixes of people trigger anything."""
    assert places.parse_dropped(key) == dropped


@given(st.from_regex(r"[a-z]{1,10}", fullmatch=True), KEY_PART)
def test_keys_round_trip(pipeline: str, name: str) -> None:
    """What the command line writes, the handler reads."""
    assert places.parse_dropped(places.upload_key(pipeline, name)) == Dropped("uploads", pipeline)
    assert places.parse_dropped(places.batch_input_key(pipeline, name)) == Dropped("batch", pipeline)


@given(st.from_regex(r"[a-z]{1,10}", fullmatch=True), st.from_regex(r"[0-9a-f]{16}", fullmatch=True))
def test_no_loop(pipeline: str, some_id: str) -> None:
    """Nothing the application or its jobs write can trigger it again."""
    bucket = Bucket("b")
    for folder in (bucket.dataset(pipeline, some_id), bucket.run(pipeline, some_id), bucket.batch(pipeline, some_id)):
        assert places.parse_dropped(folder.key("uploads", "reviews", "a.csv")) is None


@given(st.text())
def test_raw_name_is_safe(key: str) -> None:
    """A pinned copy's name is a plain file name, whatever the person's key held."""
    name = places.raw_name("0123456789abcdef", key)
    assert name.startswith("0123456789abcdef-")
    assert name.isascii()
    assert not set(name) & set("/\\ \n\0")
    assert len(name) <= 120


@pytest.mark.parametrize("key", ["uploads/reviews/données été.csv.gz", "uploads/reviews/" + "x" * 900 + ".jsonl"])
def test_raw_name_keeps_format(key: str) -> None:
    """A pinned copy keeps the suffix that says how to read it."""
    assert places.refusal(places.raw_name("0123456789abcdef", key), 1, Intake()) is None


@pytest.mark.parametrize(
    ("key", "size", "complaint"),
    [
        ("uploads/reviews/a.txt", 5, "file names must end in .csv, .csv.gz, .jsonl, .jsonl.gz or .parquet"),
        ("uploads/reviews/a.CSV", 5, None),
        ("uploads/reviews/a.parquet", 5, None),
        ("uploads/reviews/a.parquet.gz", 5, "file names must end in .csv, .csv.gz, .jsonl, .jsonl.gz or .parquet"),
        ("uploads/reviews/a.csv", 0, "the file is empty"),
        ("uploads/reviews/a.csv", 1000, None),
        ("uploads/reviews/a.csv.gz", 1001, "the file has 1,001 bytes, and 1,000 are allowed: split it"),
    ],
)
def test_refusal(key: str, size: int, complaint: str | None) -> None:
    """A file that will not be read is refused with the reason a person needs."""
    assert places.refusal(key, size, Intake(max_bytes=1000)) == complaint


def test_files_beyond_all_bounds_are_refused_unread() -> None:
    """Without another limit of the spec's, a file of 100 GB is refused by its size, and one of 10 GB is read."""
    told = "the file has 100,000,000,000 bytes, and 21,474,836,480 are allowed: split it"
    assert places.refusal("uploads/reviews/a.csv", 10**11, Intake()) == told
    assert places.refusal("uploads/reviews/a.csv", 10**10, Intake()) is None


@pytest.mark.parametrize(
    ("name", "upload"),
    [
        (places.raw_name("0123456789abcdef", "uploads/reviews/jane.csv"), "0123456789abcdef"),
        ("jane.csv", ""),
        ("0123456789abcdefjane.csv", ""),
    ],
)
def test_upload_of(name: str, upload: str) -> None:
    """Of a pinned copy's name only the upload's id may be logged; a name of another kind holds none."""
    assert places.upload_of(name) == upload
