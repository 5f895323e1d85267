"""SQS's operations: each finds its queue and hands over.

Permissions and message move tasks are refused (501). A queue's URL holds the port of the cloud that answered, which
may be another one after a restart: of a URL in a request only the queue's name counts.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.json_api import JsonApi, Operation
from localcloud.settings import ACCOUNT_ID
from localcloud.sqs import batches, pages, receiving, sending
from localcloud.sqs.messages import Messages
from localcloud.sqs.queues import Queue, Queues
from localcloud.sqs.refusals import no_queue
from localcloud.sqs.waiting import Waiting
from localcloud.targets import NO_ATTRIBUTES, Attributes

Data = Mapping[str, Any]
OfQueue = Callable[[Queue, Data], Data | None]


class Sqs(JsonApi):
    """One SQS for all regions; ``endpoint_url`` tells where the cloud answers."""

    def __init__(
        self, database: Database, clock: Clock, endpoint_url: Callable[[], str], new_id: Callable[[], str]
    ) -> None:
        self._database = database
        self._endpoint_url = endpoint_url
        self._waiting = Waiting(clock)
        self._queues = Queues(database, clock.now)
        self._messages = Messages(database, self._queues, clock.now, new_id, self._waiting.wake)
        super().__init__("sqs", self._about_queues() | self._about_messages())

    def answer(self, operation: str, body: bytes, region: str) -> bytes:
        """Do one operation; raises AwsError. ReceiveMessage takes a message's attributes by both of its lists."""
        return super().answer(operation, _one_list(body) if operation == "ReceiveMessage" else body, region)

    def take(self, arn: str, message: bytes, attributes: Attributes = NO_ATTRIBUTES) -> None:
        """Send a message to the queue of an ARN, in the transaction around; raises AwsError if there is none."""
        request = {"MessageBody": message.decode("utf-8", "replace"), "MessageAttributes": attributes}
        with self._database.transaction():
            queue = self._queues.by_arn(arn)
            if queue is None:
                raise no_queue()
            sending.send(self._messages, queue, request)

    def stop(self) -> None:
        """Let nobody wait for a message any more."""
        self._waiting.stop()

    def _about_queues(self) -> dict[str, Operation]:
        return {
            "CreateQueue": self._create,
            "GetQueueUrl": lambda request, region: self._url_of(self._queues.get(region, request["QueueName"])),
            "ListQueues": self._list,
            "ListDeadLetterSourceQueues": self._of_queue(self._list_sources),
            "DeleteQueue": self._change(self._delete),
            "PurgeQueue": self._change(lambda queue, _: self._messages.purge(queue)),
            "GetQueueAttributes": self._of_queue(self._attributes),
            "SetQueueAttributes": self._change(lambda queue, request: self._queues.set(queue, request["Attributes"])),
            "ListQueueTags": self._of_queue(lambda queue, _: {"Tags": queue.tags or None}),
            "TagQueue": self._change(lambda queue, request: self._queues.tag(queue, {**queue.tags, **request["Tags"]})),
            "UntagQueue": self._change(self._untag),
        }

    def _about_messages(self) -> dict[str, Operation]:
        messages = self._messages

        def send(queue: Queue, request: Data) -> dict[str, Any]:
            return sending.send(messages, queue, request)

        def delete(queue: Queue, request: Data) -> dict[str, Any]:
            return receiving.delete(messages, queue, request)

        def change_visibility(queue: Queue, request: Data) -> dict[str, Any]:
            return receiving.change_visibility(messages, queue, request)

        return {
            "SendMessage": self._change(send),
            "SendMessageBatch": self._batch(send, batches.check_size),
            "ReceiveMessage": self._of_queue(
                lambda queue, request: receiving.receive(messages, self._waiting, queue, request)
            ),
            "DeleteMessage": self._change(delete),
            "DeleteMessageBatch": self._batch(delete),
            "ChangeMessageVisibility": self._change(change_visibility),
            "ChangeMessageVisibilityBatch": self._batch(change_visibility),
        }

    def _of_queue(self, do: OfQueue) -> Operation:
        return lambda request, region: do(self._queues.get(region, request["QueueUrl"]), request)

    def _change(self, do: OfQueue) -> Operation:
        def changed(request: Data, region: str) -> Data | None:
            with self._database.transaction():
                return do(self._queues.get(region, request["QueueUrl"]), request)

        return changed

    def _batch(
        self, do: Callable[[Queue, Data], dict[str, Any]], check: Callable[[list[Data]], None] | None = None
    ) -> Operation:
        def all_of_them(queue: Queue, request: Data) -> Data:
            if check is not None:
                check(request["Entries"])
            return batches.run(self._database, request["Entries"], lambda entry: do(queue, entry))

        return self._change(all_of_them)

    def _url(self, queue: Queue) -> str:
        return f"{self._endpoint_url()}/{ACCOUNT_ID}/{queue.name}"

    def _url_of(self, queue: Queue) -> Data:
        return {"QueueUrl": self._url(queue)}

    def _create(self, request: Data, region: str) -> Data:
        name, given = request["QueueName"], request.get("Attributes", {})
        return self._url_of(self._queues.create(region, name, given, request.get("tags", {})))

    def _delete(self, queue: Queue, _: Data) -> None:
        self._messages.forget(queue)
        self._queues.delete(queue)

    def _untag(self, queue: Queue, request: Data) -> None:
        kept = {key: value for key, value in queue.tags.items() if key not in request["TagKeys"]}
        self._queues.tag(queue, kept)

    def _list(self, request: Data, region: str) -> Data:
        prefix = request.get("QueueNamePrefix", "")
        names = [queue for queue in self._queues.all(region) if queue.name.startswith(prefix)]
        found, token = pages.cut(names, request)
        return {"QueueUrls": [self._url(queue) for queue in found] or None, "NextToken": token}

    def _list_sources(self, queue: Queue, request: Data) -> Data:
        sources = [each for each in self._queues.all(queue.region) if (each.redrive or ("", 0))[0] == queue.arn]
        found, token = pages.cut(sources, request)
        return {"queueUrls": [self._url(each) for each in found], "NextToken": token}

    def _attributes(self, queue: Queue, request: Data) -> Data:
        names = request.get("AttributeNames", ())
        visible, taken, delayed = self._messages.counts(queue)
        every = {
            **queue.attributes,
            "QueueArn": queue.arn,
            "CreatedTimestamp": str(int(queue.created)),
            "LastModifiedTimestamp": str(int(queue.modified)),
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(taken),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
        }
        shown = {name: value for name, value in every.items() if name in names or "All" in names}
        return {"Attributes": shown or None}


def _one_list(body: bytes) -> bytes:
    """Put the older list of names, for which the model knows a queue's attributes only, into the newer one."""
    try:
        request = json.loads(body)
    except ValueError:
        return body  # refused by its reader
    if not isinstance(request, dict) or not isinstance(request.get("AttributeNames"), list):
        return body
    names = [*request.pop("AttributeNames"), *(request.get("MessageSystemAttributeNames") or [])]
    return json.dumps({**request, "MessageSystemAttributeNames": names}).encode()
