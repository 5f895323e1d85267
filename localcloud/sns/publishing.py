"""Publish: one message becomes a letter for each subscription that wants it, in one transaction.

Source: SNS API Reference, Publish and PublishBatch.
"""

import logging
from collections.abc import Mapping
from typing import Any

from localcloud.errors import AwsError
from localcloud.sns.filters import accepts
from localcloud.sns.foundation import Foundation
from localcloud.sns.messages import Message, notification, read
from localcloud.sns.refusals import invalid, missing, only
from localcloud.sns.store import Subscription
from localcloud.sns.topics import Topics

log = logging.getLogger(__name__)
Data = Mapping[str, Any]
_MEMBERS = "Message Subject MessageStructure MessageAttributes"
_MOST_ENTRIES = 10
_MOST_BATCH = 262_144
_MOST_ID = 80


class Publishing:
    """The requests that publish."""

    def __init__(self, foundation: Foundation, topics: Topics) -> None:
        self._foundation = foundation
        self._topics = topics

    def publish(self, request: Data, region: str) -> Data:
        """Publish, to a topic."""
        only(request, f"{_MEMBERS} TopicArn TargetArn", "Publish: ")
        named = [request[member] for member in ("TopicArn", "TargetArn") if member in request]
        if len(named) != 1:
            raise invalid(
                "TopicArn or TargetArn Reason: " + ("both are given" if named else "no value for required parameter")
            )
        topic = self._topics.get(named[0], region)
        return {"MessageId": self.send(topic.arn, request)}

    def publish_batch(self, request: Data, region: str) -> Data:
        """PublishBatch: each entry succeeds or fails by itself."""
        topic, entries = self._topics.get(request["TopicArn"], region), request["PublishBatchRequestEntries"]
        _check_batch(entries)
        answer: dict[str, list[Data]] = {"Successful": [], "Failed": []}
        with self._foundation.database.transaction():
            for entry in entries:
                try:
                    only(entry, f"{_MEMBERS} Id", "PublishBatch: ")
                    answer["Successful"].append({"Id": entry["Id"], "MessageId": self.send(topic.arn, entry)})
                except AwsError as error:
                    fault = {"Code": error.code, "Message": error.message, "SenderFault": True}
                    answer["Failed"].append({"Id": entry["Id"], **fault})
        return answer

    def send(self, topic: str, request: Data) -> str:
        """Publish to a topic of any region; the message's id. Raises AwsError."""
        message = read(request, message_id=self._foundation.new_id(), topic=topic, time=self._foundation.clock.now())
        with self._foundation.database.transaction():
            if self._foundation.store.topic(topic) is None:
                raise missing("Topic")
            takers = [it for it in self._foundation.store.of_topic(topic) if it.confirmed and _wants(it, message)]
            for it in takers:
                self._foundation.deliveries.add(it, notification(message, it, self._foundation.address()))
        log.info("sns_published topic=%s message=%s deliveries=%d", topic, message.id, len(takers))
        return message.id


def _wants(it: Subscription, message: Message) -> bool:
    scope = it.attributes.get("FilterPolicyScope", "MessageAttributes")
    return accepts(it.attributes.get("FilterPolicy", "{}"), scope, message.attributes, message.text(it.protocol))


def _check_batch(entries: list[Data]) -> None:
    if not entries:
        raise AwsError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(entries) > _MOST_ENTRIES:
        raise AwsError("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
    ids = [entry["Id"] for entry in entries]
    if len(set(ids)) < len(ids):
        raise AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
    if not all(0 < len(each) <= _MOST_ID and each.replace("-", "").replace("_", "").isalnum() for each in ids):
        raise AwsError("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the rules.")
    if sum(len(entry["Message"].encode()) for entry in entries) > _MOST_BATCH:
        raise AwsError("BatchRequestTooLong", "The length of all the batch messages put together is too long.")
