"""Requests about log groups and streams. Source: CloudWatch Logs API Reference, the page of each operation."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.logs.refusals import invalid, missing, not_emulated, only, taken
from localcloud.logs.store import Group, Store, Stream

Data = Mapping[str, Any]
T = TypeVar("T")
_PAGE = 50
_MOST_TAGS = 50
_RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


class Groups:
    """The requests about groups and streams."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    def create_group(self, request: Data, region: str) -> None:
        """CreateLogGroup."""
        only(request, "logGroupName tags logGroupClass")
        if request.get("logGroupClass", "STANDARD") != "STANDARD":
            raise not_emulated(f"logGroupClass={request['logGroupClass']}")
        with self._database.transaction():
            if self._store.find_group(region, request["logGroupName"]) is not None:
                raise taken("log group")
            self._store.add_group(region, request["logGroupName"], request.get("tags", {}))

    def delete_group(self, request: Data, region: str) -> None:
        """DeleteLogGroup."""
        with self._database.transaction():
            self._store.delete_group(self._store.group(region, request["logGroupName"]))

    def describe_groups(self, request: Data, region: str) -> Data:
        """DescribeLogGroups."""
        only(request, "logGroupNamePrefix logGroupNamePattern nextToken limit logGroupClass")
        prefix, part = request.get("logGroupNamePrefix", ""), request.get("logGroupNamePattern", "")
        if prefix and part:
            raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        wanted = request.get("logGroupClass", "STANDARD") == "STANDARD"
        found = [
            group
            for group in self._store.groups(region)
            if wanted and group.name.startswith(prefix) and part.lower() in group.name.lower()
        ]
        page, more = _page(found, [group.name for group in found], request)
        return {"logGroups": [self._told(group) for group in page], **more}

    def set_retention(self, request: Data, region: str) -> None:
        """PutRetentionPolicy."""
        days = request["retentionInDays"]
        if days not in _RETENTIONS:
            raise invalid(f"retentionInDays {days} is none of {', '.join(map(str, _RETENTIONS))}")
        self._change(region, request["logGroupName"], days)

    def delete_retention(self, request: Data, region: str) -> None:
        """DeleteRetentionPolicy."""
        self._change(region, request["logGroupName"], None)

    def create_stream(self, request: Data, region: str) -> None:
        """CreateLogStream."""
        with self._database.transaction():
            group = self._store.group(region, request["logGroupName"])
            if self._store.find_stream(group, request["logStreamName"]) is not None:
                raise taken("log stream")
            self._store.add_stream(group, request["logStreamName"])

    def delete_stream(self, request: Data, region: str) -> None:
        """DeleteLogStream."""
        with self._database.transaction():
            group = self._store.group(region, request["logGroupName"])
            self._store.delete_stream(self._store.stream(group, request["logStreamName"]))

    def describe_streams(self, request: Data, region: str) -> Data:
        """DescribeLogStreams."""
        group = named_group(self._store, request, region)
        prefix, by_time = request.get("logStreamNamePrefix"), request.get("orderBy") == "LastEventTime"
        if prefix and by_time:
            raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        found = [stream for stream in self._store.streams(group) if stream.name.startswith(prefix or "")]
        if by_time:
            found.sort(key=lambda stream: (stream.last or 0, stream.name))
        if request.get("descending", False):
            found.reverse()
        page, more = _page(found, [stream.name for stream in found], request)
        return {"logStreams": [_told_stream(group, stream) for stream in page], **more}

    def tag(self, request: Data, region: str) -> None:
        """TagResource."""
        with self._database.transaction():
            group = self._by_arn(request["resourceArn"], region)
            tags = {**group.tags, **request["tags"]}
            if len(tags) > _MOST_TAGS:
                raise AwsError("TooManyTagsException", f"A resource can have no more than {_MOST_TAGS} tags.")
            self._store.change_group(group, group.retention, tags)

    def untag(self, request: Data, region: str) -> None:
        """UntagResource."""
        with self._database.transaction():
            group = self._by_arn(request["resourceArn"], region)
            left = {key: value for key, value in group.tags.items() if key not in request["tagKeys"]}
            self._store.change_group(group, group.retention, left)

    def tags(self, request: Data, region: str) -> Data:
        """ListTagsForResource."""
        return {"tags": self._by_arn(request["resourceArn"], region).tags}

    def _change(self, region: str, name: str, retention: int | None) -> None:
        with self._database.transaction():
            group = self._store.group(region, name)
            self._store.change_group(group, retention, group.tags)

    def _by_arn(self, arn: str, region: str) -> Group:
        return self._store.group(region, _name_in(arn))

    def _told(self, group: Group) -> Data:
        return {
            "logGroupName": group.name,
            "creationTime": group.created,
            "retentionInDays": group.retention,
            "metricFilterCount": 0,  # there are none: PutMetricFilter is refused
            "arn": f"{group.arn}:*",
            "logGroupArn": group.arn,
            "storedBytes": self._store.stored_bytes(group),
            "logGroupClass": "STANDARD",
        }


def named_group(store: Store, request: Data, region: str) -> Group:
    """Return the group that a request names by its name or by an identifier, which may be its ARN; raises AwsError."""
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")
    return store.group(region, _name_in(identifier) if name is None else name)


def _name_in(identifier: object) -> str:
    text = str(identifier)
    if not text.startswith("arn:"):
        return text
    parts = text.split(":", 6)
    if len(parts) < 7:  # noqa: PLR2004  an ARN's parts
        raise missing("log group")
    return parts[6].removesuffix(":*")


def _told_stream(group: Group, stream: Stream) -> Data:
    return {
        "logStreamName": stream.name,
        "creationTime": stream.created,
        "firstEventTimestamp": stream.first,
        "lastEventTimestamp": stream.last,
        "lastIngestionTime": stream.ingested,
        "arn": f"{group.arn}:log-stream:{stream.name}",
        "storedBytes": 0,  # AWS's answer for every stream since 2019
    }


def _page(found: Sequence[T], names: Sequence[str], request: Data) -> tuple[Sequence[T], Data]:
    """Cut one page; the token is the last name of the one before."""
    token, size = request.get("nextToken"), request.get("limit", _PAGE)
    if token is not None and token not in names:
        raise invalid("The specified nextToken is invalid.")
    start = 0 if token is None else names.index(token) + 1
    page = found[start : start + size]
    return page, {"nextToken": names[start + size - 1]} if start + size < len(found) else {}
