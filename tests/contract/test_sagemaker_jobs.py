"""Training jobs, and what holds for jobs of every kind."""

import json
from typing import Any

import pytest

from tests.contract.account import Account, refused
from tests.contract.clouds import LocalCloud
from tests.contract.jobs import Jobs, channel

pytestmark = pytest.mark.costs_money

TRAINED = """
import json, os, sys
seen = {str(p.relative_to(base / "input")): p.read_text() for p in (base / "input").rglob("*") if p.is_file()}
(base / "model/model.json").write_text("42")
(base / "output/data/seen.json").write_text(json.dumps([seen, dict(os.environ), sys.argv[1:]]))
print("score: 0.5;", flush=True)
print("score: 0.75;", flush=True)
"""
SCORE = [{"Name": "score", "Regex": "score: (.*?);"}]


@pytest.fixture(scope="module")
def trained(jobs: Jobs) -> dict[str, Any]:
    """Train once with much that a job can have; what Describe tells at its end."""
    uri = jobs.put("rows/a.csv", b"1,2\n")
    jobs.put("rows/deep/b.csv", b"3\n")
    name = jobs.train(
        TRAINED,
        algorithm={"MetricDefinitions": SCORE},
        InputDataConfig=[{**channel("train", uri.removesuffix("a.csv")), "ContentType": "text/csv"}],
        Environment={"COLOUR": "blue"},
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    return jobs.completed(name)


@pytest.fixture(scope="module")
def seen(jobs: Jobs, trained: dict[str, Any]) -> Any:
    """Tell what the program found: the files of its inputs, its environment and its arguments."""
    folder = trained["ModelArtifacts"]["S3ModelArtifacts"].removesuffix("model.tar.gz")
    return json.loads(jobs.archived(folder + "output.tar.gz")["seen.json"])


def test_the_argument_is_train(seen: Any) -> None:
    """A training container is started with the argument `train`.

    Source: Developer Guide, "How Amazon SageMaker AI Runs Your Training Image".
    """
    assert seen[2] == ["train"]


def test_channels_are_folders(seen: Any) -> None:
    """The objects below a channel's prefix are files of the same names below input/data/<channel>.

    Source: Developer Guide, "How Amazon SageMaker AI Provides Training Information".
    """
    assert (seen[0]["data/train/a.csv"], seen[0]["data/train/deep/b.csv"]) == ("1,2\n", "3\n")


def test_hyperparameters_are_texts(seen: Any) -> None:
    """hyperparameters.json holds the request's hyperparameters, each a text.

    Source: Developer Guide, "How Amazon SageMaker AI Provides Training Information".
    """
    assert list(json.loads(seen[0]["config/hyperparameters.json"])) == ["program"]


def test_the_input_configuration_is_a_file(seen: Any) -> None:
    """inputdataconfig.json tells of each channel how its data came.

    Source: Developer Guide, "How Amazon SageMaker AI Provides Training Information".
    """
    told = json.loads(seen[0]["config/inputdataconfig.json"])["train"]
    assert (told["ContentType"], told["TrainingInputMode"], told["S3DistributionType"]) == (
        "text/csv",
        "File",
        "FullyReplicated",
    )


def test_the_environment_names_the_job(seen: Any, trained: dict[str, Any]) -> None:
    """TRAINING_JOB_NAME, TRAINING_JOB_ARN and the request's Environment reach the program.

    Source: Developer Guide, "How Amazon SageMaker AI Provides Training Information".
    """
    assert seen[1]["TRAINING_JOB_NAME"] == trained["TrainingJobName"]
    assert seen[1]["TRAINING_JOB_ARN"] == trained["TrainingJobArn"]
    assert seen[1]["COLOUR"] == "blue"


def test_the_model_is_one_archive(jobs: Jobs, trained: dict[str, Any]) -> None:
    """What lies in /opt/ml/model is `<S3OutputPath>/<job>/output/model.tar.gz` at the end.

    Source: Developer Guide, "How Amazon SageMaker AI Processes Training Output".
    """
    uri = trained["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri == jobs.aws.uri(f"models/{trained['TrainingJobName']}/output/model.tar.gz")
    assert jobs.archived(uri) == {"model.json": b"42"}


def test_secondary_statuses_come_in_order(trained: dict[str, Any]) -> None:
    """A job is Starting, Downloading, Training, Uploading and Completed, each state with its times.

    Source: API Reference, DescribeTrainingJob, SecondaryStatus.
    """
    transitions = trained["SecondaryStatusTransitions"]
    assert [entry["Status"] for entry in transitions] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert all(entry["StartTime"] <= entry["EndTime"] for entry in transitions)


def test_the_times_of_a_job(trained: dict[str, Any]) -> None:
    """A job is created, starts, ends and was modified, in that order; what is billed is what it trained.

    Source: API Reference, DescribeTrainingJob.
    """
    times = [trained[f"{name}Time"] for name in ("Creation", "TrainingStart", "TrainingEnd", "LastModified")]
    assert times == sorted(times)
    assert trained["BillableTimeInSeconds"] == trained["TrainingTimeInSeconds"]


def test_metrics_are_read_from_the_log(trained: dict[str, Any]) -> None:
    """The last value that a MetricDefinition finds in the log is in FinalMetricDataList.

    Source: API Reference, MetricDefinition and FinalMetricDataList.
    """
    assert [(each["MetricName"], each["Value"]) for each in trained["FinalMetricDataList"]] == [("score", 0.75)]


def test_a_metric_definition_must_compile(jobs: Jobs) -> None:
    """A MetricDefinition whose regex does not compile is a ValidationException.

    Ours: AWS does not say which regular expressions it takes.
    """
    with pytest.raises(jobs.api.exceptions.ClientError) as error:
        jobs.train(algorithm={"MetricDefinitions": [{"Name": "score", "Regex": "("}]})
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_logs_go_to_cloudwatch(aws: Account, trained: dict[str, Any]) -> None:
    """What a training container prints is in /aws/sagemaker/TrainingJobs, stream `<job>/<host>-<epoch>`.

    Source: Developer Guide, "Log Groups and Streams that Amazon SageMaker AI Sends to Amazon CloudWatch Logs".
    """
    logs, group = aws.client("logs"), "/aws/sagemaker/TrainingJobs"
    prefix = f"{trained['TrainingJobName']}/algo-1-"

    def printed() -> list[str]:
        found = logs.filter_log_events(logGroupName=group, logStreamNamePrefix=prefix)["events"]
        return [event["message"] for event in found]

    assert aws.wait_for(printed) == ["score: 0.5;", "score: 0.75;"]


def test_tags_are_listed(aws: Account, trained: dict[str, Any]) -> None:
    """Tags come with the request, are added, replaced and deleted.

    Source: API Reference, AddTags, ListTags, DeleteTags.
    """
    api, arn = aws.client("sagemaker"), trained["TrainingJobArn"]
    assert api.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]
    api.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "red"}, {"Key": "more", "Value": "1"}])
    api.delete_tags(ResourceArn=arn, TagKeys=["more"])
    assert api.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "red"}]


