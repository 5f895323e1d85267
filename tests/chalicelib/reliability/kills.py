"""Lives of a pipeline in which the process is killed at any call, and what the platform does then: it starts it again.

A tale is what people do, one step after the other; after each step everything ends well until nothing moves. What is
left in the end is compared with what the same tale leaves undisturbed.

A process that starts anew knows nothing but what AWS holds. So of the boundaries of calls between which AWS holds the
same, one is tried: whoever is killed at another goes the same way from there.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

from chalicelib.core import places
from chalicelib.core.errors import WishError
from tests.chalicelib.aws.account import Fault, KilledError, When, no_fault
from tests.chalicelib.aws.world import PIPELINE, STAGE, World, on
from tests.chalicelib.reliability import checker

Boundary = tuple[int, When]  # a call by its number, before or after its effect
Deed = Callable[[World], None]
Tale = Sequence[Deed]
LIVES = 5  # a handler is started again so often; more kills in a row are not asked for


@dataclass(frozen=True)
class Killer:
    """Kills the process at boundaries."""

    at: frozenset[Boundary]

    def __call__(self, when: When, number: int, operation: str) -> None:  # noqa: ARG002 - a fault's signature
        if (number, when) in self.at:
            raise KilledError


@dataclass
class Watcher:
    """Notes the boundaries of a life at which AWS holds what it did not hold before; the first kills have struck."""

    world: World
    killer: Killer
    seen: set[int] = field(default_factory=set)
    noted: list[Boundary] = field(default_factory=list)

    def __call__(self, when: When, number: int, operation: str) -> None:
        """Look at a boundary, then let the kills strike."""
        state = hash((self.world.handlers, self.world.account.held()))
        if state not in self.seen:
            self.seen.add(state)
            self.noted.append((number, when))
        self.killer(when, number, operation)


def drop(name: str, content: str, area: str = f"uploads/{PIPELINE}") -> Deed:
    """Return the deed of dropping a file."""
    return lambda world: void(world.drop(name, content, area))


def batch(name: str) -> Deed:
    """Return the deed of dropping a file to score."""
    return drop(name, "text\n", f"batch/{PIPELINE}/input")


def roll_back(world: World) -> None:
    """Go back to version 1, as often as it takes to be told that it is wanted."""
    with suppress(WishError):
        world.services.wishes.roll_back(PIPELINE, "a person", to=1)
    if world.head.pin is None:
        roll_back(world)


def retrain(world: World) -> None:
    """Wish for a run of the same rows."""
    world.services.wishes.retrain(PIPELINE, "wish-1", "a person", forced=True)


def traffic(content: str) -> Deed:
    """Return the deed of asking the live model, of which a file is captured, until the day is over."""

    def ask(world: World) -> None:
        captured, endpoint = world.account.objects, STAGE.names.endpoint(PIPELINE)
        world.account.watch.invoke(endpoint, "AllTraffic", len(content.splitlines()))
        folder = STAGE.bucket.captured(endpoint, "AllTraffic")
        captured.put(f"{folder}{places.hour_folder(world.account.now)}requests.jsonl", content.encode())
        world.account.advance(24.5 * 3600)

    return ask


def alarm(world: World) -> None:
    """Let the drift alarm ring, in the same second whatever was done twice before it: decisions tell when it rang."""
    world.account.now = world.account.now.replace(microsecond=900_000)
    world.account.watch.set_alarm(STAGE.names.alarm(PIPELINE, "drift"), "ALARM")


def give_labels(world: World, count: int = 0) -> None:
    """Label so many captured requests, or as many as an alarm asks for."""
    folder = f"{STAGE.bucket.ground_truth(PIPELINE)}{places.hour_folder(world.account.now)}"
    for number in range(count or world.specs[PIPELINE].retrain.least_labels):
        world.account.objects.put(f"{folder}{number}.jsonl", b"label")


def break_down(world: World) -> None:
    """Let the endpoint fail by itself: it can only be deleted and made anew."""
    for endpoint in world.account.machines.endpoints.values():
        endpoint["EndpointStatus"] = "Failed"


def void(_: object) -> None:
    """Make a deed of what gives something."""


TALES: dict[str, Tale] = {
    "upload": (drop("a.csv", "1\n2\n"),),
    "update": (drop("a.csv", "1\n2\n"), drop("b.csv", "1\n3\n")),
    "rollback": (drop("a.csv", "1\n2\n"), drop("a.csv", "1\n3\n"), roll_back),
    "refused": (drop("a.csv", "bad\n1\n"), drop("b.csv", "1\n3\n")),
    "batch": (drop("a.csv", "1\n2\n"), batch("new.csv")),
    "retrain": (drop("a.csv", "1\n2\n"), retrain),
    "drift": (drop("a.csv", "1\n2\n"), traffic("moved"), alarm, give_labels),
    "remade": (drop("a.csv", "1\n2\n"), break_down),
}


def random_tale(seed: int) -> Tale:
    """Return the tale of a seed: some files in some order, one may be bad, and then what else people do."""
    random = Random(seed)  # noqa: S311 - a seed that can be replayed
    files = [
        drop(random.choice(("a.csv", "b.csv", "c.csv")), f"{random.choice(('1', '1', '1', 'bad'))}\n{number}\n1\n")
        for number in range(2, random.randint(4, 6))
    ]
    return (*files, *random.sample((batch("new.csv"), retrain), random.randint(0, 2)))


def live(tale: Tale, kills: Iterable[Boundary] = ()) -> World:
    """Live through a tale, killed at boundaries."""
    world = World()
    return live_under(Killer(frozenset(kills)), world, tale)


def live_under(fault: Fault, world: World, tale: Tale) -> World:
    """Live through a tale under a fault."""
    world.account.fault = fault
    with on(world):
        for deed in tale:
            survive(world, deed)
            rest(world)
    world.account.fault = no_fault
    return world


def moments(tale: Tale, kills: Iterable[Boundary] = ()) -> list[Boundary]:
    """Return the boundaries of a life with kills that are not alike to a process that starts anew, in order."""
    world = World()
    watcher = Watcher(world, Killer(frozenset(kills)))
    live_under(watcher, world, tale)
    return watcher.noted


def survive(world: World, handler: Deed) -> None:
    """Run a handler, and again in a new process where it was killed."""
    world.handlers += 1
    for _ in range(LIVES):
        try:
            handler(world)
        except KilledError:
            world.start()
        else:
            return
    raise AssertionError("killed too often")


def rest(world: World) -> None:
    """Look, and let jobs and endpoints end well, until nothing moves."""
    for _ in range(40):
        survive(world, World.look)
        survive(world, lambda world: void(world.services.batches.look(PIPELINE)))
        before, moved = len(world.account.events), world.finish_jobs()
        world.account.machines.settle()
        if not moved and len(world.account.events) == before:
            return
    raise AssertionError("the pipeline does not come to rest")


def left(world: World) -> dict[str, Any]:
    """Return all that a life leaves in AWS, but for times, how many decisions it took, and how often a notice came."""
    machines, ledger = world.account.machines, world.services.pipelines.ledger
    timeless = {"started": "", "ended": None}
    with on(world):
        return {
            "head": replace(world.head, fence=0, told=None),
            "datasets": sorted(map(repr, (replace(row, **timeless) for row in checker.datasets(world)))),  # type: ignore[arg-type]
            "checks": sorted(map(repr, (replace(row, **timeless, published=0) for row in ledger.checks(PIPELINE)))),  # type: ignore[arg-type]
            "runs": sorted(map(repr, (replace(row, **timeless) for row in checker.runs(world)))),  # type: ignore[arg-type]
            "verdicts": checker.verdicts(world),
            "batches": {name: asdict(end) for name, end in ledger.batches(PIPELINE).items()},
            "jobs": {name: job["Status"] for name, job in machines.jobs.items()},
            "versions": [(one["ModelPackageDescription"], one["ModelApprovalStatus"]) for one in machines.versions],
            "live": world.live,
            "made": [sorted(made) for made in (machines.models, machines.configs, machines.endpoints, machines.groups)],
            "figures": sorted({(one["MetricName"], one["Value"]) for one in world.account.watch.figures}),
            "notices": sorted({(subject, *text.splitlines()[:2]) for subject, text in world.account.topic.notices}),
            "objects": {key: found[0].content for key, found in world.account.objects.versions.items()},
        }


def check_killed(tale: Tale, kills: Iterable[Boundary], undisturbed: dict[str, Any]) -> None:
    """Claim: a life with kills leaves what the undisturbed one left."""
    world = live(tale, kills)
    found = left(world)
    differ = [name for name, value in undisturbed.items() if found[name] != value]
    assert not differ, f"killed at {sorted(kills)}: {differ} differ: {[found[name] for name in differ]}"
    with on(world):
        checker.check_rest(world)
        checker.check_ledger(world)
