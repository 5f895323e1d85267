"""T14 on the local cloud: thirty virtual days with real jobs, drift, alarms that flap, and one call in twenty refused.

Homes are invented; each week there is a day on which people ask about districts that no model has learnt, and bring
the right values. `-s` shows how long each day took.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from chalicelib.adapters import clients
from chalicelib.bootstrap import services_of
from chalicelib.core.ledger import Decision
from tests.chalicelib.reliability.month_checker import NOTABLE, OF_A_CHECK, OF_A_DATASET, OF_A_NOTICE, REFUSED
from tests.contract.clouds import REGION
from tests.e2e.month import PIPELINE, SPEC, TOGGLES, Machine, People, machine, midnight, rest

DAYS, LEARNT = 30, 1200  # and rows that the first version learns
DRIFT, FLAPS = range(4, DAYS, 7), range(2, DAYS, 3)
RETRAINS = 3  # at least

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


@pytest.fixture
def ready(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    if not request.config.getoption("--everything"):
        pytest.skip("takes minutes: --everything and make soak run it")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    clients.client.cache_clear()
    with machine(tmp_path, monkeypatch) as started:
        yield started
    clients.client.cache_clear()


def test_month(ready: Machine) -> None:
    """At least three runs by alarm go live, a cool-down apart; nothing is stuck, missed, untold or without bound."""
    began, people = time.monotonic(), People(ready)
    people.upload("first.csv", LEARNT)
    rest(ready)
    ready.refuse()
    first = midnight(ready.now)
    for day in range(DAYS):
        ready.pass_until(first + timedelta(days=day, hours=9))
        answered = people.ask(day, moved=day in DRIFT)
        if day in DRIFT:
            people.label(answered)
        if day in FLAPS:
            people.flap()
        ready.pass_until(first + timedelta(days=day + 1, minutes=12))
        rest(ready)
        people.listen()
        print(f"  day {day + 1}: {time.monotonic() - began:.0f} s")  # noqa: T201 - what -s is for
    struck = ready.forgive()
    rest(ready)
    people.listen()
    print(f"  {struck} calls were refused")  # noqa: T201 - the same
    assert struck > DAYS
    check_retrains(ready)
    check_slots(ready, first)
    check_told(ready, people)
    check_bounds(ready)


def check_retrains(machine: Machine) -> None:
    """Claim: three runs that alarms asked for went live, one at a time, a cool-down apart; the last one answers."""
    services = services_of(machine.stage)
    ledger = services.pipelines.ledger
    asked = [moment(one.at) for one in decided(machine) if one.state == "wished" and "by the alarm" in one.reason]
    gap = timedelta(hours=SPEC.retrain.cool_down_hours)
    assert all(after - before >= gap for before, after in pairwise(asked)), asked
    rows = list(ledger.datasets(PIPELINE))[::-1]
    assert all(moment(before.ended) <= moment(after.started) for before, after in pairwise(rows))
    runs = [run for row in rows if "the alarm" in row.cause if (run := ledger.run(PIPELINE, row.run_id or ""))]
    assert sum(run.state == "promoted" for run in runs) >= RETRAINS, [(run.state, run.reason) for run in runs]
    promoted = [
        run.run_id for row in rows if (run := ledger.run(PIPELINE, row.run_id or "")) and run.state == "promoted"
    ]
    assert services.pipelines.observer.live_run(PIPELINE) == promoted[-1]


def check_slots(machine: Machine, first: datetime) -> None:
    """Claim: every midnight after a day of requests was checked once."""
    checks = services_of(machine.stage).pipelines.ledger.checks(PIPELINE)
    midnights = [(first + timedelta(days=day)).isoformat() for day in range(1, DAYS + 1)]
    # Of the first one, before anybody had asked, it depends on whether something made the application look by day.
    assert sorted(row.end for row in checks if row.end > first.isoformat()) == midnights
    assert not [row.reason for row in checks if row.state in {"checking", "failed"}]


def check_told(machine: Machine, people: People) -> None:
    """Claim: people heard of every notable decision."""
    heard = [line for message in people.heard for line in message.splitlines()]
    notable = [one for one in decided(machine) if (one.area, one.state) in NOTABLE]
    unheard = [one.fence for one in notable if not any(f", decision {one.fence} of " in line for line in heard)]
    assert not unheard, unheard


def check_bounds(machine: Machine) -> None:
    """Claim: decisions, jobs, models and configs are bounded by checks, data sets, notices and alarms that rang."""
    ledger, decisions, sagemaker = (
        services_of(machine.stage).pipelines.ledger,
        decided(machine),
        clients.client("sagemaker"),
    )
    checks, datasets = len(ledger.checks(PIPELINE)), len(ledger.datasets(PIPELINE))
    notices = sum((one.area, one.state) in NOTABLE for one in decisions)
    rang = TOGGLES * len(FLAPS) + checks
    most = REFUSED * (OF_A_CHECK * checks + OF_A_DATASET * datasets + OF_A_NOTICE * notices + rang)
    assert len(decisions) <= most
    configs = sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
    models = sagemaker.list_models(MaxResults=100)["Models"]
    assert len(configs) <= datasets
    assert len(models) <= 2 * datasets


def decided(machine: Machine) -> list[Decision]:
    """Return all decisions, the oldest first."""
    return list(services_of(machine.stage).pipelines.ledger.decisions(PIPELINE))


def moment(text: str | None) -> datetime:
    """Read a time."""
    assert text
    return datetime.fromisoformat(text)
