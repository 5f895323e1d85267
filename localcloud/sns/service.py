"""SNS put together: its operations, its links, and its way in for the other services."""

import secrets
import uuid
from collections.abc import Mapping, Sequence

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.json_api import Operation
from localcloud.query_api import QueryApi
from localcloud.sns.deliveries import Deliveries
from localcloud.sns.foundation import Foundation
from localcloud.sns.http_posts import HttpPosts
from localcloud.sns.publishing import Publishing
from localcloud.sns.refusals import invalid
from localcloud.sns.store import Store
from localcloud.sns.subscriptions import Subscriptions
from localcloud.sns.topics import Topics
from localcloud.targets import NO_ATTRIBUTES, Attributes, Targets


def _new_id() -> str:
    return str(uuid.uuid4())


class Sns:
    """One SNS; ``api`` answers signed requests, ``links`` by their action what a subscriber visits unsigned."""

    def __init__(self, database: Database, clock: Clock, targets: Targets, *, retries: Sequence[float]) -> None:
        self._address = ""
        self._posts = HttpPosts()
        store = Store(database)
        topics = Topics(database, store)
        self._deliveries = Deliveries(database, clock, targets, store, retries=retries, posts=self._posts)
        foundation = Foundation(
            database,
            clock,
            store,
            self._deliveries,
            _new_id,
            new_token=lambda: secrets.token_hex(64),
            address=lambda: self._address,
        )
        self._subscriptions = Subscriptions(foundation, topics)
        self._publishing = Publishing(foundation, topics)
        self._topics = topics
        self.operations = self._operations()
        self.api = QueryApi("sns", self.operations)
        unsigned = {"ConfirmSubscription": self._subscriptions.confirm, "Unsubscribe": self._subscriptions.unsubscribe}
        self.links = {action: QueryApi("sns", {action: do}) for action, do in unsigned.items()}

    def start(self, address: str) -> None:
        """Deliver; ``address`` is where the links of messages lead, the local cloud's own."""
        self._address = address
        self._posts.start()
        self._deliveries.start()

    def stop(self) -> None:
        """Deliver nothing more; what is under way stays to be delivered."""
        self._posts.stop()

    def take(self, arn: str, message: bytes, attributes: Attributes = NO_ATTRIBUTES) -> None:
        """Publish a message that another service sends to a topic, in the transaction around; raises AwsError."""
        try:
            self._publishing.send(arn, {"Message": message.decode(), "MessageAttributes": attributes})
        except UnicodeDecodeError as error:
            raise invalid("Message Reason: it is not UTF-8") from error

    def _operations(self) -> Mapping[str, Operation]:
        topics, subscriptions = self._topics, self._subscriptions
        return {
            "CreateTopic": topics.create,
            "DeleteTopic": topics.delete,
            "ListTopics": topics.list,
            "GetTopicAttributes": topics.attributes,
            "SetTopicAttributes": topics.set_attributes,
            "TagResource": topics.tag,
            "UntagResource": topics.untag,
            "ListTagsForResource": topics.tags,
            "Subscribe": subscriptions.subscribe,
            "ConfirmSubscription": subscriptions.confirm,
            "Unsubscribe": subscriptions.unsubscribe,
            "ListSubscriptions": subscriptions.list,
            "ListSubscriptionsByTopic": subscriptions.list_by_topic,
            "GetSubscriptionAttributes": subscriptions.attributes,
            "SetSubscriptionAttributes": subscriptions.set_attributes,
            "Publish": self._publishing.publish,
            "PublishBatch": self._publishing.publish_batch,
        }
