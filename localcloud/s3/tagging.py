"""Tags of an object's version."""

from localcloud.s3 import facts, xml_documents
from localcloud.s3.answers import Answer
from localcloud.s3.buckets import Bucket
from localcloud.s3.requests import Call
from localcloud.s3.state import State, shown
from localcloud.s3.versions import Version


def get_object_tagging(state: State, call: Call) -> Answer:
    """Answer with the tags."""
    bucket, version = _find(state, call)
    return Answer({"TagSet": version.stored.facts.get("tags", []), "VersionId": shown(bucket, version)})


def put_object_tagging(state: State, call: Call) -> Answer:
    """Replace the tags."""
    asked = call.document()
    if asked is None:
        raise xml_documents.malformed()
    tags = facts.checked_tags(asked["TagSet"])
    with state.database.transaction():
        bucket, version = _find(state, call)
        state.versions.set_facts(version, {**version.stored.facts, "tags": tags})
    return Answer({"VersionId": shown(bucket, version)})


def delete_object_tagging(state: State, call: Call) -> Answer:
    """Remove the tags."""
    with state.database.transaction():
        bucket, version = _find(state, call)
        kept = {name: fact for name, fact in version.stored.facts.items() if name != "tags"}
        state.versions.set_facts(version, kept)
    return Answer({"VersionId": shown(bucket, version)})


def _find(state: State, call: Call) -> tuple[Bucket, Version]:
    bucket = state.buckets.get(call.bucket)
    return bucket, state.find(bucket, call.key, call.members.get("VersionId"))
