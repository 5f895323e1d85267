"""A program of somebody else, against a local cloud started from its own folder alone.

The script is plain boto3 in the order of the SageMaker Developer Guide ("Train a Model", "Deploy a Model"). Its
container is one file that knows only the documented contract ("Use Your Own Training Algorithms", "Use Your Own
Inference Code"): `train` and `serve`, ``/opt/ml`` as it stands there, the port of SAGEMAKER_BIND_TO_PORT or 8080.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from localcloud.sagemaker.namespaces import can_mount

ROOT = Path(__file__).parents[3]
PACKAGES = str(Path(boto3.__file__).parents[1])  # with -S: by their folder, so that no .pth file leads to this checkout
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/majority:1"

CONTAINER = """
import collections, json, os, sys
from wsgiref.simple_server import make_server

def train():
    hyperparameters = json.load(open("/opt/ml/input/config/hyperparameters.json"))
    labels = [line.split(",")[0] for line in open("/opt/ml/input/data/train/rows.csv")]
    label = collections.Counter(labels).most_common(1)[0][0]
    with open("/opt/ml/model/model.json", "w") as file:
        json.dump({"label": label, "greeting": hyperparameters["greeting"]}, file)

def serve():
    model = json.load(open("/opt/ml/model/model.json"))

    def application(environ, start_response):
        if environ["PATH_INFO"] not in ("/ping", "/invocations"):
            start_response("404 Not Found", [])
            return [b""]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        start_response("200 OK", [("Content-Type", "text/csv")])
        rows = [f"{model['greeting']} {model['label']}" for row in body.splitlines()]
        return ["\\n".join(rows).encode()]

    make_server("", int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")), application).serve_forever()

{"train": train, "serve": serve}[sys.argv[1]]()
"""

SCRIPT = """
import json, sys, time
import boto3

IMAGE = sys.argv[1]
ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
s3, sagemaker, runtime = (boto3.client(name) for name in ("s3", "sagemaker", "sagemaker-runtime"))
s3.create_bucket(Bucket="mine")
s3.put_object(Bucket="mine", Key="data/rows.csv", Body=b"yes,1\\nno,2\\nyes,3\\n")
s3.put_object(Bucket="mine", Key="batch/rows.csv", Body=b"1\\n2\\n")

def wait(describe, member, busy):
    while (told := describe())[member] in busy:
        time.sleep(0.05)
    return told

def model(name):
    sagemaker.create_training_job(
        TrainingJobName=name, RoleArn=ROLE, HyperParameters={"greeting": name},
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": "s3://mine/data/", "S3DataDistributionType": "FullyReplicated"}}}],
        OutputDataConfig={"S3OutputPath": "s3://mine/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    job = wait(lambda: sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus", ["InProgress"])
    assert job["TrainingJobStatus"] == "Completed", job
    data = job["ModelArtifacts"]["S3ModelArtifacts"]
    sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE, "ModelDataUrl": data})
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])

def settled(name):
    told = wait(lambda: sagemaker.describe_endpoint(EndpointName=name), "EndpointStatus", ["Creating", "Updating"])
    assert told["EndpointStatus"] == "InService", told

def ask(name):
    return runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"7")["Body"].read().decode()

answers = {}
for version in ("first", "second"):
    model(version)
for endpoint in ("one", "two"):
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName="first" if endpoint == "one" else "second")
for endpoint in ("one", "two"):
    settled(endpoint)
    answers[endpoint] = ask(endpoint)
sagemaker.update_endpoint(EndpointName="one", EndpointConfigName="second")
settled("one")
answers["updated"] = ask("one")
sagemaker.create_transform_job(
    TransformJobName="batch", ModelName="first",
    TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://mine/batch/"}},
                    "ContentType": "text/csv", "SplitType": "Line"},
    TransformOutput={"S3OutputPath": "s3://mine/scores", "AssembleWith": "Line"},
    TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
)
job = wait(lambda: sagemaker.describe_transform_job(TransformJobName="batch"), "TransformJobStatus", ["InProgress"])
assert job["TransformJobStatus"] == "Completed", job
answers["batch"] = s3.get_object(Bucket="mine", Key="scores/rows.csv.out")["Body"].read().decode()
print(json.dumps(answers))
"""


@pytest.fixture
def endpoint_url(tmp_path: Path) -> Iterator[str]:
    """Start the local cloud as somebody would who was given its folder and nothing else."""
    alone = tmp_path / "alone"
    shutil.copytree(ROOT / "localcloud", alone / "localcloud", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "container.py").write_text(CONTAINER)
    images = {IMAGE: {"command": [sys.executable, str(tmp_path / "container.py")]}}
    (tmp_path / "images.json").write_text(json.dumps(images))
    arguments = ["--port", "0", "--state", str(tmp_path / "state"), "--images", str(tmp_path / "images.json")]
    process = subprocess.Popen(
        [sys.executable, "-S", "-m", "localcloud", *arguments],
        cwd=alone,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PACKAGES},
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield ready["endpoint_url"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.mark.skipif(not can_mount(), reason="this machine refuses user namespaces: no /opt/ml for a container")
def test_a_foreign_program_runs_unchanged(endpoint_url: str, tmp_path: Path) -> None:
    """Train, deploy two endpoints at once, invoke, update and transform, by a program that knows only SageMaker."""
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": PACKAGES,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }
    command = [sys.executable, "-S", str(tmp_path / "script.py"), IMAGE]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "one": "first yes",
        "two": "second yes",
        "updated": "second yes",
        "batch": "first yes\n" * 2,
    }
