"""EventBridge envelopes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import events
from chalicelib.core.errors import InvalidEventError

EXPECTED = {
    "s3_object_created": events.ObjectCreated(
        "freshet-dev-123456789012-eu-central-1",
        "uploads/reviews/summer 100%+more.csv",
        "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
    ),
    "processing_job": events.JobChanged("freshet-dev-reviews-prepare-0123456789abcdef"),
    "training_job": events.JobChanged("freshet-dev-reviews-train-0123456789abcdef"),
    "transform_job": events.JobChanged("freshet-dev-reviews-score-0123456789abcdef"),
    "model_package": events.ModelPackageChanged("freshet-dev-reviews"),
    "endpoint": events.EndpointChanged("freshet-dev-reviews"),
    "alarm": events.AlarmChanged("freshet-dev-reviews-drift", "ALARM"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_parse(name: str, event: Callable[[str], dict[str, Any]]) -> None:
    """Each documented payload becomes its typed event; an S3 key is taken as it is (EventBridge does not encode it)."""
    assert events.parse(event(name)) == EXPECTED[name]


def test_unversioned(event: Callable[[str], dict[str, Any]]) -> None:
    """An object of a bucket without versions has none."""
    payload = event("s3_object_created")
    del payload["detail"]["object"]["version-id"]
    assert events.parse(payload) == events.ObjectCreated(
        payload["detail"]["bucket"]["name"], payload["detail"]["object"]["key"], None
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_missing_fields(name: str, event: Callable[[str], dict[str, Any]]) -> None:
    """A payload without its details is refused, not half read."""
    with pytest.raises(InvalidEventError):
        events.parse({**event(name), "detail": {}})


JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=5
)


@given(st.sampled_from([*EXPECTED, "unknown"]), JSON)
def test_never_another_error(name: str, detail: Any) -> None:
    """No detail makes the parser fail in any way but its own."""
    kinds = {
        "s3_object_created": ("aws.s3", "Object Created"),
        "endpoint": ("aws.sagemaker", "SageMaker Endpoint State Change"),
        "alarm": ("aws.cloudwatch", "CloudWatch Alarm State Change"),
    }
    source, kind = kinds.get(name, ("aws.sagemaker", "SageMaker Training Job State Change"))
    with pytest.raises(InvalidEventError):
        events.parse({"source": source, "detail-type": kind, "detail": detail})
