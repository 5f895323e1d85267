"""Finds the HTTP route of a path, as API Gateway does: fixed segments before parameters, a greedy parameter last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from localcloud.wiring import Route


@dataclass(frozen=True)
class Found:
    """The route of a request, and the values of its parameters."""

    route: Route
    parameters: Mapping[str, str]


def find_route(routes: Sequence[Route], method: str, raw_path: str) -> Found | None:
    """Look for the most specific resource that the percent-encoded path is of, then for the method on it."""
    parts = raw_path.strip("/").split("/")
    resources = {route.path: _match(route.path.strip("/").split("/"), parts) for route in routes}
    matching = [path for path, values in resources.items() if values is not None]
    if not matching:
        return None
    resource = min(matching, key=_specificity)
    for route in routes:
        if route.path == resource and route.method in {method, "ANY"}:
            return Found(route, resources[resource] or {})
    return None


def _match(pattern: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for index, wanted in enumerate(pattern):
        if wanted.startswith("{") and wanted.endswith("+}"):
            rest = "/".join(parts[index:])
            return {**values, wanted[1:-2]: unquote(rest)} if rest else None
        if index >= len(parts):
            return None
        if wanted.startswith("{") and parts[index]:
            values[wanted.strip("{}")] = unquote(parts[index])
        elif wanted != unquote(parts[index]):
            return None
    return values if len(pattern) == len(parts) else None


def _specificity(path: str) -> list[int]:
    return [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in path.strip("/").split("/")]
