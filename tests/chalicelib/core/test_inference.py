"""Inference ids: ours are known again, and no other."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.inference import Inference, issue, recognise
from chalicelib.core.predictions import MAX_INSTANCES

PIPELINES = ("reviews", "housing")
KEYS = st.binary(min_size=32, max_size=32)
REQUESTS = st.uuids().map(str)
COUNTS = st.integers(1, MAX_INSTANCES)


@given(KEYS, st.sampled_from(PIPELINES), REQUESTS, COUNTS)
def test_ours_are_known(key: bytes, pipeline: str, request: str, count: int) -> None:
    """An id says which pipeline was asked about how many instances, within what SageMaker allows."""
    inference_id = issue(key, pipeline, request, count)
    assert recognise(key, PIPELINES, inference_id) == Inference(inference_id, pipeline, count)
    assert len(inference_id) <= 64
    assert inference_id.isprintable()
    assert inference_id.startswith(uuid.UUID(request).hex)


@given(KEYS, REQUESTS, COUNTS, st.integers(0, 61), st.sampled_from("0123456789abcdefg-\n"))
def test_changed_ids(key: bytes, request: str, count: int, place: int, other: str) -> None:
    """An id with any one character changed is unknown: count, request and signature hold each other."""
    inference_id = issue(key, "reviews", request, count)
    place %= len(inference_id)
    changed = inference_id[:place] + other + inference_id[place + 1 :]
    assert (recognise(key, PIPELINES, changed) is None) == (changed != inference_id)


@given(KEYS, KEYS, REQUESTS)
def test_others_key(ours: bytes, theirs: bytes, request: str) -> None:
    """Another stage's ids are unknown, and so are those of a pipeline that is none."""
    inference_id = issue(theirs, "reviews", request, 1)
    assert (recognise(ours, PIPELINES, inference_id) is None) == (ours != theirs)
    assert recognise(theirs, ["housing"], inference_id) is None


@given(st.text())
def test_any_text(text: str) -> None:
    """No text is taken for an id, and none breaks the reader."""
    assert recognise(b"k" * 32, PIPELINES, text) is None
