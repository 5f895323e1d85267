"""Tags of any resource, by its ARN."""

from collections.abc import Callable

from localcloud import emulated
from localcloud.sagemaker import resource_kinds
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.store import Data


def list_tags(foundation: Foundation, request: Data, region: str) -> Data:
    """ListTags: all in one page, since a resource has 50 at most."""
    _, row = foundation.store.by_arn(resource_kinds.ALL, region, request["ResourceArn"])
    return {"Tags": row.get("Tags", [])}


def add_tags(foundation: Foundation, request: Data, region: str) -> Data:
    """AddTags: a key that is there already gets the new value."""
    emulated.unique((tag["Key"] for tag in request["Tags"]), "Tag keys")
    new = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    return {"Tags": _change(foundation, request, region, lambda tags: {**tags, **new})}


def delete_tags(foundation: Foundation, request: Data, region: str) -> Data:
    """DeleteTags."""
    gone = set(request["TagKeys"])
    _change(foundation, request, region, lambda tags: {key: value for key, value in tags.items() if key not in gone})
    return {}


def _change(
    foundation: Foundation, request: Data, region: str, change: Callable[[dict[str, str]], dict[str, str]]
) -> list[dict[str, str]]:
    kind, row = foundation.store.by_arn(resource_kinds.ALL, region, request["ResourceArn"])

    def changed(data: Data) -> Data:
        tags = change({tag["Key"]: tag["Value"] for tag in data.get("Tags", ())})
        return {**data, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    tags: list[dict[str, str]] = foundation.store.update(kind, region, row[kind.name], changed)["Tags"]
    return tags
