import json
import socket

import pytest

from localcloud.sagemaker.namespaces import can_mount
from tests.localcloud.sagemaker.clouds import Cloud, channel
from tests.localcloud.sagemaker.test_training import files_of
from tests.localcloud.sagemaker.training_programs import train_program

HOSTS = 3
PROGRAM = """
    import numpy, xgboost
    from xgboost.collective import CommunicatorContext, get_rank, get_world_size
    from xgboost.tracker import RabitTracker

    def address(name):
        deadline = time.monotonic() + 30
        while True:
            try:
                return socket.gethostbyname(name)
            except socket.gaierror:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    (data,) = (base / "input/data/train").iterdir()
    rows = numpy.loadtxt(data, delimiter=",")
    hosts = resources["hosts"]
    port = int(json.loads((base / "input/config/hyperparameters.json").read_text())["port"])
    uri = address(hosts[0])
    tracker = None
    if host == hosts[0]:
        tracker = RabitTracker(host_ip=uri, n_workers=len(hosts), port=port, sortby="task")
        tracker.start()
    group = {"dmlc_communicator": "rabit", "dmlc_tracker_uri": uri, "dmlc_tracker_port": port, "dmlc_task_id": host}
    with CommunicatorContext(**group):
        parameters = {"objective": "binary:logistic", "nthread": 1, "max_depth": 3}
        booster = xgboost.train(parameters, xgboost.DMatrix(rows[:, 1:], rows[:, 0]), 5)
        told = {"rank": get_rank(), "world": get_world_size(), "file": data.name, "tracker": uri}
        if get_rank() == 0:
            booster.save_model(base / "model/model.json")
    if tracker is not None:
        tracker.wait_for()
    (base / "output/data" / f"{host}.json").write_text(json.dumps(told))
    (base / "output/data" / f"{host}.model").write_bytes(bytes(booster.save_raw("json")))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.skipif(not can_mount(), reason="this machine refuses user namespaces: no names for hosts")
def test_three_hosts_train_one_model(cloud: Cloud) -> None:
    """SageMaker Developer Guide, "Distributed training configuration": hosts that find each other form one group.

    Each of three hosts trains with XGBoost on its own third of the rows, and yet ends with the model of the others;
    rank 0's is the job's artifact.
    """
    pytest.importorskip("xgboost")
    for part in range(HOSTS):
        rows = [(int(number % 7 > part + 1), number % 7, part, number % 5) for number in range(40)]
        cloud.put(f"data/{part}.csv", "\n".join(",".join(map(str, row)) for row in rows).encode())
    data = channel("train", cloud.uri("data/"))
    data["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
    train_program(cloud, PROGRAM, HOSTS, HyperParameters={"port": str(free_port())}, InputDataConfig=[data])
    cloud.wait("j", "Completed", "Failed")
    logs = cloud.state / "logs" / "sagemaker" / "training-jobs" / "eu-west-1"
    status = cloud.call("DescribeTrainingJob", TrainingJobName="j")["TrainingJobStatus"]
    assert status == "Completed", [log.read_text() for log in sorted(logs.glob("j.*"))]
    output = files_of(cloud.read("models/j/output/output.tar.gz"))
    told = [json.loads(output[f"algo-{number}.json"]) for number in range(1, HOSTS + 1)]
    assert [one["rank"] for one in told] == [0, 1, 2]
    assert {one["world"] for one in told} == {HOSTS}
    assert {one["file"] for one in told} == {"0.csv", "1.csv", "2.csv"}
    models = {output[f"algo-{number}.model"] for number in range(1, HOSTS + 1)}
    assert len(models) == 1
    artifact = files_of(cloud.read("models/j/output/model.tar.gz"))
    assert json.loads(artifact["model.json"]) == json.loads(models.pop())
