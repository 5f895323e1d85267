"""T4: each AWS operation that we call, refused with each error that AWS documents for it, before its effect and after.

What comes of it has a name: the look raises it (so that Lambda looks again, and its alarm tells a person), or the
decision's outcome tells it, or it means something (it exists already, somebody was faster). And when it is over, the
walk ends as if it had never been.
"""

from functools import cache
from itertools import cycle
from random import Random
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from chalicelib.core.errors import CallError, DeniedError, UnavailableError
from tests.chalicelib.aws.account import When, no_fault
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import PIPELINE, World, on
from tests.chalicelib.reliability.faults import Strike, StrikeOnce
from tests.chalicelib.reliability.kills import TALES, Boundary, Deed, left, live
from tests.chalicelib.reliability.refusals import COMMON, called, documented, kind, meant

Case = tuple[str, When]
T = TypeVar("T")
PHASES: tuple[When, When] = ("before", "after")
KINDS = (
    "AccessDeniedException", "ThrottlingException", "InternalFailure", "ResourceLimitExceeded", "ValidationException",
)  # fmt: skip
SILENCES: dict[str, tuple[Exception, str, type[CallError]]] = {
    words: (error, words, known_as)
    for error, words, known_as in (
        (ConnectionClosedError(endpoint_url="https://aws"), "ConnectionClosedError", UnavailableError),
        (EndpointConnectionError(endpoint_url="https://aws"), "EndpointConnectionError", UnavailableError),
        (ReadTimeoutError(endpoint_url="https://aws"), "ReadTimeoutError", UnavailableError),
        (NoCredentialsError(), "there are no credentials", DeniedError),
    )
}


def live_on(world: World, name: str) -> list[CallError]:
    """Live through a tale, look again where a look raises, and ask again where a wish does; return what was raised."""
    raised: list[CallError] = []
    for deed in TALES[name]:
        if raises(deed, world, raised):
            deed(world)
        for _ in range(9):
            if not raises(look, world, raised):
                world.finish_jobs()
                world.account.machines.settle()
    return raised


def look(world: World) -> None:
    """Look at the pipeline and at its batches."""
    world.look()
    world.services.batches.look(PIPELINE)


def raises(deed: Deed, world: World, raised: list[CallError]) -> bool:
    """Say whether a deed raises that a call was refused, and keep what it raises."""
    try:
        deed(world)
    except CallError as error:
        raised.append(error)
        return True
    return False


def check_refusal(operation: str, error: Exception, code: str, expected: type[CallError], phase: When) -> None:
    """Claim: the answer has a named outcome, and once it is over everything ends as it would have."""
    name = called()[operation]
    with on(World()) as world:
        world.account.fault = strike = Strike(operation, error, phase, times=1)
        raised = live_on(world, name)
        world.account.fault = no_fault
        assert not strike.times, f"{operation} is not called"
        decisions = world.services.pipelines.ledger.decisions(PIPELINE)
        told = [one.outcome or "" for one in decisions if not one.performed]
        named = any(type(one) is expected for one in raised) or any(code in one for one in told)
        assert named or meant(operation, code), f"{operation} {code} {phase}: raised {raised}, told {told}"
        assert not raised or expected is not UnavailableError or named
        assert left(world) == undisturbed(name), f"{operation} {code} {phase}"


@cache
def undisturbed(name: str) -> dict[str, Any]:
    """Return what a tale leaves."""
    return left(live(TALES[name]))


def sample(cases: list[T], *, everything: bool) -> list[T]:
    """Return all cases, or a few of them, the same each time."""
    return cases if everything else Random(0).sample(cases, 4)  # noqa: S311 - no secret


@pytest.mark.parametrize("operation", called())
def test_refused(operation: str, everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Whatever AWS answers a call with has a named outcome, and leaves no trace in the end (rows 20 to 22, 45, 46)."""
    codes = documented(operation)
    cases: list[Case] = [(code, phase) for code in codes for phase in PHASES]
    for code, phase in sample(cases, everything=everything):
        error = refused(code, codes[code])
        check_refusal(operation, error, code, kind(code, codes[code]), phase)


@pytest.mark.parametrize("operation", called())
def test_silence(operation: str, everything: bool) -> None:  # noqa: FBT001 - a fixture
    """No answer at all, or no credentials, is told as such, and leaves no trace in the end."""
    cases: list[Case] = [(words, phase) for words in SILENCES for phase in PHASES]
    for words, phase in sample(cases, everything=everything):
        check_refusal(operation, *SILENCES[words], phase)


@pytest.mark.parametrize("name", sorted(TALES))
def test_any_call(name: str, everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Refused once, before its effect or after it, no single call of any tale leaves a trace in the end.

    The kinds of refusal that we tell apart take turns.
    """
    calls: list[Boundary] = [
        (number, phase) for number in range(1, live(TALES[name]).account.calls + 1) for phase in PHASES
    ]
    turns = list(zip(calls, cycle(KINDS), strict=False))
    for (number, phase), code in sample(turns, everything=everything):
        with on(World()) as world:
            world.account.fault = strike = StrikeOnce(number, refused(code, COMMON[code]), phase)
            live_on(world, name)
            world.account.fault = no_fault
            assert left(world) == undisturbed(name), f"{strike.struck}, call {number}: {code} {phase}"
