"""What ``infra/template.json`` says, for those who have no CloudFormation: the local cloud, and taking down.

It names the bucket and the ledger table, says what the functions are told, and creates both by plain API calls, with
the topic and the alarms. Local cloud and AWS so have one definition. moto's CloudFormation would be less code, but
ignores a bucket's versioning and notifications, and knows nothing of a SAM template. The price: we read the few
intrinsic functions and properties that the template uses, and refuse others. Not created: roles and queues, which
nothing local asks for, the topic's key, since the local cloud encrypts nothing, and the policies that demand TLS, since
it speaks plain HTTP on loopback.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.pipelines import PIPELINES
from infra import alarms
from infra.errors import TemplateError

LOCAL_ACCOUNT = "123456789012"
_VARIABLE = re.compile(r"\$\{([^}!]+)\}")
_DEFAULT_REGION = "us-east-1"  # the one region in which a bucket is made without naming it


def read_template() -> dict[str, Any]:
    """Return ``infra/template.json``, with the alarms of every pipeline.

    Raises
    ------
    TemplateError
        If CloudWatch knows no such alarm.
    """
    template: dict[str, Any] = json.loads(Path(__file__).with_name("template.json").read_text("utf-8"))
    template["Resources"] |= alarms.alarms(PIPELINES)
    return template


def stages(template: Mapping[str, Any]) -> list[str]:
    """Return the names that a stage may have."""
    return list(template["Parameters"]["Stage"]["AllowedValues"])


def environment(
    template: Mapping[str, Any], *, stage: str, region: str, image_uri: str, account: str = LOCAL_ACCOUNT
) -> dict[str, str]:
    """Return the environment variables that the template gives the functions of a stage; nothing need exist for it.

    Raises
    ------
    TemplateError
        If the template lacks a resource, or uses what is not read here.
    """
    known = {
        **_defaults(template),
        **physical_names(template, stage=stage, account=account, region=region),
        "ImageUri": image_uri,
        "Notices": f"arn:aws:sns:{region}:{account}:{_topic_name(template, _place(stage, account, region))}",
        "ExecutionRole.Arn": f"arn:aws:iam::{account}:role/freshet-{stage}-execution",
    }
    variables = resolve(template["Globals"]["Function"]["Environment"]["Variables"], known)
    return {**{name: str(value) for name, value in variables.items()}, "FRESHET_STAGE": stage}


def create(
    template: Mapping[str, Any],
    *,
    stage: str,
    client: Callable[[str], Any],
    account: str = LOCAL_ACCOUNT,
) -> None:
    """Create what is missing of the stage's bucket, table, topic and alarms, in the region of the clients.

    ``client`` gives the boto3 client of a service. What exists is brought up to the template's settings, except a
    table's keys, which nobody can change; an alarm keeps its state.

    Raises
    ------
    TemplateError
        If the template lacks a resource, or uses what is not read here.
    """
    s3, cloudwatch = client("s3"), client("cloudwatch")
    region = s3.meta.region_name
    known = {**_defaults(template), **_place(stage, account, region)}
    _create_bucket(s3, resolve(_resource(template, "Bucket"), known), region)
    _create_table(client("dynamodb"), resolve(_resource(template, "Ledger"), known))
    client("sns").create_topic(Name=_topic_name(template, known))
    for resource in template["Resources"].values():
        if resource.get("Type") == alarms.KIND:
            cloudwatch.put_metric_alarm(**resolve(resource["Properties"], known))


def physical_names(template: Mapping[str, Any], *, stage: str, account: str, region: str) -> dict[str, str]:
    """Return what the bucket and the ledger are called, by logical name.

    Raises
    ------
    TemplateError
        If the template lacks one of them.
    """
    known = _place(stage, account, region)
    return {
        "Bucket": resolve(_resource(template, "Bucket")["BucketName"], known),
        "Ledger": resolve(_resource(template, "Ledger")["TableName"], known),
    }


def resolve(value: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Return the value with ``Ref``, ``Fn::GetAtt`` and ``Fn::Sub`` replaced by what is known.

    Raises
    ------
    TemplateError
        If another intrinsic function or an unknown name is met.
    """
    match value:
        case {"Ref": str(name)} if len(value) == 1:
            return _known(name, known)
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return _known(f"{name}.{attribute}", known)
        case {"Fn::Sub": str(text)}:
            return _VARIABLE.sub(lambda found: str(_known(found[1], known)), text)
        case dict():
            if other := [key for key in value if key.startswith("Fn::")]:
                raise TemplateError(f"{other[0]} is not read here: write it as Ref, Fn::GetAtt or Fn::Sub")
            return {key: resolve(item, known) for key, item in value.items()}
        case list():
            return [resolve(item, known) for item in value]
        case _:
            return value


def _known(name: str, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - strings and numbers
    if name not in known:
        raise TemplateError(f"nothing local is known as {name!r}")
    return known[name]


def _resource(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    try:
        properties: Mapping[str, Any] = template["Resources"][name]["Properties"]
    except KeyError as error:
        raise TemplateError(f"infra/template.json lacks the resource {name}") from error
    return properties


def _topic_name(template: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    return str(resolve(_resource(template, "Notices")["TopicName"], known))


def _defaults(template: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item["Default"] for name, item in template["Parameters"].items() if "Default" in item}


def _place(stage: str, account: str, region: str) -> dict[str, str]:
    return {"Stage": stage, "AWS::AccountId": account, "AWS::Region": region}


def _create_bucket(s3: Any, properties: Mapping[str, Any], region: str) -> None:  # noqa: ANN401 - a client
    name = properties["BucketName"]
    request: dict[str, Any] = {"Bucket": name}
    if region != _DEFAULT_REGION:
        request["CreateBucketConfiguration"] = {"LocationConstraint": region}
    _unless_there("BucketAlreadyOwnedByYou", lambda: s3.create_bucket(**request))
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"])
    if properties["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"]:
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=properties["OwnershipControls"])
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"])
    encryption = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]} for rule in encryption
            ]
        },
    )
    rules = [_lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})


def _lifecycle_rule(rule: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a request's member
    """Translate CloudFormation's spelling of a lifecycle rule to the API's."""
    translated = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule["Prefix"]}}
    if "ExpirationInDays" in rule:
        translated["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "ExpiredObjectDeleteMarker" in rule:
        translated["Expiration"] = {"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]}
    same = ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    return translated | {key: rule[key] for key in same if key in rule}


def _create_table(dynamodb: Any, properties: Mapping[str, Any]) -> None:  # noqa: ANN401 - a client
    name = properties["TableName"]
    _unless_there(
        "ResourceInUseException",
        lambda: dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=properties["AttributeDefinitions"],
            KeySchema=properties["KeySchema"],
            BillingMode=properties["BillingMode"],
        ),
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"]
    )


def _unless_there(code: str, make: Any) -> None:  # noqa: ANN401 - a call whose answer is not used
    try:
        make()
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
