"""Subscriptions: asked for, confirmed, changed and ended.

One that is not confirmed within two days is forgotten, as is its token. Source: SNS API Reference, Subscribe,
ConfirmSubscription, Unsubscribe, ListSubscriptions, SetSubscriptionAttributes; ours: a subscription that is ended by
its link is told no UnsubscribeConfirmation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from localcloud.errors import AwsError
from localcloud.settings import ACCOUNT_ID
from localcloud.sns.endpoints import CONFIRMED_AT_ONCE, check_attributes, check_endpoint
from localcloud.sns.foundation import Foundation
from localcloud.sns.messages import confirmation
from localcloud.sns.refusals import flag, invalid, missing
from localcloud.sns.store import Subscription
from localcloud.sns.topics import PAGE, Topics

Data = Mapping[str, Any]
_PENDING_FOR = timedelta(days=2)
_SIGNED = "ConfirmationWasAuthenticated"  # beside the attributes that can be set: an unsigned Unsubscribe is refused


class Subscriptions:
    """The requests about subscriptions."""

    def __init__(self, foundation: Foundation, topics: Topics) -> None:
        self._foundation = foundation
        self._topics = topics

    def subscribe(self, request: Data, region: str) -> Data:
        """Subscribe: the same protocol and endpoint once per topic; one that waits is asked to confirm again."""
        protocol, endpoint = request["Protocol"], request.get("Endpoint", "")
        attributes = dict(request.get("Attributes", {}))
        check_endpoint(protocol, endpoint)
        check_attributes(protocol, attributes)
        with self._foundation.database.transaction():
            self._forget_pending()
            topic = self._topics.get(request["TopicArn"], region)
            same = [
                it
                for it in self._foundation.store.of_topic(topic.arn)
                if (it.protocol, it.endpoint) == (protocol, endpoint)
            ]
            if same and any(same[0].attributes.get(name) != value for name, value in attributes.items()):
                raise invalid("Attributes Reason: Subscription already exists with different attributes")
            it = same[0] if same else self._new(topic.arn, protocol, endpoint, attributes)
            self._foundation.store.put_subscription(it)
            if not it.confirmed and protocol == "http":
                self._ask(it)
        arn = it.arn if it.confirmed or request.get("ReturnSubscriptionArn") else "pending confirmation"
        return {"SubscriptionArn": arn}

    def confirm(self, request: Data, region: str) -> Data:
        """ConfirmSubscription; ``region`` is empty for a link, which needs no signature."""
        with self._foundation.database.transaction():
            self._forget_pending()
            topic = self._topics.get(request["TopicArn"], region or _region(request["TopicArn"]))
            token = request["Token"]
            found = [it for it in self._foundation.store.of_topic(topic.arn) if it.token == token]
            if not found:
                raise invalid("Token")
            kept = flag(request, "AuthenticateOnUnsubscribe") and bool(region)
            attributes = {**found[0].attributes, **({_SIGNED: "true"} if kept else {})}
            self._foundation.store.put_subscription(replace(found[0], confirmed=True, attributes=attributes))
        return {"SubscriptionArn": found[0].arn}

    def unsubscribe(self, request: Data, region: str) -> None:
        """Unsubscribe: one that is not there is ended too; ``region`` is empty for a link, as for `confirm`."""
        arn = request["SubscriptionArn"]
        if arn.count(":") != 6:  # noqa: PLR2004  an ARN's colons
            raise invalid(
                "SubscriptionArn Reason: An ARN must have at least 6 elements, not " + str(arn.count(":") + 1)
            )
        with self._foundation.database.transaction():
            it = self._foundation.store.subscription(arn)
            if it is None:
                return
            if not it.confirmed:
                raise invalid("SubscriptionArn Reason: This subscription is pending confirmation")
            if not region and it.attributes.get(_SIGNED) == "true":
                raise AwsError("AuthorizationError", "Unsubscribe needs a signed request", 403)
            self._foundation.store.delete_subscription(it)

    def list(self, request: Data, region: str) -> Data:
        """ListSubscriptions."""
        self._forget_pending()
        return _page(
            self._foundation.store.subscriptions(f"arn:aws:sns:{region}:", request.get("NextToken", ""), PAGE + 1)
        )

    def list_by_topic(self, request: Data, region: str) -> Data:
        """ListSubscriptionsByTopic."""
        self._forget_pending()
        topic = self._topics.get(request["TopicArn"], region)
        return _page(self._foundation.store.subscriptions(f"{topic.arn}:", request.get("NextToken", ""), PAGE + 1))

    def attributes(self, request: Data, region: str) -> Data:
        """GetSubscriptionAttributes."""
        it = self._get(request["SubscriptionArn"], region)
        told = {
            "SubscriptionArn": it.arn,
            "TopicArn": it.topic,
            "Protocol": it.protocol,
            "Endpoint": it.endpoint,
            "Owner": ACCOUNT_ID,
            "PendingConfirmation": str(not it.confirmed).lower(),
            _SIGNED: str(it.protocol in CONFIRMED_AT_ONCE).lower(),
            "RawMessageDelivery": "false",
        }
        return {"Attributes": {**told, **it.attributes}}

    def set_attributes(self, request: Data, region: str) -> None:
        """SetSubscriptionAttributes; an empty value takes the attribute away."""
        with self._foundation.database.transaction():
            it = self._get(request["SubscriptionArn"], region)
            name, value = request["AttributeName"], request.get("AttributeValue", "")
            changed = {**it.attributes, name: value}
            check_attributes(it.protocol, {key: text for key, text in changed.items() if key != _SIGNED})
            if not value:
                del changed[name]
            self._foundation.store.put_subscription(replace(it, attributes=changed))

    def _new(self, topic: str, protocol: str, endpoint: str, attributes: Mapping[str, str]) -> Subscription:
        return Subscription(
            arn=f"{topic}:{self._foundation.new_id()}",
            topic=topic,
            protocol=protocol,
            endpoint=endpoint,
            confirmed=protocol in CONFIRMED_AT_ONCE,
            token=self._foundation.new_token(),
            created=self._foundation.clock.now(),
            attributes=attributes,
        )

    def _ask(self, it: Subscription) -> None:
        letter = confirmation(
            it,
            message_id=self._foundation.new_id(),
            time=self._foundation.clock.now(),
            address=self._foundation.address(),
        )
        self._foundation.deliveries.add(it, letter)

    def _get(self, arn: str, region: str) -> Subscription:
        self._forget_pending()
        it = self._foundation.store.subscription(arn) if _region(arn) == region else None
        if it is None:
            raise missing("Subscription")
        return it

    def _forget_pending(self) -> None:
        self._foundation.store.forget_pending(self._foundation.clock.now() - _PENDING_FOR)


def _page(found: Sequence[Subscription]) -> Data:
    more = {"NextToken": found[PAGE - 1].arn} if len(found) > PAGE else {}
    told = [
        {
            "SubscriptionArn": it.arn if it.confirmed else "PendingConfirmation",
            "Owner": ACCOUNT_ID,
            "Protocol": it.protocol,
            "Endpoint": it.endpoint,
            "TopicArn": it.topic,
        }
        for it in found[:PAGE]
    ]
    return {"Subscriptions": told, **more}


def _region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else ""  # noqa: PLR2004  an ARN's parts
