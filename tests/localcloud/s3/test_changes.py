"""Concurrent changes, and the events that each causes."""

import threading
from collections.abc import Iterator
from typing import Any


def test_put_event(bucket: Any) -> None:
    """A stored object is announced once: S3 User Guide, "EventBridge event message structure"."""
    bucket.announce()
    etag = bucket.put("up/a +%2F ü.csv", b"12345")["ETag"]
    (event,) = bucket.events
    assert (event["source"], event["detail_type"], event["delay"]) == ("aws.s3", "Object Created", 0.25)
    assert (event["region"], event["resources"]) == ("us-east-1", [f"arn:aws:s3:::{bucket.name}"])
    detail = event["detail"]
    assert detail["object"].pop("sequencer")
    assert detail["object"] == {"key": "up/a +%2F ü.csv", "size": 5, "etag": etag.strip('"')}
    assert (detail["version"], detail["reason"], detail["requester"]) == ("0", "PutObject", "123456789012")
    assert detail["source-ip-address"] == "127.0.0.1"
    assert len(detail["request-id"]) == 16


def test_deletion_events(bucket: Any) -> None:
    """Deletions are announced by what they did: the same source, "Object deleted (using DeleteObject)"."""
    bucket.announce()
    bucket.put("k", b"1")
    bucket.call("delete_object", Key="k")
    bucket.call("delete_object", Key="never there")
    bucket.keep_versions()
    version = bucket.put("k", b"1")["VersionId"]
    marker = bucket.call("delete_object", Key="k")["VersionId"]
    objects = [{"Key": "k", "VersionId": each} for each in (version, marker)]
    bucket.call("delete_objects", Delete={"Objects": objects})
    details = [event["detail"] for event in bucket.events if event["detail_type"] == "Object Deleted"]
    assert [(detail["object"].get("version-id"), detail["deletion-type"], detail["reason"]) for detail in details] == [
        (None, "Permanently Deleted", "DeleteObject"),
        (marker, "Delete Marker Created", "DeleteObject"),
        (version, "Permanently Deleted", "DeleteObject"),
        (marker, "Permanently Deleted", "DeleteObject"),
    ]
    sequencers = [event["detail"]["object"]["sequencer"] for event in bucket.events]
    assert sequencers == sorted(set(sequencers))


def test_sequencers_grow_over_a_restart(bucket: Any) -> None:
    """The sequencers of a key grow also when the clock went back and the S3 was opened again."""
    bucket.announce()
    bucket.put("k")
    bucket.service.ahead -= bucket.service.now() - bucket.service.now().replace(year=2020)
    bucket.put("k")
    bucket.service.open().close()
    bucket.put("k")
    sequencers = [event["detail"]["object"]["sequencer"] for event in bucket.events]
    assert sequencers == sorted(set(sequencers))


def test_two_writers_of_one_key(bucket: Any) -> None:
    """Writers of one key at once each get a version and an event of their own, which describes it."""
    bucket.announce()
    bucket.keep_versions()
    made: dict[str, int] = {}

    def write(size: int) -> None:
        for _ in range(10):
            made[bucket.put("k", b"x" * size)["VersionId"]] = size

    writers = [threading.Thread(target=write, args=(size,)) for size in range(1, 5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    objects = [event["detail"]["object"] for event in bucket.events]
    assert {entry["version-id"]: entry["size"] for entry in objects} == made
    assert len(objects) == len(made) == 40
    assert len({entry["sequencer"] for entry in objects}) == 40
    latest = bucket.call("head_object", Key="k")["VersionId"]
    assert max(objects, key=lambda entry: entry["sequencer"])["version-id"] == latest


def test_one_winner(bucket: Any) -> None:
    """Of writers at once that all ask for a new key, one wins."""
    answers: list[int] = []

    def write(number: int) -> None:
        body, headers = str(number).encode(), {"If-None-Match": "*"}
        answers.append(bucket.send("PUT", f"/{bucket.name}/k", body, headers)[0])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert sorted(answers) == [200] + [412] * 7


def test_a_conflict(bucket: Any, wait_for: Any) -> None:
    """A conditional write fails when the key changed while its body was under way (API Reference, "PutObject")."""
    bucket.announce()
    before = bucket.service.files()

    def body() -> Iterator[bytes]:
        yield b"1"
        wait_for(lambda: bucket.service.files() - before)  # the request has begun
        bucket.put("k", b"2")
        bucket.call("delete_object", Key="k")
        bucket.keep_versions()
        bucket.call("delete_object", Key="k")
        yield b"2"

    headers = {"If-None-Match": "*", "Content-Length": "2"}
    status, answer = bucket.send("PUT", f"/{bucket.name}/k", body(), headers)
    assert (status, b"ConditionalRequestConflict" in answer) == (409, True)
    assert bucket.service.files() == before
