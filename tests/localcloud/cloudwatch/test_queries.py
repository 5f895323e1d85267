from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.cloudwatch.metrics import Metrics
from localcloud.cloudwatch.queries import read_queries
from localcloud.database import Database
from localcloud.errors import AwsError

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def query(name: str, stat: str = "Sum", period: int = 60) -> dict[str, Any]:
    metric = {"Namespace": "n", "MetricName": name}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


@pytest.mark.parametrize(
    ("queries", "part"),
    [
        ([query("a"), query("a")], "unique"),
        ([{"Id": "Big", "Expression": "1"}], "lowercase"),
        ([{"Id": "e", "Expression": "nobody + 1"}], "nobody"),
        ([{"Id": "e", "Expression": "f"}, {"Id": "f", "Expression": "e"}], "circle"),
        ([{"Id": "e", "Expression": "SEARCH('x')"}], "SEARCH"),
        ([{"Id": "e"}], "either"),
        ([{"Id": "e", "Expression": "1", "AccountId": "1"}], "AccountId"),
        ([query("a", stat="tm90")], "tm90"),
        ([query("a", stat="Median")], "Median"),
        ([query("a", period=45)], "multiple of 60"),
        ([query("a"), {"Id": "e", "Expression": "a", "Period": 300}], "Period"),
        ([{**query("a"), "Period": 60}], "Period"),
    ],
)
def test_refused(queries: list[dict[str, Any]], part: str) -> None:
    """Queries that cannot be answered are a ValidationError that says why (Source: MetricDataQuery)."""
    with pytest.raises(AwsError, match=part) as refused:
        read_queries(queries, "eu-central-1")
    assert refused.value.code == "ValidationError"


def test_an_expression_may_name_its_metrics_period() -> None:
    """A Period that changes nothing is taken, as infrastructure tools write it."""
    queries = read_queries([{"Id": "e", "Expression": "a", "Period": 60}, query("a")], "eu-central-1")
    assert [each.id for each in queries.ordered] == ["a", "e"]


def test_a_number_is_no_result(tmp_path: Any) -> None:
    """An expression must give time series (Source: metric math)."""
    database = Database(tmp_path / "state.db")
    queries = read_queries([query("a"), {"Id": "e", "Expression": "SUM(a)"}], "eu-central-1")
    with pytest.raises(AwsError, match="number"):
        queries.evaluate(Metrics(database, lambda: NOW), 0, 60)
    database.close()
