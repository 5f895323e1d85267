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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from localcloud import documents
from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.sns.http_posts import HttpPosts, Post
from localcloud.sns.messages import Letter
from localcloud.sns.store import Store, Subscription
from localcloud.targets import Targets, may_pass

log = logging.getLogger(__name__)
_SUCCESS = range(200, 300)
_AGAIN = 30.0  # seconds after a try of which nothing could be written


@dataclass(frozen=True)
class _Delivery:
    id: int
    subscription: str
    protocol: str
    endpoint: str
    letter: Letter
    tries: int


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
        self._started = False
        database.define(
            "CREATE TABLE IF NOT EXISTS sns_deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, subscription TEXT,"
            " protocol TEXT, endpoint TEXT, letter TEXT, tries INTEGER, due TEXT)"
        )

    def start(self) -> None:
        """Deliver what waits, and what comes."""
        with self._database.transaction():
            self._started = True
            rows = self._database.rows("SELECT id, due FROM sns_deliveries ORDER BY id")
        for row_id, due in rows:
            self._clock.at(datetime.fromisoformat(due), self._trial(row_id))

    def add(self, subscription: Subscription, letter: Letter) -> None:
        """Let a letter be delivered when the transaction around is on the disk."""
        row_id = self._database.insert(
            "INSERT INTO sns_deliveries (subscription, protocol, endpoint, letter, tries, due)"
            " VALUES (?, ?, ?, ?, 0, ?)",
            *(subscription.arn, subscription.protocol, subscription.endpoint),
            documents.dumps(vars(letter)),
            self._clock.now().isoformat(),
        )
        self._database.after_commit(lambda: self._after(0.0, row_id))

    def _after(self, seconds: float, row_id: int) -> None:
        if self._started:  # before, the start finds the row
            self._clock.after(seconds, self._trial(row_id))

    def _trial(self, row_id: int) -> Callable[[], None]:
        def trial() -> None:
            with self._kept(row_id):
                self._try(row_id)

        return trial

    @contextmanager
    def _kept(self, row_id: int) -> Iterator[None]:
        """Try a row again whose try failed for a reason of ours, as a full disk: it must not lie until a restart."""
        try:
            yield
        except BaseException:  # raised on
            self._after(_AGAIN, row_id)
            raise

    def _try(self, row_id: int) -> None:
        row = self._database.row(
            "SELECT id, subscription, protocol, endpoint, letter, tries FROM sns_deliveries WHERE id = ?", row_id
        )
        if row is None:
            return
        delivery = _delivery(row)
        if delivery.protocol == "http":
            self._post(delivery)
        else:
            self._hand_over(delivery)

    def _hand_over(self, delivery: _Delivery) -> None:
        try:
            with self._database.transaction():
                self._delete(delivery)
                self._targets.send(delivery.endpoint, delivery.letter.body.encode(), delivery.letter.attributes)
        except AwsError as error:
            self._failed(delivery, f"{error.code}: {error.message}", again=may_pass(error.status))
        else:
            _log("sns_delivered", delivery)

    def _post(self, delivery: _Delivery) -> None:
        def done(outcome: int | str) -> None:
            try:
                with self._kept(delivery.id):
                    self._answered(delivery, outcome)
            finally:
                self._clock.end()

        self._clock.begin()
        self._posts.send(Post(delivery.endpoint, delivery.letter.headers, delivery.letter.body.encode(), done))

    def _answered(self, delivery: _Delivery, outcome: int | str) -> None:
        if isinstance(outcome, int) and outcome in _SUCCESS:
            self._delete(delivery)
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
            wait = self._retries[delivery.tries]
            due = self._clock.now() + timedelta(seconds=wait)
            with self._database.transaction():
                self._database.execute(
                    "UPDATE sns_deliveries SET tries = tries + 1, due = ? WHERE id = ?", due.isoformat(), delivery.id
                )
                self._database.after_commit(lambda: self._after(wait, delivery.id))
        else:
            self._give_up(delivery)

    def _give_up(self, delivery: _Delivery) -> None:
        subscription = self._store.subscription(delivery.subscription)
        policy = subscription.attributes.get("RedrivePolicy") if subscription else None
        event = "sns_message_dropped"
        try:
            with self._database.transaction():
                self._delete(delivery)
                if policy is not None and delivery.letter.dead is not None:
                    event = "sns_dead_letter_kept"
                    self._targets.send(json.loads(policy)["deadLetterTargetArn"], delivery.letter.dead.encode())
        except AwsError as error:
            log.warning("sns_dead_letter_refused delivery=%d error=%s", delivery.id, error.code)
            self._delete(delivery)
            event = "sns_message_dropped"
        _log(event, delivery)

    def _delete(self, delivery: _Delivery) -> None:
        self._database.execute("DELETE FROM sns_deliveries WHERE id = ?", delivery.id)


def _delivery(row: tuple[Any, ...]) -> _Delivery:
    row_id, subscription, protocol, endpoint, letter, tries = row
    return _Delivery(row_id, subscription, protocol, endpoint, Letter(**documents.loads(letter)), tries)


def _log(event: str, delivery: _Delivery) -> None:
    log.info("%s delivery=%d subscription=%s", event, delivery.id, delivery.subscription)
