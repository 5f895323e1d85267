import collections
import json
import threading
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.sagemaker import capacities
from tests.localcloud.sagemaker.clouds import DEADLINE, Cloud
from tests.localcloud.sagemaker.endpoint_steps import status_of, wait_until

OPERATION = "UpdateEndpointWeightsAndCapacities"


def two_variants(cloud: Cloud) -> None:
    for name in ("a", "b"):
        cloud.model(name, Environment={"VERSION": name})
    cloud.config(
        "config",
        {"VariantName": "A", "ModelName": "a", "InitialVariantWeight": 1.0},
        {"VariantName": "B", "ModelName": "b", "InitialVariantWeight": 0.0},
    )
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="config")
    cloud.wait("e", "IN_SERVICE")


def wish(cloud: Cloud, *wishes: dict[str, Any]) -> None:
    cloud.call(OPERATION, EndpointName="e", DesiredWeightsAndCapacities=list(wishes))


def told(cloud: Cloud, member: str) -> dict[str, tuple[Any, Any]]:
    summaries = cloud.call("DescribeEndpoint", EndpointName="e")["ProductionVariants"]
    return {each["VariantName"]: (each[f"Current{member}"], each[f"Desired{member}"]) for each in summaries}


def bases(cloud: Cloud, variant: str) -> set[str]:
    """Return the folders of the servers that answer for a variant."""
    answers = [cloud.invoke(b"describe", X_Amzn_SageMaker_Target_Variant=variant) for _ in range(3)]
    return {json.loads(answer.body)["base"] for answer in answers}


def folders(cloud: Cloud, variant: str) -> int:
    found = (cloud.state / "sagemaker" / "endpoints" / "eu-west-1" / "e").glob(f"{variant}-*/*")
    return len(list(found))


def test_new_weights_take_effect_as_one_step(cloud: Cloud) -> None:
    """API_UpdateEndpointWeightsAndCapacities: Updating, then InService with the new weights, on the same servers."""
    two_variants(cloud)
    before = bases(cloud, "A") | bases(cloud, "B")
    wish(cloud, {"VariantName": "A", "DesiredWeight": 0.0}, {"VariantName": "B", "DesiredWeight": 2.5})
    wait_until(lambda: status_of(cloud) == "InService")
    assert told(cloud, "Weight") == {"A": (0.0, 0.0), "B": (2.5, 2.5)}
    assert told(cloud, "InstanceCount") == {"A": (1, 1), "B": (1, 1)}
    counts = collections.Counter(cloud.invoke(b"x").body for _ in range(50))
    assert counts == {b"b|x": 50}
    assert bases(cloud, "A") | bases(cloud, "B") == before
    states = [each["EndpointStatus"] for each in cloud.details("e")]
    assert states == ["CREATING", "IN_SERVICE", "UPDATING", "IN_SERVICE"]
    assert cloud.details("e")[-1]["ProductionVariants"][1] == {"DesiredWeight": 2.5, "DesiredInstanceCount": 1}
    assert cloud.call("DescribeEndpoint", EndpointName="e")["EndpointConfigName"] == "config"


def test_new_instance_counts_lose_no_request(cloud: Cloud) -> None:
    """API_UpdateEndpointWeightsAndCapacities: servers come and go; every request is answered, also a slow one."""
    two_variants(cloud)
    stop = threading.Event()
    answered = [0] * 4
    failed: list[AwsError] = []
    slow: list[bytes] = []

    def client(number: int) -> None:
        while not stop.is_set():
            try:
                cloud.invoke(b"x")
                answered[number] += 1
            except AwsError as error:
                failed.append(error)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        wish(cloud, {"VariantName": "A", "DesiredInstanceCount": 3})
        wait_until(lambda: told(cloud, "InstanceCount")["A"] == (3, 3))
        assert folders(cloud, "A") == 3
        threads += [threading.Thread(target=lambda: slow.append(cloud.invoke(b"sleep 1").body)) for _ in range(3)]
        for thread in threads[4:]:
            thread.start()
        wish(cloud, {"VariantName": "A", "DesiredInstanceCount": 1})
        wait_until(lambda: told(cloud, "InstanceCount")["A"] == (1, 1))
        wait_until(lambda: folders(cloud, "A") == 1)
        before = list(answered)
        wait_until(lambda: all(now > then + 10 for now, then in zip(answered, before, strict=True)))
    finally:
        stop.set()
        for thread in threads:
            thread.join(DEADLINE)
    assert failed == []
    assert slow == [b"a|sleep 1"] * 3


def test_a_change_of_capacity_is_seen_and_left_alone(cloud: Cloud) -> None:
    """API_ProductionVariantSummary: Desired differs from Current meanwhile; users: no other change is let in."""
    two_variants(cloud)
    cloud.call("DeleteModel", ModelName="b")
    cloud.model("b", Environment={"SICK": "1"})
    wish(cloud, {"VariantName": "B", "DesiredInstanceCount": 2})
    assert status_of(cloud) == "Updating"
    assert told(cloud, "InstanceCount") == {"A": (1, 1), "B": (1, 2)}
    requests: list[tuple[str, dict[str, Any]]] = [
        (OPERATION, {"DesiredWeightsAndCapacities": [{"VariantName": "A", "DesiredWeight": 2.0}]}),
        ("UpdateEndpoint", {"EndpointConfigName": "config"}),
        ("DeleteEndpoint", {}),
    ]
    for operation, more in requests:
        with pytest.raises(AwsError, match="Cannot update in-progress endpoint"):
            cloud.call(operation, EndpointName="e", **more)
    assert cloud.invoke(b"x").body == b"a|x"


