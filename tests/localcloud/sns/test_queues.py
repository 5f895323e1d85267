import json
from typing import Any


def test_a_topic_delivers_to_a_subscribed_queue(cloud: Any, wait_for: Any) -> None:
    """What is published arrives in the queue in SNS's envelope (Developer Guide, "Fanout to Amazon SQS queues")."""
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    url = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello")
    messages = wait_for(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    body = json.loads(messages[0]["Body"])
    assert (body["Message"], body["TopicArn"]) == ("hello", topic)
