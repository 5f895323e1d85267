"""Queues that keep what services send, which is how a test sees events on any account."""

import json
import time
from dataclasses import dataclass
from typing import Any

from tests.contract.account import Account

NEW_RULE = 60.0  # seconds: on AWS a new rule does not match at once (EventBridge User Guide, PutRule)


@dataclass
class Queue:
    """A queue that any service of the account may send to."""

    aws: Account
    url: str
    arn: str

    def receive(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait for so many messages and take them, whole."""
        sqs, taken = self.aws.client("sqs"), []

        def look() -> bool:
            asked = {"QueueUrl": self.url, "WaitTimeSeconds": 1, "MaxNumberOfMessages": 10}
            for message in sqs.receive_message(**asked, MessageAttributeNames=["All"]).get("Messages", ()):
                sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                taken.append(message)
            return len(taken) >= count

        self.aws.wait_for(look)
        return taken

    def documents(self, count: int = 1) -> list[Any]:
        """Wait for so many messages and take them; their bodies, read as JSON."""
        return [json.loads(message["Body"]) for message in self.receive(count)]

    def until(self, true: Any) -> list[Any]:
        """Take messages until one is true; the bodies of all, read as JSON."""
        found = self.documents()
        while not any(true(document) for document in found):
            found += self.documents()
        return found


def make_queue(aws: Account, **attributes: str) -> Queue:
    name = aws.name("queue")
    arn = aws.arn("sqs", name)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"StringEquals": {"aws:SourceAccount": aws.account_id}},
            }
        ],
    }
    attributes = {"Policy": json.dumps(policy), **attributes}
    return Queue(aws, aws.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], arn)


def listen(aws: Account, pattern: Any, **target: Any) -> Queue:
    """Give a queue that gets the events that match."""
    queue, rule = make_queue(aws), aws.name("rule")
    events = aws.client("events")
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": queue.arn, **target}])
    settle(aws)
    return queue


def settle(aws: Account) -> None:
    """Give a real account the time that it takes until a rule is as it was put."""
    if aws.is_real:
        time.sleep(NEW_RULE)
