"""The requests, held against botocore's own model of SageMaker."""

from collections.abc import Iterator
from dataclasses import replace

import botocore.session
import pytest
from botocore.validate import ParamValidator

from chalicelib.core import decide
from chalicelib.core.actions import Call, Plan
from tests.chalicelib.core.test_decide import BATCH, DATASET, DONE, ROLLOUT, RUN, SPEC, SUMMARY
from tests.chalicelib.fakes import STAGE


def plans() -> Iterator[Plan]:
    """Give every plan that calls SageMaker."""
    yield decide.decide_dataset(STAGE, DATASET, current=SPEC)
    yield decide.decide_dataset(STAGE, replace(DATASET, prepare=DONE, summary=SUMMARY), current=SPEC)
    yield decide.decide_run(STAGE, replace(RUN, train=DONE))
    yield decide.decide_run(STAGE, replace(RUN, train=DONE, score=DONE))
    yield decide.decide_run(STAGE, replace(RUN, train=DONE, score=DONE, evaluate=DONE))
    yield decide.decide_rollout(STAGE, ROLLOUT)
    yield decide.decide_rollout(STAGE, replace(ROLLOUT, endpoint=None))
    yield decide.decide_batch(STAGE, BATCH)
    yield decide.decide_batch(STAGE, replace(BATCH, shard=DONE))


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
    }
