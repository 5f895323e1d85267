"""Tags of any resource, by its ARN."""

from collections.abc import Callable

from localcloud.sagemaker import emulated, kinds
from localcloud.sagemaker.platform import Platform
from localcloud.sagemaker.store import Data


def list_tags(platform: Platform, request: Data, region: str) -> Data:
    """ListTags: all in one page, since a resource has 50 at most."""
    _, row = platform.store.by_arn(kinds.ALL, region, request["ResourceArn"])
    return {"Tags": row.get("Tags", [])}


def add_tags(platform: Platform, request: Data, region: str) -> Data:
    """AddTags: a key that is there already gets the new value."""
    emulated.unique((tag["Key"] for tag in request["Tags"]), "Tag keys")
    new = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    return {"Tags": _change(platform, request, region, lambda tags: {**tags, **new})}


def delete_tags(platform: Platform, request: Data, region: str) -> Data:
    """DeleteTags."""
    gone = set(request["TagKeys"])
    _change(platform, request, region, lambda tags: {key: value for key, value in tags.items() if key not in gone})
    return {}


def _change(
    platform: Platform, request: Data, region: str, change: Callable[[dict[str, str]], dict[str, str]]
) -> list[dict[str, str]]:
    kind, row = platform.store.by_arn(kinds.ALL, region, request["ResourceArn"])

    def changed(data: Data) -> Data:
        tags = change({tag["Key"]: tag["Value"] for tag in data.get("Tags", ())})
        return {**data, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    tags: list[dict[str, str]] = platform.store.update(kind, region, row[kind.name], changed)["Tags"]
    return tags