def test_servers_that_do_not_start_leave_all_as_it_was(cloud: Cloud) -> None:
    """API_DescribeEndpoint, FailureReason: the endpoint is InService as before, nothing more is desired (ours)."""
    two_variants(cloud)
    cloud.call("DeleteModel", ModelName="b")
    cloud.model("b", Environment={"DIE": "1"})
    wish(cloud, {"VariantName": "A", "DesiredWeight": 9.0}, {"VariantName": "B", "DesiredInstanceCount": 2})
    wait_until(lambda: status_of(cloud) == "InService")
    assert told(cloud, "InstanceCount") == {"A": (1, 1), "B": (1, 1)}
    assert told(cloud, "Weight")["A"] == (1.0, 1.0)
    assert "variant B could not be started" in cloud.call("DescribeEndpoint", EndpointName="e")["FailureReason"]
    assert cloud.invoke(b"x").body == b"a|x"
    assert folders(cloud, "B") == 1


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ([{"VariantName": "C", "DesiredWeight": 1.0}], r'variant name\(s\) "C" is/are not present'),
        ([{"VariantName": "A", "DesiredInstanceCount": 0}], "DesiredInstanceCount must be at least 1"),
        ([{"VariantName": "A"}, {"VariantName": "A"}], "must be unique"),
        ([{"VariantName": "A", "DesiredWeight": -1.0}], "DesiredWeight"),
        ([{"VariantName": "A", "ServerlessUpdateConfig": {"MaxConcurrency": 1}}], "not emulated"),
    ],
)
def test_what_cannot_be_wished_for(cloud: Cloud, wishes: list[dict[str, Any]], message: str) -> None:
    """API_DesiredWeightAndCapacity: the variant exists, weights are not negative; what is not emulated is named."""
    two_variants(cloud)
    with pytest.raises(AwsError, match=message) as refused:
        wish(cloud, *wishes)
    assert refused.value.code == "ValidationException"
    assert status_of(cloud) == "InService"


@pytest.mark.parametrize(
    ("request_members", "weight", "count"),
    [
        ({}, 7.0, 1),
        ({"RetainAllVariantProperties": False}, 7.0, 1),
        ({"RetainAllVariantProperties": True}, 3.0, 2),
        ({"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": ["DesiredWeight"]}, 7.0, 2),
        ({"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": ["DesiredInstanceCount"]}, 3.0, 1),
        ({"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": ["DataCaptureConfig"]}, 3.0, 2),
        ({"ExcludeRetainedVariantProperties": ["DesiredWeight"]}, 7.0, 1),
    ],
)
def test_an_update_retains_what_it_is_asked_to(request_members: dict[str, Any], weight: float, count: int) -> None:
    """API_UpdateEndpoint, Retain... and ExcludeRetained...: live values of variants of the same name, and no other."""
    excluded = [{"VariantPropertyType": kind} for kind in request_members.get("ExcludeRetainedVariantProperties", ())]
    kept = capacities.retained({**request_members, "ExcludeRetainedVariantProperties": excluded})
    new = {"InitialVariantWeight": 7.0, "InitialInstanceCount": 1}
    config = {"ProductionVariants": [{"VariantName": name, "ModelName": "new", **new} for name in ("A", "N")]}
    live = [{"VariantName": name, "DesiredWeight": 3.0, "DesiredInstanceCount": 2} for name in ("A", "gone")]
    assert capacities.applied(config, live, kept)["ProductionVariants"] == [
        {"VariantName": "A", "ModelName": "new", "InitialVariantWeight": weight, "InitialInstanceCount": count},
        {"VariantName": "N", "ModelName": "new", **new},
    ]


def test_an_update_of_a_scaled_endpoint_keeps_its_scale(cloud: Cloud) -> None:
    """API_UpdateEndpoint, RetainAllVariantProperties: the new config's models run at the live weights and counts."""
    two_variants(cloud)
    wish(cloud, {"VariantName": "A", "DesiredInstanceCount": 2}, {"VariantName": "B", "DesiredWeight": 5.0})
    wait_until(lambda: status_of(cloud) == "InService")
    cloud.model("n", Environment={"VERSION": "n"})
    cloud.config("next", {"VariantName": "A", "ModelName": "n"}, {"VariantName": "N", "ModelName": "n"})
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="next", RetainAllVariantProperties=True)
    wait_until(lambda: status_of(cloud) == "InService")
    assert told(cloud, "InstanceCount") == {"A": (2, 2), "N": (1, 1)}
    assert told(cloud, "Weight") == {"A": (1.0, 1.0), "N": (1.0, 1.0)}
    wait_until(lambda: (folders(cloud, "A"), folders(cloud, "B"), folders(cloud, "N")) == (2, 0, 1))
    assert cloud.invoke(b"x").body == b"n|x"


def test_an_endpoint_that_is_not_there(cloud: Cloud) -> None:
    """API_UpdateEndpointWeightsAndCapacities: the endpoint must exist."""
    with pytest.raises(AwsError, match='Could not find endpoint "arn'):
        wish(cloud, {"VariantName": "A", "DesiredWeight": 1.0})
