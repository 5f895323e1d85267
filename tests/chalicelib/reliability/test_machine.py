"""A pipeline's life as hypothesis lives it: at every step, whatever came before, the rules hold."""

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.core.errors import CallError, WishError
from chalicelib.core.requests import run_description
from tests.chalicelib.aws.account import KilledError, When, no_fault
from tests.chalicelib.aws.programs import finish
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import PIPELINE, STAGE, World, on
from tests.chalicelib.reliability.checker import base, check_ledger, check_rest, runs, verdicts
from tests.chalicelib.reliability.faults import Strike
from tests.chalicelib.reliability.kills import Killer
from tests.chalicelib.reliability.scenario import PASSING, come_to_rest

ENDS = [("Completed", None), ("Failed", PASSING), ("Failed", "AlgorithmError"), ("Stopped", None)]
NAMES = st.sampled_from(["a.csv", "b.csv", "c.csv"])


class Life(RuleBasedStateMachine):
    """Rules are what people, AWS and misfortune do."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.on = on(self.world)
        self.on.__enter__()
        self.rows = 1
        self.fence = 0
        self.settled = verdicts(self.world)
        self.asked: list[tuple[str, tuple[int, ...]]] = []
        update = self.world.account.machines.update_endpoint

        def noted(EndpointName: str, EndpointConfigName: str) -> Any:  # noqa: N803 - boto3's
            self.asked.append((EndpointConfigName, self.world.head.bad))
            return update(EndpointName, EndpointConfigName)

        self.world.account.machines.update_endpoint = noted  # type: ignore[method-assign]

    def teardown(self) -> None:
        self.world.account.fault = no_fault
        come_to_rest(self.world)
        check_rest(self.world)
        check_ledger(self.world)
        self.on.__exit__(None, None, None)

    @rule(name=NAMES)
    def upload(self, name: str) -> None:
        self.rows += 1
        self.world.drop(name, f"1\n{self.rows}\n")

    @rule(name=NAMES)
    def spoil(self, name: str) -> None:
        self.world.drop(name, "bad\n1\n")

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if f"uploads/{PIPELINE}/{name}" in self.world.account.objects.versions:
            self.world.account.objects.put(f"uploads/{PIPELINE}/{name}", None)

    @rule(times=st.integers(0, 2))
    def deliver(self, times: int) -> None:
        self.world.account.events.clear()
        for _ in range(times):
            self.look()

    @rule(
        last=st.booleans(),
        end=st.sampled_from(
            [("Completed", None), ("Failed", PASSING), ("Failed", "AlgorithmError"), ("Stopped", None)]
        ),
    )
    @precondition(lambda self: self.world.account.machines.running())
    def job_ends(self, last: bool, end: tuple[str, str | None]) -> None:  # noqa: FBT001 - drawn
        status, reason = end
        more = {"FailureReason": reason} if reason else {}
        finish(self.world.account, self.world.account.machines.running()[-1 if last else 0], status, **more)

    @rule()
    def all_ends_well(self) -> None:
        for _ in range(3):
            self.world.finish_jobs()
            self.look()

    @rule(outcome=st.sampled_from(["InService", "InService", "RolledBack", "Failed"]))
    def endpoint_settles(self, outcome: str) -> None:
        self.world.account.machines.settle(outcome=outcome)

    @rule(calls=st.integers(1, 60), when=st.sampled_from(["before", "after"]))
    def killed(self, calls: int, when: When) -> None:
        at = self.world.account.calls + calls

        self.world.account.fault = Killer(frozenset({(at, when)}))
        with suppress(KilledError):
            self.look()
        self.world.account.fault = no_fault

    @rule(
        operation=st.sampled_from(["create_training_job", "update_endpoint", "create_model_package", "put_item"]),
        code=st.sampled_from(["InternalFailure", "AccessDenied", "ResourceLimitExceeded"]),
        phase=st.sampled_from(["before", "after"]),
    )
    def refused(self, operation: str, code: str, phase: When) -> None:
        self.world.account.fault = Strike(operation, refused(code), phase, times=1)
        self.look()
        self.world.account.fault = no_fault

    @rule(number=st.integers(1, 3), forced=st.booleans())
    def wish(self, number: int, forced: bool) -> None:  # noqa: FBT001 - drawn
        self.world.services.wishes.retrain(PIPELINE, f"wish-{number}", "alarm", forced=forced)

    @rule()
    def roll_back(self) -> None:
        with suppress(WishError):
            self.world.services.wishes.roll_back(PIPELINE, "a person")

    @rule(seconds=st.sampled_from([60, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.account.advance(seconds)

    def look(self) -> None:
        with suppress(CallError):
            self.world.look("sweep")

    @invariant()
    def the_ledger_is_whole(self) -> None:
        """Decisions are numbered without a gap, the fence only grows, and one data set at most is active."""
        fault, self.world.account.fault = self.world.account.fault, no_fault
        check_ledger(self.world)
        assert self.world.head.fence >= self.fence
        self.fence = self.world.head.fence
        self.world.account.fault = fault

    @invariant()
    def verdicts_stay(self) -> None:
        """Verdicts on uploads never change."""
        now = verdicts(self.world)
        assert {name: now[name] for name in self.settled} == self.settled
        self.settled = now

    @invariant()
    def no_bad_version_is_asked_for(self) -> None:
        """No update is asked for to a version that was marked bad by then."""
        versions = {
            one["ModelPackageDescription"].split()[-1]: number
            for number, one in enumerate(self.world.account.machines.versions, 1)
        }
        for config, bad in self.asked:
            run_id = STAGE.names.parse_endpoint_config(PIPELINE, config) or ""
            assert versions[run_description(run_id)] not in bad

    @invariant()
    def a_training_has_its_run(self) -> None:
        """Whatever is trained, the ledger knows the run."""
        known = {STAGE.names.job(PIPELINE, "train", run.run_id) for run in runs(self.world)}
        assert {base(name) for name in self.world.jobs("train")} <= known


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
