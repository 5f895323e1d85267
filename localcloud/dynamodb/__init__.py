"""DynamoDB: moto's tables, expressions and conditions, made durable."""

from localcloud.dynamodb.service import DynamoDb

__all__ = ["DynamoDb"]
