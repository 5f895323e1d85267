"""Steps of tests of hyperparameter tuning."""

from typing import Any

from tests.localcloud.sagemaker.clouds import ROLE, Cloud

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:hyper-parameter-tuning-job"
LEARNER = """
    import json, os, pathlib, sys, time
    base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
    wishes = json.loads((base / "input/config/hyperparameters.json").read_text())
    if "fail" in wishes:
        sys.exit(1)
    x = float(wishes["x"])
    if "mute" not in wishes:
        print(f"loss={x * x};", flush=True)
    if x > float(wishes.get("patience", "inf")):
        time.sleep(60)
"""


def category(*values: str) -> dict[str, Any]:
    return {"CategoricalParameterRanges": [{"Name": "x", "Values": list(values)}]}


def tune(
    cloud: Cloud, name: str = "t", static: Any = None, definition: Any = None, tags: Any = None, **config: Any
) -> Any:
    limits = {"MaxParallelTrainingJobs": 1, **config.pop("ResourceLimits", {})}
    return cloud.call(
        "CreateHyperParameterTuningJob",
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ParameterRanges": category("3", "1", "2"),
            "ResourceLimits": limits,
            **config,
        },
        TrainingJobDefinition={
            "StaticHyperParameters": static or {},
            "AlgorithmSpecification": {
                "TrainingImage": "learner",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*?);"}],
            },
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": cloud.uri("tuned")},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **(definition or {}),
        },
        **({} if tags is None else {"Tags": tags}),
    )


def describe(cloud: Cloud, name: str = "t") -> Any:
    return cloud.call("DescribeHyperParameterTuningJob", HyperParameterTuningJobName=name)


def children(cloud: Cloud, **request: Any) -> Any:
    answer = cloud.call("ListTrainingJobsForHyperParameterTuningJob", **{"HyperParameterTuningJobName": "t", **request})
    return answer["TrainingJobSummaries"]