def test_a_name_is_used_once_for_ever(jobs: Jobs, trained: dict[str, Any]) -> None:
    """A second training job of a name is ResourceInUse, also after the first has ended.

    Source: API Reference, CreateTrainingJob, Errors: ResourceInUse; users: the text about the account and region.
    """
    request = {**jobs.training(), "TrainingJobName": trained["TrainingJobName"]}
    code, message = refused(jobs.api.create_training_job, **request)
    assert code == "ResourceInUse"
    assert "must be unique within an AWS account and region" in message
    assert trained["TrainingJobArn"] in message


def test_names_differ_in_more_than_case(jobs: Jobs, trained: dict[str, Any]) -> None:
    """A name that differs from a taken one in case alone is taken: ARNs are in lower case.

    Source: users (ARNs as SageMaker writes them); that the names collide is ours.
    """
    request = {**jobs.training(), "TrainingJobName": trained["TrainingJobName"].upper()}
    assert refused(jobs.api.create_training_job, **request)[0] == "ResourceInUse"


@pytest.mark.parametrize("kind", ["processing", "transform"])
def test_names_of_other_jobs_too(jobs: Jobs, kind: str) -> None:
    """A second processing or transform job of a name is ResourceInUse.

    Source: API Reference, CreateProcessingJob and CreateTransformJob, Errors.
    """

    def create(**more: Any) -> str:
        if kind == "processing":
            return jobs.process(**more)
        return jobs.transform(jobs.model(), {"a": b"x"}, **more)

    name = create()
    jobs.ended(name)
    taken = {"ProcessingJobName" if kind == "processing" else "TransformJobName": name}
    with pytest.raises(jobs.api.exceptions.ResourceInUse):
        create(**taken)


