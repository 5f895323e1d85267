"""The requests, held against botocore's own model of SageMaker."""

from collections.abc import Iterator
from dataclasses import replace

import botocore.session
import pytest
from botocore.validate import ParamValidator

from chalicelib.core import requests
from chalicelib.core.actions import Call, Plan
from chalicelib.core.decide_batch import decide_batch
from chalicelib.core.decide_check import decide_check
from chalicelib.core.decide_dataset import decide_dataset
from chalicelib.core.decide_rollout import decide_rollout
from chalicelib.core.decide_run import decide_run
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import (
    BATCH,
    CHAMPION,
    CHECK,
    DATASET,
    DONE,
    ENDPOINT,
    FACTS,
    FAILED,
    NOW,
    RUN,
    RUN_ROW,
    VERDICT,
)


def plans() -> Iterator[Plan]:
    """Give every plan that calls SageMaker."""
    yield decide_dataset(STAGE, FACTS, DATASET, NOW)
    champion = replace(RUN_ROW, champion=CHAMPION.reference)
    facts = replace(FACTS, wanted=CHAMPION.package)
    for change in ({}, {"train": (DONE,)}, {"train": (DONE,), "score": (DONE,)}):
        scored = replace(CHAMPION, score=(DONE,) if "score" in change else ())
        yield decide_run(STAGE, facts, DATASET, replace(RUN, row=champion, champion=scored, **change), NOW)  # type: ignore[arg-type]
    judged = replace(RUN, row=replace(RUN_ROW, verdict=VERDICT), train=(DONE,), score=(DONE,), evaluate=(DONE,))
    for baseline in (DONE, FAILED):
        yield decide_run(STAGE, FACTS, DATASET, replace(judged, baseline=(baseline,)), NOW)
    for labels in (0, 3):
        yield decide_dataset(STAGE, FACTS, replace(DATASET, labels=labels), NOW)
        yield decide_check(STAGE, FACTS, replace(CHECK, captured=2, labels=labels, model_uri="s3://b/m.tar.gz"), NOW)
    yield decide_rollout(STAGE, replace(facts, endpoint=ENDPOINT))
    yield decide_rollout(STAGE, facts)
    yield Plan("", "", (requests.delete_endpoint(ENDPOINT),))
    yield decide_batch(STAGE, BATCH, NOW)
    yield decide_batch(STAGE, replace(BATCH, shard=(DONE,)), NOW)


CALLS = [action for plan in plans() for action in plan.actions if isinstance(action, Call)]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_valid(call: Call) -> None:
    """Every request has the members and types that AWS's model demands, and no others."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    operation = "".join(word.capitalize() for word in call.operation.split("_"))
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    report = ParamValidator().validate(call.request, shape)
    assert not report.has_errors(), report.generate_report()
    assert set(call.request) <= set(shape.members)


def test_all_kinds() -> None:
    """The table covers every operation that the application calls."""
    assert {call.operation for call in CALLS} == {
        "create_processing_job",
        "create_training_job",
        "create_model",
        "create_transform_job",
        "create_model_package_group",
        "create_model_package",
        "create_endpoint_config",
        "create_endpoint",
        "update_endpoint",
        "delete_endpoint",
    }
