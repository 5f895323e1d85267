"""MetricDataQueries: metrics to read and expressions over them, of GetMetricData and of alarms.

Read once, with every name resolved, so that an alarm's query cannot fail when it is evaluated. Rules: CloudWatch API
Reference, MetricDataQuery.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from localcloud.cloudwatch.data import metric_of
from localcloud.cloudwatch.expression import Node, names_in, parse
from localcloud.cloudwatch.math_functions import Scope
from localcloud.cloudwatch.metric_math import WORDS, evaluate
from localcloud.cloudwatch.metrics import Metrics
from localcloud.cloudwatch.series import Series, array_of
from localcloud.cloudwatch.statistics import Reading, read_stat
from localcloud.emulated import refusal
from localcloud.errors import AwsError

_ID = re.compile(r"[a-z]\w*", re.ASCII)
_SHORT_PERIODS = (1, 5, 10, 20, 30)


@dataclass(frozen=True)
class Query:
    """One query: a `Reading`, or an expression that refers to other queries."""

    id: str
    of: Reading | Node
    label: str = ""
    returned: bool = True


@dataclass(frozen=True)
class Queries:
    """Queries in an order in which each comes after those that it refers to."""

    ordered: tuple[Query, ...]

    @property
    def readings(self) -> list[Reading]:
        """The metrics among them."""
        return [query.of for query in self.ordered if isinstance(query.of, Reading)]

    def evaluate(self, metrics: Metrics, start: int, end: int) -> Mapping[str, Sequence[Series]]:
        """Give the series of each query between two times, by its Id; raises AwsError ValidationError."""
        known: dict[str, Sequence[Series]] = {}
        names = tuple(query.id for query in self.ordered if isinstance(query.of, Reading))
        for query in self.ordered:
            if isinstance(query.of, Reading):
                of = query.of
                points = metrics.values(of, start, end)
                known[query.id] = [Series(points, of.period, query.label or of.metric.name, is_metric=True)]
            else:
                found = evaluate(query.of, Scope(known, names, start, end))
                known[query.id] = _labelled(query, found if isinstance(found, list) else array_of(found), found)
        return known


def read_queries(parts: Sequence[Mapping[str, Any]], region: str) -> Queries:
    """Read a list of MetricDataQuery; raises AwsError ValidationError."""
    _check_periods(parts)
    queries = [_query(part, region) for part in parts]
    by_id = {query.id: query for query in queries}
    if len(by_id) < len(queries):
        raise AwsError("ValidationError", "The Ids of MetricDataQueries must be unique.")
    needs = {query.id: _needs(query, queries) for query in queries}
    for query_id, names in needs.items():
        if unknown := names - by_id.keys():
            raise AwsError("ValidationError", f"The expression {query_id} refers to unknown Ids: {sorted(unknown)}.")
    try:
        order = tuple(by_id[query_id] for query_id in TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise AwsError(
            "ValidationError", f"The expressions refer to each other in a circle: {error.args[1]}."
        ) from error
    return Queries(order)


def check_period(period: int) -> None:
    """Refuse a period that no query may have; raises AwsError ValidationError."""
    if period not in _SHORT_PERIODS and period % 60:
        raise AwsError("ValidationError", "The Period must be 1, 5, 10, 20, 30 or a multiple of 60.")


def _check_periods(parts: Sequence[Mapping[str, Any]]) -> None:
    """Let an expression name the period that its metrics have anyway, and no other."""
    of_metrics = {part["MetricStat"]["Period"] for part in parts if "MetricStat" in part}
    for part in parts:
        if "Period" in part and ("MetricStat" in part or of_metrics != {part["Period"]}):
            raise AwsError(
                "ValidationError", "MetricDataQuery.Period other than that of the metrics is not emulated yet"
            )


def _query(part: Mapping[str, Any], region: str) -> Query:
    if not _ID.fullmatch(part["Id"]):
        raise AwsError(
            "ValidationError",
            f"The Id {part['Id']!r} must begin with a lowercase letter and hold letters, digits and underscores.",
        )
    if "AccountId" in part:
        raise refusal("AccountId", "ValidationError")
    if ("MetricStat" in part) == ("Expression" in part):
        raise AwsError("ValidationError", f"The query {part['Id']} must have either MetricStat or Expression.")
    label, returned = part.get("Label", ""), part.get("ReturnData", True)
    if "Expression" in part:
        return Query(part["Id"], parse(part["Expression"]), label, returned)
    return Query(part["Id"], _reading(part["MetricStat"], region), label, returned)


def _reading(part: Mapping[str, Any], region: str) -> Reading:
    if not {"Namespace", "MetricName"} <= part["Metric"].keys():
        raise AwsError("ValidationError", "A MetricStat must have a Namespace and a MetricName.")
    check_period(part["Period"])
    return Reading(metric_of(region, part["Metric"]), read_stat(part["Stat"]), part["Period"], part.get("Unit"))


def _needs(query: Query, queries: Iterable[Query]) -> frozenset[str]:
    """Name what must come before a query; METRICS() needs every metric."""
    if isinstance(query.of, Reading):
        return frozenset()
    return (names_in(query.of) - WORDS) | {each.id for each in queries if isinstance(each.of, Reading)}


def _labelled(query: Query, several: Sequence[Series], found: object) -> Sequence[Series]:
    if not isinstance(found, list):
        return [replace(several[0], label=query.label or query.id, is_metric=False)]
    return [replace(each, label=f"{query.label} {each.label}".strip(), is_metric=False) for each in several]