@pytest.mark.parametrize("name", ["under_score", "-leading", "trailing-", "dot.ted", "x" * 64])
def test_names_have_a_pattern(jobs: Jobs, name: str) -> None:
    """A name holds 1 to 63 letters, digits and hyphens within: everything else is a ValidationException.

    Source: botocore's model, TrainingJobName; users (aws/sagemaker-python-sdk#384, zenml-io/zenml#1502): the words.
    """
    code, message = refused(jobs.api.create_training_job, **{**jobs.training(), "TrainingJobName": name})
    assert code == "ValidationException"
    assert f"Value '{name}' at 'trainingJobName' failed to satisfy constraint: Member must" in message


def test_a_failure_file_is_the_reason(jobs: Jobs) -> None:
    """What a failing program wrote to /opt/ml/output/failure begins the FailureReason, with its exit code behind.

    Source: Developer Guide, "How Amazon SageMaker AI Signals Algorithm Success and Failure"; users: AlgorithmError.
    """
    name = jobs.train('(base / "output/failure").write_text("bad row")\nraise SystemExit(7)')
    assert jobs.failed(name) == "AlgorithmError: bad row, exit code: 7"


def test_a_reason_has_1024_characters(jobs: Jobs) -> None:
    """A FailureReason is cut at 1,024 characters.

    Source: Developer Guide, as above; botocore's model, FailureReason.
    """
    assert len(jobs.failed(jobs.train('(base / "output/failure").write_text("x" * 2000)\nraise SystemExit(1)'))) == 1024


def test_an_empty_prefix_is_refused(jobs: Jobs) -> None:
    """A training channel whose prefix has no object is a ValidationException at once, and there is no job.

    Source: users (aws/amazon-sagemaker-examples#2489): code and words.
    """
    empty = channel("train", jobs.aws.uri("nothing/here/"))
    request = {**jobs.training(), "TrainingJobName": jobs.aws.name("train"), "InputDataConfig": [empty]}
    code, message = refused(jobs.api.create_training_job, **request)
    assert (code, message.startswith("No S3 objects found under S3 URL")) == ("ValidationException", True)


def test_an_unknown_image_fails_the_job(jobs: Jobs) -> None:
    """An image that cannot be pulled fails the job before its container runs.

    Source: users (CannotPullContainerError).
    """
    name = jobs.train(algorithm={"TrainingImage": jobs.aws.image + "-nobody"})
    assert "CannotPullContainer" in jobs.failed(name)
    assert "TrainingStartTime" not in jobs.described(name)


def test_inputs_know_no_versions(jobs: Jobs) -> None:
    """A job reads the newest version of each object, and a request cannot name another.

    Source: botocore's model, S3DataSource: it has no member for a version.
    """
    s3, bucket = jobs.aws.client("s3"), jobs.aws.name("versions")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        s3.put_object(Bucket=bucket, Key="data/a", Body=body)
    copy = '(base / "model/a").write_bytes((base / "input/data/train/a").read_bytes())'
    told = jobs.completed(jobs.train(copy, InputDataConfig=[channel("train", f"s3://{bucket}/data/")]))
    assert jobs.archived(told["ModelArtifacts"]["S3ModelArtifacts"]) == {"a": b"new"}


def test_a_manifest_names_the_objects(jobs: Jobs) -> None:
    """A ManifestFile channel has the objects that it lists below its prefix, and no other.

    Source: API Reference, S3DataSource, S3Uri.
    """
    for key in ("one", "two", "three"):
        jobs.put(f"listed/{key}", b"")
    uri = jobs.put("manifest", json.dumps([{"prefix": jobs.aws.uri("listed/")}, "one", "three"]).encode())
    program = '(base / "model/names").write_text(" ".join(sorted(p.name for p in (base / "input/data/c").iterdir())))'
    told = jobs.completed(jobs.train(program, InputDataConfig=[channel("c", uri, S3DataType="ManifestFile")]))
    assert jobs.archived(told["ModelArtifacts"]["S3ModelArtifacts"]) == {"names": b"one three"}


