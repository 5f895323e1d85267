"""What is on its way to subscribers: a row for each, from the transaction of its publishing to that of its taking.

To a queue or a function the row goes in the transaction in which its taker keeps the message: exactly once, also over
a kill. To an HTTP address it goes after the answer: at least once. A failure of the server's (no answer, 5xx, 429) is
tried again after `Settings.delays.sns_retries`; one of the request's is not. What is given up goes to the
subscription's dead-letter queue, or is dropped with a line in the log.
Source: SNS Developer Guide, "Message delivery retries" (HTTP: three more, 20 s apart) and "Dead-letter queues"; that
queues and functions are tried no oftener (AWS: for 23 days) is ours.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.outbox import Outbox
from localcloud.sns.http_posts import HttpPosts, Post
from localcloud.sns.messages import Letter
from localcloud.sns.store import Store, Subscription
from localcloud.targets import Targets, may_pass

log = logging.getLogger(__name__)
_SUCCESS = range(200, 300)


@dataclass(frozen=True)
class _Delivery:
    subscription: str
    protocol: str
    endpoint: str
    letter: Letter
    tries: int = 0  # that failed
    id: int = 0  # in the outbox, once it is there


class Deliveries:
    """The letters on their way; `start` goes on with those of the cloud before."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        targets: Targets,
        store: Store,
        *,
        retries: Sequence[float],
        posts: HttpPosts,
    ) -> None:
        self._database = database
        self._clock = clock
        self._targets = targets
        self._store = store
        self._retries = retries
        self._posts = posts
        self._outbox = Outbox(database, clock, "sns_deliveries", self._try)
        self.start = self._outbox.start

    def add(self, subscription: Subscription, letter: Letter) -> None:
        """Let a letter be delivered when the transaction around is on the disk."""
        it = subscription
        self._outbox.add(_document(_Delivery(it.arn, it.protocol, it.endpoint, letter)))

    def _try(self, number: int, document: Mapping[str, Any]) -> None:
        delivery = _Delivery(**{**document, "letter": Letter(**document["letter"]), "id": number})
        if delivery.protocol == "http":
            self._post(delivery)
        else:
            self._hand_over(delivery)

    def _hand_over(self, delivery: _Delivery) -> None:
        try:
            with self._database.transaction():
                self._outbox.remove(delivery.id)
                self._targets.send(delivery.endpoint, delivery.letter.body.encode(), delivery.letter.attributes)
        except AwsError as error:
            self._failed(delivery, f"{error.code}: {error.message}", again=may_pass(error.status))
        else:
            _log("sns_delivered", delivery)

    def _post(self, delivery: _Delivery) -> None:
        def done(outcome: int | str) -> None:
            try:
                with self._outbox.kept(delivery.id):
                    self._answered(delivery, outcome)
            finally:
                self._clock.end()

        self._clock.begin()
        self._posts.send(Post(delivery.endpoint, delivery.letter.headers, delivery.letter.body.encode(), done))

    def _answered(self, delivery: _Delivery, outcome: int | str) -> None:
        if isinstance(outcome, int) and outcome in _SUCCESS:
            self._outbox.remove(delivery.id)
            _log("sns_delivered", delivery)
        else:
            again = isinstance(outcome, str) or may_pass(outcome)
            self._failed(delivery, f"status {outcome}" if isinstance(outcome, int) else outcome, again=again)

    def _failed(self, delivery: _Delivery, reason: str, *, again: bool) -> None:
        log.warning(
            "sns_delivery_failed delivery=%d subscription=%s tries=%d reason=%s",
            *(delivery.id, delivery.subscription, delivery.tries + 1, reason),
        )
        if again and delivery.tries < len(self._retries):
            tried = replace(delivery, tries=delivery.tries + 1)
            self._outbox.put_off(delivery.id, _document(tried), self._retries[delivery.tries])
        else:
            self._give_up(delivery)

    def _give_up(self, delivery: _Delivery) -> None:
        subscription = self._store.subscription(delivery.subscription)
        policy = subscription.attributes.get("RedrivePolicy") if subscription else None
        event = "sns_message_dropped"
        try:
            with self._database.transaction():
                self._outbox.remove(delivery.id)
                if policy is not None and delivery.letter.dead is not None:
                    event = "sns_dead_letter_kept"
                    self._targets.send(json.loads(policy)["deadLetterTargetArn"], delivery.letter.dead.encode())
        except AwsError as error:
            log.warning("sns_dead_letter_refused delivery=%d error=%s", delivery.id, error.code)
            self._outbox.remove(delivery.id)
            event = "sns_message_dropped"
        _log(event, delivery)


def _document(delivery: _Delivery) -> Mapping[str, Any]:
    return {**vars(delivery), "letter": vars(delivery.letter)}


def _log(event: str, delivery: _Delivery) -> None:
    log.info("%s delivery=%d subscription=%s", event, delivery.id, delivery.subscription)
