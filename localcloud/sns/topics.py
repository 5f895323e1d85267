"""Topics: made once under their name, with a display name, a policy that is kept but not enforced, and tags.

Source: SNS API Reference, CreateTopic, DeleteTopic, GetTopicAttributes, SetTopicAttributes, ListTopics, TagResource.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.settings import ACCOUNT_ID
from localcloud.sns.refusals import invalid, missing, not_emulated, only
from localcloud.sns.store import Store, Topic

Data = Mapping[str, Any]
PAGE = 100
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ATTRIBUTES = "DisplayName Policy"
_MOST_TAGS = 50
_MOST_DISPLAY_NAME = 100


class Topics:
    """The requests about topics."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    def create(self, request: Data, region: str) -> Data:
        """CreateTopic."""
        only(request, "Name Attributes Tags")
        name, attributes = request["Name"], dict(request.get("Attributes", {}))
        if name.endswith(".fifo") or "FifoTopic" in attributes:
            raise not_emulated("a FIFO topic")
        if not _NAME.fullmatch(name):
            raise invalid("Topic Name")
        _check(attributes)
        tags = _tags(request.get("Tags", ()))
        arn = f"arn:aws:sns:{region}:{ACCOUNT_ID}:{name}"
        with self._database.transaction():
            found = self._store.topic(arn)
            if found is None:
                self._store.put_topic(Topic(arn, attributes, tags))
            elif any(found.attributes.get(each) != value for each, value in attributes.items()):
                raise invalid("Attributes Reason: Topic already exists with different attributes")
            elif tags and tags != found.tags:
                raise invalid("Tags Reason: Topic already exists with different tags")
        return {"TopicArn": arn}

    def delete(self, request: Data, region: str) -> None:
        """DeleteTopic: with its subscriptions; one that is not there is deleted too. What is on its way arrives."""
        check_arn(request["TopicArn"], region)
        self._store.delete_topic(request["TopicArn"])

    def list(self, request: Data, region: str) -> Data:
        """ListTopics."""
        found = self._store.topics(region, request.get("NextToken", ""), PAGE + 1)
        more = {"NextToken": found[PAGE - 1].arn} if len(found) > PAGE else {}
        return {"Topics": [{"TopicArn": topic.arn} for topic in found[:PAGE]], **more}

    def attributes(self, request: Data, region: str) -> Data:
        """GetTopicAttributes."""
        topic = self.get(request["TopicArn"], region)
        subscriptions = self._store.of_topic(topic.arn)
        confirmed = sum(each.confirmed for each in subscriptions)
        return {
            "Attributes": {
                "TopicArn": topic.arn,
                "Owner": ACCOUNT_ID,
                "DisplayName": "",
                **topic.attributes,
                "SubscriptionsConfirmed": str(confirmed),
                "SubscriptionsPending": str(len(subscriptions) - confirmed),
                "SubscriptionsDeleted": str(topic.deleted),
            }
        }

    def set_attributes(self, request: Data, region: str) -> None:
        """SetTopicAttributes."""
        changed = {request["AttributeName"]: request.get("AttributeValue", "")}
        _check(changed)
        with self._database.transaction():
            topic = self.get(request["TopicArn"], region)
            self._store.put_topic(replace(topic, attributes={**topic.attributes, **changed}))

    def tag(self, request: Data, region: str) -> None:
        """TagResource."""
        with self._database.transaction():
            topic = self._tagged(request, region)
            tags = {**topic.tags, **_tags(request["Tags"])}
            if len(tags) > _MOST_TAGS:
                raise _too_many_tags()
            self._store.put_topic(replace(topic, tags=tags))

    def untag(self, request: Data, region: str) -> None:
        """UntagResource."""
        with self._database.transaction():
            topic = self._tagged(request, region)
            left = {key: value for key, value in topic.tags.items() if key not in request["TagKeys"]}
            self._store.put_topic(replace(topic, tags=left))

    def tags(self, request: Data, region: str) -> Data:
        """ListTagsForResource."""
        topic = self._tagged(request, region)
        return {"Tags": [{"Key": key, "Value": value} for key, value in topic.tags.items()]}

    def get(self, arn: str, region: str) -> Topic:
        """Return a topic of a region; raises AwsError."""
        check_arn(arn, region)
        topic = self._store.topic(arn)
        if topic is None:
            raise missing("Topic")
        return topic

    def _tagged(self, request: Data, region: str) -> Topic:
        check_arn(request["ResourceArn"], region)
        topic = self._store.topic(request["ResourceArn"])
        if topic is None:
            raise AwsError("ResourceNotFound", "Resource does not exist", 404)
        return topic


def check_arn(arn: str, region: str) -> None:
    """Refuse what is no ARN of a topic of a region."""
    if not re.fullmatch(rf"arn:aws:sns:{re.escape(region)}:\d{{12}}:[A-Za-z0-9_-]+(\.fifo)?", arn):
        raise invalid("TopicArn")


def _check(attributes: Mapping[str, str]) -> None:
    only(attributes, _ATTRIBUTES, "Attributes Reason: ")
    if len(attributes.get("DisplayName", "")) > _MOST_DISPLAY_NAME:
        raise invalid(f"DisplayName Reason: Display name must not be longer than {_MOST_DISPLAY_NAME} characters")
    if policy := attributes.get("Policy"):
        try:
            json.loads(policy)
        except ValueError as error:
            raise invalid("Policy Error: null") from error


def _tags(given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    tags = {tag["Key"]: tag["Value"] for tag in given}
    if len(tags) < len(given):
        raise invalid("Tags Reason: Duplicated keys are not allowed.")
    if len(tags) > _MOST_TAGS:
        raise _too_many_tags()
    return tags


def _too_many_tags() -> AwsError:
    return AwsError("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