def test_an_uncompressed_model(jobs: Jobs) -> None:
    """With CompressionType NONE the files lie as they are below output/model/.

    Source: API Reference, OutputDataConfig; the name of the folder is ours.
    """
    output = {"S3OutputPath": jobs.aws.uri("plain"), "CompressionType": "NONE"}
    told = jobs.completed(jobs.train('(base / "model/a").write_text("1")', OutputDataConfig=output))
    assert jobs.keys(told["ModelArtifacts"]["S3ModelArtifacts"]) == ["a"]


LISTENS = """
import signal, sys, time
def stop(*_):
    (base / "model/saved").write_text("so far")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
time.sleep(60)
"""
DEAF = LISTENS.replace("SIGTERM, stop", "SIGTERM, signal.SIG_IGN")


def ready(jobs: Jobs, name: str, times: int = 1) -> None:
    """Wait until a program's log says so often that it is."""

    def look() -> bool:
        found = jobs.aws.client("logs").filter_log_events(
            logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=name + "/", filterPattern="ready"
        )["events"]
        return len(found) >= times

    jobs.aws.wait_for(look)


def test_a_stopped_job_keeps_its_model(jobs: Jobs) -> None:
    """StopTrainingJob sends SIGTERM; what the program saved is the model, and the job is Stopped, not Failed.

    Source: API Reference, StopTrainingJob; Developer Guide, "How Amazon SageMaker AI Runs Your Training Image".
    """
    name = jobs.train(LISTENS)
    ready(jobs, name)
    jobs.api.stop_training_job(TrainingJobName=name)
    told = jobs.ended(name)
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert jobs.archived(told["ModelArtifacts"]["S3ModelArtifacts"]) == {"saved": b"so far"}
    assert "Stopping" in [entry["Status"] for entry in told["SecondaryStatusTransitions"]]


@pytest.mark.local_only
def test_a_deaf_program_is_killed(jobs: Jobs, cloud: LocalCloud) -> None:
    """A program that does not end at SIGTERM gets SIGKILL after 120 seconds, here after `job_stop`.

    Source: API Reference, StopTrainingJob: 120 seconds.
    """
    assert cloud.page("settings")["limits"]["job_stop"] == 1
    name = jobs.train(DEAF)
    ready(jobs, name)
    jobs.api.stop_training_job(TrainingJobName=name)
    assert jobs.ended(name)["TrainingJobStatus"] == "Stopped"


def test_an_ended_job_is_not_stopped(jobs: Jobs, trained: dict[str, Any]) -> None:
    """StopTrainingJob of a job that has ended is a ValidationException.

    Source: users (the request was rejected because the training job is in status Completed).
    """
    code, message = refused(jobs.api.stop_training_job, TrainingJobName=trained["TrainingJobName"])
    assert code == "ValidationException"
    assert "is in status Completed" in message


