"""Ids from content: the same input has the same id wherever and however often it is computed.

An id is 16 hexadecimal characters of SHA-256 (64 bits: among a million ids, a clash has odds of 1 in 37 million) over
canonical JSON, short enough to stand in a job's name.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict

from chalicelib.core.policies import DataPolicy
from chalicelib.core.spec import PipelineSpec


def short_digest(*parts: object) -> str:
    """Return the id of any JSON-ready parts, order included."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def upload_id(bucket: str, key: str, version_id: str) -> str:
    """Return the id of one version of one uploaded object."""
    return short_digest("upload", bucket, key, version_id)


def prepare_recipe(spec: PipelineSpec, image_uri: str) -> str:
    """Return the id of how rows are read and split: what of the spec `prepare` looks at, and the code that does it."""
    data = spec.to_dict()
    return short_digest("prepare", {field: data[field] for field in _PREPARE_FIELDS}, image_uri)


_PREPARE_FIELDS = ("columns", "target", "labels", "group", "split", "task", "missing", "intake")


def recipe(spec: PipelineSpec, image_uri: str) -> str:
    """Return the id of how a model is made from rows: the spec but for what makes no model, and the code."""
    data = spec.to_dict()
    return short_digest("recipe", {field: data[field] for field in data.keys() - _NOT_IN_RECIPE}, image_uri)


_NOT_IN_RECIPE = frozenset({"title", "machines", "policy", "gate", "drift", "retrain", "batch_schedule"})


def dataset_id(
    upload_ids: Iterable[str], policy: DataPolicy, prepare_recipe_id: str, labels: str = "", again: str | None = None
) -> str:
    """Return the id of a dataset version; the order of its uploads does not matter.

    ``labels`` is the digest of the labels that came later, ``again`` the id of a person's wish to do it all once more.
    """
    more = [part for part in (labels, again) if part]
    return short_digest("dataset", sorted(upload_ids), asdict(policy), prepare_recipe_id, *more)


def run_id(content_digest: str, recipe_id: str, again: str | None = None) -> str:
    """Return the id of a run: one content and one recipe are one run, whatever files the content came in.

    ``again`` is the id of a person's wish to do it all once more.
    """
    return short_digest("run", content_digest, recipe_id, *([again] if again else []))
