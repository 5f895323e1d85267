"""A seeded story of a pipeline's life in disorder, and its end: then events stop and only sweeps run.

People drop, overwrite, delete and spoil files, wish for runs; jobs end in any order, some fail for a passing reason;
each event comes late, twice, in any order or never. The same seed tells the same story, call by call.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from chalicelib.core.policies import DataPolicy
from chalicelib.pipelines import PIPELINES
from tests.chalicelib.aws.account import When, no_fault
from tests.chalicelib.aws.programs import finish
from tests.chalicelib.aws.world import PIPELINE, World, on
from tests.chalicelib.reliability.checker import newest

POLICIES = {"all": DataPolicy(), "latest": DataPolicy("latest"), "days": DataPolicy("days", days=2)}
PASSING = "CapacityError: Unable to provision requested ML compute capacity"
FINISHED_BY = 120  # sweeps after which a pipeline that still moves counts as one that never comes to rest
Deed = Literal["drop", "spoil", "delete", "finish", "settle", "deliver", "sweep", "wait", "wish"]
DEEDS: dict[Deed, int] = {
    "drop": 22, "spoil": 5, "delete": 3, "finish": 30, "settle": 10, "deliver": 30, "sweep": 6, "wait": 8, "wish": 3,
}  # fmt: skip


def world_of(policy: DataPolicy) -> World:
    """Return a new world whose pipeline has the data policy."""
    return World(specs={PIPELINE: replace(PIPELINES[PIPELINE], policy=policy)})


@dataclass
class Story:
    """One story: what happens is drawn from the seed."""

    seed: int
    policy: DataPolicy = POLICIES["all"]
    deeds: int = 40
    world: World = field(init=False)
    _acts: dict[Deed, Callable[[], None]] = field(init=False)
    _rows: int = 1  # so many different ones were dropped

    def __post_init__(self) -> None:
        self.world, self.random = world_of(self.policy), Random(self.seed)  # noqa: S311 - a seed that can be replayed
        self._acts = {
            "drop": self._drop,
            "spoil": lambda: self._put("bad\n1\n"),
            "delete": self._delete,
            "finish": self._finish,
            "settle": self.world.account.machines.settle,
            "deliver": self._deliver,
            "sweep": lambda: self.world.look("sweep"),
            "wait": lambda: self.world.account.advance(self.random.choice((1, 60, 600, 7200, 40_000))),
            "wish": self._wish,
        }

    def play(self) -> World:
        """Live through the disorder, then let sweeps alone bring everything to its end."""
        with on(self.world):
            for deed in self._draw(self.deeds):
                self.world.account.fault = self._meanwhile
                self._acts[deed]()
            self.world.account.fault = no_fault
            come_to_rest(self.world)
        return self.world

    def _draw(self, count: int) -> list[Deed]:
        return self.random.choices(list(DEEDS), list(DEEDS.values()), k=count)

    def _meanwhile(self, when: When, number: int, operation: str) -> None:  # noqa: ARG002 - a fault's signature
        """Let something happen in the middle of a look, now and then; it may be another handler's whole look."""
        if self.random.random() < _MEANWHILE:
            self.world.account.fault = no_fault
            self._acts[self._draw(1)[0]]()
            self.world.account.fault = self._meanwhile

    def _drop(self) -> None:
        """Drop rows that nobody has dropped before; now and then also some that somebody has."""
        self._rows += 1
        self._put(f"1\n{self._rows}\n" + ("2\n" if self.random.random() < 0.3 else ""))

    def _put(self, content: str) -> None:
        name = self.random.choice(("a.csv", "b.csv", "c d+e%.csv", "notes.txt") if "bad" in content else _KEYS)
        self.world.drop(name, content)

    def _delete(self) -> None:
        """Delete a file: mark it deleted, or take all its versions away.

        It is not the one that a policy of the latest takes: nothing is learnt again because a file went.
        """
        objects = self.world.account.objects
        kept = {stored.key for stored in newest(self.world, self.policy)} if self.policy.uploads == "latest" else set()
        keys = [key for key in objects.list_keys(f"uploads/{PIPELINE}/") if key not in kept]
        if keys:
            key = self.random.choice(keys)
            if self.random.random() < 0.3:
                objects.forget(key)
            else:
                objects.put(key, None)

    def _finish(self) -> None:
        running = self.world.account.machines.running()
        if running:
            name = self.random.choice(running)
            if self.random.random() < 0.2 and not name.endswith("-3"):  # the last attempt
                finish(self.world.account, name, "Failed", FailureReason=PASSING)
            else:
                finish(self.world.account, name)

    def _deliver(self) -> None:
        """Let one of the waiting events arrive: never, once, or several times."""
        events = self.world.account.events
        if events:
            events.pop(self.random.randrange(len(events)))
            for _ in range(self.random.choice((0, 1, 1, 1, 2, 3))):
                self.world.look("event")

    def _wish(self) -> None:
        number, forced = self.random.randrange(4), self.random.random() < 0.3
        self.world.services.wishes.retrain(PIPELINE, f"wish-{number}", f"alarm {number}", forced=forced)


_MEANWHILE = 0.01  # of all calls
_KEYS = ("a.csv", "b.csv", "c d+e%.csv", "d.csv", "e.csv")


def come_to_rest(world: World) -> None:
    """Drop every event, and sweep while jobs and endpoints end well, until nothing moves."""
    for _ in range(FINISHED_BY):
        world.account.events.clear()
        fence, moved = world.head.fence, world.finish_jobs()
        world.account.machines.settle()
        world.account.advance(600)
        world.look("sweep")
        still = world.head.fence == fence and not moved
        if still and not world.account.events and not world.account.machines.running():
            return
    raise AssertionError(f"the pipeline does not come to rest: {world.head}")