def test_the_time_limit_stops_a_job(jobs: Jobs) -> None:
    """After MaxRuntimeInSeconds a job is Stopped with MaxRuntimeExceeded, and keeps its model.

    Source: API Reference, StoppingCondition and DescribeTrainingJob.
    """
    told = jobs.ended(jobs.train(LISTENS, StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert "ModelArtifacts" in told


def test_a_list_is_filtered(jobs: Jobs, trained: dict[str, Any]) -> None:
    """ListTrainingJobs finds by a part of the name, by status and by time.

    Source: API Reference, ListTrainingJobs.
    """
    name = trained["TrainingJobName"]

    def found(**asked: Any) -> list[str]:
        pages = jobs.api.get_paginator("list_training_jobs").paginate(NameContains=name, **asked)
        return [each["TrainingJobName"] for page in pages for each in page["TrainingJobSummaries"]]

    assert name in found(StatusEquals="Completed")
    assert name not in found(StatusEquals="Failed")
    assert name not in found(CreationTimeAfter=trained["TrainingEndTime"])


def test_a_list_comes_in_pages(jobs: Jobs, trained: dict[str, Any]) -> None:
    """A page has at most MaxResults entries; NextToken leads through all of them, each once, in the order asked for.

    Source: API Reference, ListTrainingJobs.
    """
    del trained
    jobs.completed(jobs.train())
    asked: dict[str, Any] = {"NameContains": jobs.aws.run, "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2}
    names: list[str] = []
    while True:
        page = jobs.api.list_training_jobs(**asked)
        assert len(page["TrainingJobSummaries"]) <= 2
        names += [each["TrainingJobName"] for each in page["TrainingJobSummaries"]]
        if "NextToken" not in page:
            break
        asked["NextToken"] = page["NextToken"]
    assert names == sorted(set(names))
    assert len(names) > 2


def test_an_unknown_job(jobs: Jobs) -> None:
    """Describing a training job that does not exist is a ValidationException.

    Source: users: "Requested resource not found."
    """
    told = refused(jobs.api.describe_training_job, TrainingJobName=jobs.aws.name())
    assert told == ("ValidationException", "Requested resource not found.")


HOSTS = """
import json
resources = json.loads((base / "input/config/resourceconfig.json").read_text())
inputs = base / "input/data/c"
names = sorted(p.name for p in inputs.iterdir()) if inputs.exists() else []
(base / "model" / host).write_text(json.dumps([resources["hosts"], names]))
"""


@pytest.fixture(scope="module")
def on_three_hosts(jobs: Jobs) -> dict[str, Any]:
    """Train on three instances with a sharded channel; what each host saw, by its name."""
    for number in range(5):
        uri = jobs.put(f"shards/{number}", b"x")
    sharded = channel("c", uri.removesuffix("4"), S3DataDistributionType="ShardedByS3Key")
    told = jobs.completed(jobs.train(HOSTS, hosts=3, InputDataConfig=[sharded]))
    model = jobs.archived(told["ModelArtifacts"]["S3ModelArtifacts"])
    return {host: json.loads(body) for host, body in model.items()}


def test_every_host_knows_all(on_three_hosts: dict[str, Any]) -> None:
    """Each instance runs the program as algo-1, algo-2, ..., and resourceconfig.json names all of them, sorted.

    Source: Developer Guide, "How Amazon SageMaker AI Provides Training Information", Distributed Training.
    """
    hosts = ["algo-1", "algo-2", "algo-3"]
    assert sorted(on_three_hosts) == hosts
    assert all(seen[0] == hosts for seen in on_three_hosts.values())


def test_objects_are_sharded(on_three_hosts: dict[str, Any]) -> None:
    """With ShardedByS3Key every object goes to one host, about as many to each.

    Source: API Reference, S3DataSource, S3DataDistributionType; that they are dealt in turn is ours.
    """
    shards = [seen[1] for seen in on_three_hosts.values()]
    assert sorted(name for shard in shards for name in shard) == ["0", "1", "2", "3", "4"]
    assert {len(shard) for shard in shards} == {1, 2}


def test_hosts_find_each_other(jobs: Jobs) -> None:
    """The names of all hosts resolve, each to another address.

    Source: Developer Guide, "How Amazon SageMaker AI Provides Training Information", Distributed Training.
    """
    program = """
    import socket
    try:
        addresses = {socket.gethostbyname(name) for name in hosts}
    except OSError:
        addresses = set()
    (base / "model" / host).write_text(str(len(addresses)))
    """
    told = jobs.completed(jobs.train(program, hosts=2))
    found = set(jobs.archived(told["ModelArtifacts"]["S3ModelArtifacts"]).values())
    if found == {b"0"}:
        pytest.skip("this machine refuses user namespaces: hosts have no names")
    assert found == {b"2"}


def test_the_folder_is_opt_ml(jobs: Jobs) -> None:
    """A container finds its files at /opt/ml.

    Source: Developer Guide, "Use Your Own Training Algorithms with Amazon SageMaker AI".
    """
    program = """
    from pathlib import Path
    if Path("/opt/ml/input/config/hyperparameters.json").exists():
        Path("/opt/ml/model/here").touch()
    """
    told = jobs.completed(jobs.train(program))
    if "ModelArtifacts" not in told:
        pytest.skip("this machine refuses user namespaces: no /opt/ml for a container")
    assert list(jobs.archived(told["ModelArtifacts"]["S3ModelArtifacts"])) == ["here"]


def test_one_failing_host_fails_the_job(jobs: Jobs) -> None:
    """A host that fails ends the job, and the others are ended with it.

    Ours: AWS does not say what becomes of the others.
    """
    program = f'if host == "algo-2":\n    raise SystemExit(3)\n{LISTENS}'
    assert jobs.failed(jobs.train(program, hosts=2)).endswith("exit code: 3")


CHECKPOINTED = """
import signal, sys, time
saved = base / "checkpoints/count"
count = int(saved.read_text()) if saved.exists() else 0
def stop(*_):
    saved.write_text(str(count + 1))
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
if count == 0 and "wait" in hp:
    time.sleep(60)
saved.write_text(str(count + 10))
(base / "model/count").write_text(str(count))
"""


def test_checkpoints_are_restored_and_saved(jobs: Jobs) -> None:
    """What lies at the CheckpointConfig's S3Uri is in /opt/ml/checkpoints before the start, and goes back.

    Source: Developer Guide, "Checkpoints in Amazon SageMaker AI".
    """
    jobs.put("checkpoints/count", b"7")
    told = jobs.completed(jobs.train(CHECKPOINTED, CheckpointConfig={"S3Uri": jobs.aws.uri("checkpoints")}))
    assert jobs.archived(told["ModelArtifacts"]["S3ModelArtifacts"]) == {"count": b"7"}
    assert jobs.read(jobs.aws.uri("checkpoints/count")) == b"17"


@pytest.mark.local_only
def test_an_interrupted_spot_job_goes_on(jobs: Jobs, cloud: LocalCloud) -> None:
    """A spot job whose instances are taken is Interrupted, starts again from its checkpoints, and completes.

    Source: Developer Guide, "Managed Spot Training in Amazon SageMaker AI"; that it happens on demand is ours.
    """
    hyperparameters = {"program": json.dumps(CHECKPOINTED), "wait": "1"}
    name = jobs.train(
        HyperParameters=hyperparameters,
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
        CheckpointConfig={"S3Uri": jobs.aws.uri("spot")},
    )
    ready(jobs, name)
    cloud.page("interruptions", {"region": jobs.aws.region, "job": name})
    told = jobs.completed(name)
    statuses = [entry["Status"] for entry in told["SecondaryStatusTransitions"]]
    assert statuses[2:6] == ["Training", "Interrupted", "Starting", "Downloading"]
    assert jobs.archived(told["ModelArtifacts"]["S3ModelArtifacts"]) == {"count": b"1"}
    assert told["BillableTimeInSeconds"] <= told["TrainingTimeInSeconds"]


@pytest.mark.parametrize(
    ("spot", "wait", "words"),
    [
        (True, {}, "It must be present and be greater than or equal to MaxRuntimeInSeconds"),
        (True, {"MaxWaitTimeInSeconds": 59}, "It must be present and be greater than or equal to MaxRuntimeInSeconds"),
        (False, {"MaxWaitTimeInSeconds": 60}, "It is only supported when EnableManagedSpotTraining is set to true"),
    ],
)
def test_the_wait_time_belongs_to_spot_jobs(jobs: Jobs, *, spot: bool, wait: dict[str, int], words: str) -> None:
    """MaxWaitTimeInSeconds is needed, and not below MaxRuntimeInSeconds, for spot training; without it is refused.

    Source: API Reference, StoppingCondition; users: the words.
    """
    with pytest.raises(jobs.api.exceptions.ClientError, match=words):
        jobs.train(EnableManagedSpotTraining=spot, StoppingCondition={"MaxRuntimeInSeconds": 60, **wait})


@pytest.mark.local_only
def test_a_quota_is_told(jobs: Jobs) -> None:
    """More instances than the account may have are ResourceLimitExceeded, with limit, use and what was asked for.

    Source: users: the text; the number is ours.
    """
    code, message = refused(
        jobs.api.create_training_job, TrainingJobName=jobs.aws.name("train"), **jobs.training(hosts=21)
    )
    assert code == "ResourceLimitExceeded"
    assert "a request delta of 21 Instances. Please contact AWS support" in message


@pytest.mark.local_only
def test_what_is_not_emulated_is_named(jobs: Jobs) -> None:
    """A member that the local cloud does not emulate is refused by its name, never ignored.

    Ours: AWS takes it.
    """
    with pytest.raises(jobs.api.exceptions.ClientError, match="RetryStrategy is not emulated by the local cloud"):
        jobs.train(RetryStrategy={"MaximumRetryAttempts": 1})
