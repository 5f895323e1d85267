"""One topic of SNS, whose notices are kept in order."""

from dataclasses import dataclass, field
from typing import Any

from tests.chalicelib.aws.refusals import refused


@dataclass
class Topic:
    """A topic without subscribers."""

    arn: str
    notices: list[tuple[str, str]] = field(default_factory=list)  # subject and message

    def publish(self, TopicArn: str, Subject: str, Message: str) -> dict[str, Any]:
        if TopicArn != self.arn:
            raise refused("NotFound", 404, "Topic does not exist")
        if not (0 < len(Subject) < 100 and Subject.isascii() and Subject.isprintable() and Subject[0] != " "):
            raise refused("InvalidParameter", message="Invalid parameter: Subject")
        if not 0 < len(Message.encode()) <= 262_144:
            raise refused("InvalidParameter", message="Invalid parameter: Message")
        self.notices.append((Subject, Message))
        return {"MessageId": str(len(self.notices))}
