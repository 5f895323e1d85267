"""A queue to call, and what is said of it."""

import json
import threading
from typing import Any

REGION = "eu-central-1"
ARN = f"arn:aws:sqs:{REGION}:123456789012:"


class Queue:
    """One queue of a cloud whose time can be advanced."""

    def __init__(self, cloud: Any, name: str = "a", **attributes: Any) -> None:
        self._cloud = cloud
        self.sqs = cloud.client("sqs")
        self.url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def send(self, body: str, **more: Any) -> Any:
        return self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)

    def receive(self, most: int = 10, **more: Any) -> list[Any]:
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=most, **more)
        return list(answer.get("Messages", []))

    def bodies(self, most: int = 10, **more: Any) -> list[str]:
        return [message["Body"] for message in self.receive(most, **more)]

    def delete(self, message: Any) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def hide(self, message: Any, seconds: int) -> None:
        self.sqs.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
        )

    def counts(self) -> list[int]:
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        kinds = ("", "NotVisible", "Delayed")
        return [int(found[f"ApproximateNumberOfMessages{kind}"]) for kind in kinds]

    def advance(self, seconds: float) -> None:
        body = json.dumps({"advance": seconds}).encode()
        assert self._cloud.request("POST", "/_localcloud/clock", body)[0] == 200


def code(refused: Any) -> str:
    found: str = refused.value.response["Error"]["Code"]
    return found


def ended(queue: Queue, thread: threading.Thread, seconds: float) -> bool:
    queue.advance(seconds)
    return not thread.is_alive()
