"""Who answers: a fleet of servers for each endpoint, swapped as one step, never stopped while it owes an answer.

A request takes its server and counts itself in under the same lock under which fleets are swapped, so after a swap no
request can reach the old fleet, and the count of those still in flight there only falls.
"""

import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from localcloud.errors import ConcurrencyError, NoServerError, UnknownVariantError
from localcloud.sagemaker.capture_config import CaptureSpec
from localcloud.sagemaker.model_server import ModelServer


@dataclass(eq=False)
class Instance:
    """One server in a fleet."""

    server: ModelServer
    in_flight: int = 0


@dataclass(frozen=True)
class Variant:
    """The servers of one production variant, with its share of the traffic."""

    name: str
    weight: float
    instances: tuple[Instance, ...]
    concurrency: int | None = None  # invocations at once, of a serverless one

    @property
    def in_flight(self) -> int:
        """How many invocations its servers answer now."""
        return sum(instance.in_flight for instance in self.instances)


@dataclass(frozen=True, eq=False)
class Fleet:
    """All variants of an endpoint."""

    variants: Mapping[str, Variant] = field(default_factory=dict)
    capture: CaptureSpec | None = None  # what becomes of its invocations
    config: str = ""  # the endpoint config's name

    @property
    def instances(self) -> list[Instance]:
        """Every instance."""
        return [instance for variant in self.variants.values() for instance in variant.instances]


@dataclass(frozen=True, eq=False)
class Lease:
    """A server that is not stopped until the lease is given back."""

    variant: Variant
    instance: Instance
    capture: CaptureSpec | None
    config: str


class Router:
    """The fleets in service, by region and endpoint name."""

    def __init__(self, choose: random.Random) -> None:
        self._choose = choose
        self._changed = threading.Condition()
        self._fleets: dict[tuple[str, str], Fleet] = {}
        self._expected: set[tuple[str, str]] = set()
        self._closed = False

    def expect(self, region: str, endpoint: str) -> None:
        """Let requests for an endpoint wait, as its fleet is about to come."""
        with self._changed:
            self._expected.add((region, endpoint))

    def take(self, region: str, endpoint: str, target: str | None, patience: float = 0.0) -> Lease | None:
        """Choose a server, by weight or of the target variant; None if no such endpoint is in service.

        It waits where a fleet is about to come, or where all servers of a variant have ended and are started again.

        Raises
        ------
        NoServerError, UnknownVariantError, ConcurrencyError
            If an endpoint that is in service has no server, also not after ``patience`` seconds; if it has no such
            variant; if the variant is serverless and answers as many as it may.
        """
        deadline = monotonic() + patience
        with self._changed:
            while not self._closed:
                fleet = self._fleets.get((region, endpoint))
                if (region, endpoint) not in self._expected:
                    if fleet is None:
                        return None
                    if (lease := self._lease(endpoint, fleet, target)) is not None:
                        return lease
                if not self._changed.wait(deadline - monotonic()):
                    break
            raise NoServerError(endpoint)

    def look_again(self) -> None:
        """Let those who wait for a server see that one was started."""
        with self._changed:
            self._changed.notify_all()

    def give_back(self, lease: Lease) -> None:
        """End a lease."""
        with self._changed:
            lease.instance.in_flight -= 1
            if not lease.instance.in_flight:
                self._changed.notify_all()

    def swap(self, region: str, endpoint: str, fleet: Fleet | None) -> Fleet:
        """Let ``fleet`` answer from now on (None: nobody); returns the fleet that answered until now."""
        with self._changed:
            old = self._fleets.pop((region, endpoint), Fleet())
            if fleet is not None:
                self._fleets[(region, endpoint)] = fleet
            self._expected.discard((region, endpoint))
            self._changed.notify_all()
            return old

    def replace(self, region: str, endpoint: str, old: Fleet, new: Fleet) -> bool:
        """Let ``new`` answer if it is ``old`` that does; whether it was."""
        with self._changed:
            if self._fleets.get((region, endpoint)) is not old:
                return False
            self._fleets[(region, endpoint)] = new
            self._changed.notify_all()
            return True

    def fleet(self, region: str, endpoint: str) -> Fleet:
        """Return the fleet that answers."""
        with self._changed:
            return self._fleets.get((region, endpoint), Fleet())

    def servers(self) -> list[ModelServer]:
        """Return every server in service."""
        with self._changed:
            return [instance.server for fleet in self._fleets.values() for instance in fleet.instances]

    def clear(self) -> list[Fleet]:
        """Let nobody answer any more; returns the fleets."""
        with self._changed:
            self._closed = True
            fleets = list(self._fleets.values())
            self._fleets.clear()
            self._changed.notify_all()
            return fleets

    def drain(self, instances: Sequence[Instance], timeout: float, closing: threading.Event) -> None:
        """Wait until instances that were swapped out owe no answer any more."""
        deadline = monotonic() + timeout
        with self._changed:
            while any(instance.in_flight for instance in instances) and not closing.is_set():
                left = deadline - monotonic()
                if left <= 0:
                    return
                self._changed.wait(min(left, 1.0))

    def _lease(self, endpoint: str, fleet: Fleet, target: str | None) -> Lease | None:
        """Count a request in at a server; None if none of its variant's is ready."""
        if not fleet.variants:
            raise NoServerError(endpoint)
        variant = self._pick(fleet, target)
        if variant.concurrency is not None and variant.in_flight >= variant.concurrency:
            raise ConcurrencyError(variant.name)
        ready = [instance for instance in variant.instances if instance.server.ready()]
        if not ready:
            return None
        instance = min(ready, key=lambda each: each.in_flight)
        instance.in_flight += 1
        return Lease(variant, instance, fleet.capture, fleet.config)

    def _pick(self, fleet: Fleet, target: str | None) -> Variant:
        if target is not None:
            if target not in fleet.variants:
                raise UnknownVariantError(target)
            return fleet.variants[target]
        variants = list(fleet.variants.values())
        weights = [variant.weight for variant in variants]
        return self._choose.choices(variants, weights if any(weights) else None)[0]
