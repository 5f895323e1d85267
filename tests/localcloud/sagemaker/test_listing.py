from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import AwsError
from localcloud.sagemaker.listing import LISTINGS, page

START = datetime(2030, 1, 1, tzinfo=UTC)
JOBS = LISTINGS["ListTrainingJobs"]


def job(number: int, name: str = "job", status: str = "Completed") -> dict[str, Any]:
    time = START + timedelta(seconds=number)
    return {
        "TrainingJobName": f"{name}-{number}",
        "TrainingJobStatus": status,
        "CreationTime": time,
        "LastModifiedTime": time,
    }


def names(answer: Any) -> list[str]:
    return [row["TrainingJobName"] for row in answer["TrainingJobSummaries"]]


@given(
    st.lists(st.integers(0, 50), unique=True, max_size=30),
    st.integers(1, 7),
    st.sampled_from(["Name", "CreationTime", "Status"]),
    st.sampled_from(["Ascending", "Descending"]),
)
def test_the_pages_together_are_the_whole_list(numbers: list[int], size: int, by: str, order: str) -> None:
    """Following NextToken gives every entry once, in the order asked for, no page above its size."""
    rows = [job(number, status="Failed" if number % 3 else "Completed") for number in numbers]
    request: dict[str, Any] = {"MaxResults": size, "SortBy": by, "SortOrder": order}
    found: list[str] = []
    for _ in range(len(rows) + 1):
        answer = page(JOBS, rows, request)
        assert len(names(answer)) <= size
        found += names(answer)
        if answer["NextToken"] is None:
            break
        request["NextToken"] = answer["NextToken"]
    assert sorted(found) == sorted(row["TrainingJobName"] for row in rows)
    assert found == names(page(JOBS, rows, {"SortBy": by, "SortOrder": order, "MaxResults": 100}))


def test_filters_narrow_the_list() -> None:
    """Name, status and both time bounds each leave out what does not fit."""
    rows = [job(1), job(2, "other"), job(3, status="Failed"), job(4)]
    assert names(page(JOBS, rows, {"NameContains": "OTHER"})) == ["other-2"]
    assert names(page(JOBS, rows, {"StatusEquals": "Failed"})) == ["job-3"]
    later = {"CreationTimeAfter": START + timedelta(seconds=2), "CreationTimeBefore": START + timedelta(seconds=4)}
    assert names(page(JOBS, rows, later)) == ["job-3"]


def test_a_new_entry_between_two_pages_hides_none() -> None:
    """A token stands for the last entry, not for a number of entries."""
    rows = [job(number) for number in range(4)]
    request = {"MaxResults": 2, "SortOrder": "Descending"}
    first = page(JOBS, rows, request)
    second = page(JOBS, [*rows, job(9)], {**request, "NextToken": first["NextToken"]})
    assert names(first) + names(second) == ["job-3", "job-2", "job-1", "job-0"]


@pytest.mark.parametrize("token", ["", "???", "bnVsbA==", "e30="])
def test_a_foreign_token_is_refused(token: str) -> None:
    """A token that is none of ours is a ValidationException."""
    with pytest.raises(AwsError, match="Invalid NextToken"):
        page(JOBS, [], {"NextToken": token})
