import pytest

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.sqs import Sqs
from localcloud.targets import Targets

REGION = "eu-central-1"
ARN = f"arn:aws:sqs:{REGION}:123456789012:letters"
ASK = b'{"QueueUrl": "letters"}'


@pytest.fixture
def sqs(database: Database) -> Sqs:
    identities = iter(f"id-{number}" for number in range(100))
    sqs = Sqs(database, Clock(), lambda: "http://127.0.0.1:1", lambda: next(identities))
    sqs.answer("CreateQueue", b'{"QueueName": "letters"}', REGION)
    return sqs


def test_a_message_for_an_arn(sqs: Sqs) -> None:
    """What another service sends to a queue's ARN is a message of the queue."""
    targets = Targets()
    targets.add("sqs", sqs.take)
    targets.send(ARN, b'{"from": "another service"}')
    assert b"another service" in sqs.answer("ReceiveMessage", ASK, REGION)


def test_a_message_of_a_transaction_that_failed(sqs: Sqs, database: Database) -> None:
    """A message is sent with the transaction around, or not at all."""

    def send_and_fail() -> None:
        with database.transaction():
            sqs.take(ARN, b"lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        send_and_fail()
    assert sqs.answer("ReceiveMessage", ASK, REGION) == b"{}"


@pytest.mark.parametrize("arn", [ARN + "s", ARN.replace(REGION, "us-east-1"), ARN.replace("123456789012", "1")])
def test_an_arn_that_no_queue_has(sqs: Sqs, arn: str) -> None:
    """A message for a queue that is not there, in that region or account, is refused."""
    with pytest.raises(AwsError) as refused:
        sqs.take(arn, b"message")
    assert refused.value.code == "QueueDoesNotExist"
