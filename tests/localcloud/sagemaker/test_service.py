from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud import cloud as local
from localcloud.settings import Settings
from tests.localcloud.sagemaker.clouds import REGION, ROLE


@pytest.fixture
def clients(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Start a whole local cloud without an application; give what makes boto3 clients of it."""
    made: list[Any] = []
    with local.Cloud(replace(settings, port=0)) as cloud:
        monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint_url)

        def client(service: Any) -> Any:
            made.append(boto3.client(service, region_name=REGION))
            return made[-1]

        yield client
        for each in made:
            each.close()


def wait(client: Any, waiter: str, **request: str) -> None:
    client.get_waiter(waiter).wait(**request, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})


def test_boto3_walks_the_whole_chain_over_the_wire(clients: Any) -> None:
    """Train, register, approve, deploy, invoke and fail, through nothing but boto3 and an address."""
    s3, sagemaker, runtime = clients("s3"), clients("sagemaker"), clients("sagemaker-runtime")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="bucket", Key="data/rows", Body=b"1")
    sagemaker.create_training_job(
        TrainingJobName="j",
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": "job", "TrainingInputMode": "File"},
        HyperParameters={"answer": "42"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/"}},
            }
        ],
        OutputDataConfig={"S3OutputPath": "s3://bucket/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    wait(sagemaker, "training_job_completed_or_stopped", TrainingJobName="j")
    told = sagemaker.describe_training_job(TrainingJobName="j")
    assert told["TrainingStartTime"] < told["TrainingEndTime"]
    sagemaker.create_model_package_group(ModelPackageGroupName="g")
    container = {"Image": "server", "ModelDataUrl": told["ModelArtifacts"]["S3ModelArtifacts"]}
    package = sagemaker.create_model_package(
        ModelPackageGroupName="g",
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["a/b"],
            "SupportedResponseMIMETypes": ["a/b"],
        },
    )["ModelPackageArn"]
    while sagemaker.describe_model_package(ModelPackageName=package)["ModelPackageStatus"] != "Completed":
        pass  # pytest's time limit is the deadline
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": package})
    variant = {"VariantName": "all", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    wait(sagemaker, "endpoint_in_service", EndpointName="e")
    answer = runtime.invoke_endpoint(EndpointName="e", Body=b"x" * 100_000, ContentType="text/plain")
    assert answer["Body"].read() == b"none|" + b"x" * 100_000
    assert answer["InvokedProductionVariant"] == "all"
    assert answer["CustomAttributes"] == "from-the-model"
    with pytest.raises(runtime.exceptions.ModelError) as failed:
        runtime.invoke_endpoint(EndpointName="e", Body=b"status 418")
    assert failed.value.response["OriginalStatusCode"] == 418
    assert failed.value.response["OriginalMessage"] == "because"
    with pytest.raises(runtime.exceptions.ValidationError, match="Endpoint nobody of account 123456789012 not found"):
        runtime.invoke_endpoint(EndpointName="nobody", Body=b"x")
    sagemaker.delete_endpoint(EndpointName="e")
    wait(sagemaker, "endpoint_deleted", EndpointName="e")


def test_boto3_tunes_over_the_wire(clients: Any) -> None:
    """A tuning job is created, ends and tells its best training job to boto3; an unknown one is ResourceNotFound."""
    s3, sagemaker = clients("s3"), clients("sagemaker")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="t",
        HyperParameterTuningJobConfig={
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": {"MaxParallelTrainingJobs": 2},
            "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "print", "Values": ["score 1", "score 2"]}]},
        },
        TrainingJobDefinition={
            "AlgorithmSpecification": {
                "TrainingImage": "job",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "score", "Regex": "score (.*)"}],
            },
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
    )
    while (told := sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="t"))[
        "HyperParameterTuningJobStatus"
    ] == "InProgress":
        pass  # pytest's time limit is the deadline
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert told["BestTrainingJob"]["TunedHyperParameters"] == {"print": "score 2"}
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="can't find a tuning job called nobody"):
        sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="nobody")


def test_errors_come_as_boto3_knows_them(clients: Any) -> None:
    """A taken name is ResourceInUse, an unknown one and a bad request ValidationException, the rest says its name."""
    sagemaker = clients("sagemaker")
    with pytest.raises(ClientError) as unknown:
        sagemaker.describe_processing_job(ProcessingJobName="nobody")
    assert unknown.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Could not find requested job with name: nobody",
    }
    with pytest.raises(ClientError, match="failed to satisfy constraint"):
        sagemaker.delete_endpoint(EndpointName="under_score")
    with pytest.raises(ClientError, match=r"sagemaker\.ListDomains is not emulated by the local cloud") as refused:
        sagemaker.list_domains()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
