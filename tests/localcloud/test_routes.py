import pytest

from localcloud.routes import find_route
from localcloud.wiring import Route

ROUTES = [
    Route("/", "GET"),
    Route("/items", "GET"),
    Route("/items", "POST"),
    Route("/items/{name}", "GET"),
    Route("/items/all", "GET"),
    Route("/items/{name}/parts/{part}", "GET"),
    Route("/files/{proxy+}", "GET"),
]


@pytest.mark.parametrize(
    ("method", "path", "route", "parameters"),
    [
        ("GET", "/", "/", {}),
        ("POST", "/items", "/items", {}),
        ("GET", "/items/", "/items", {}),
        ("GET", "/items/all", "/items/all", {}),
        ("GET", "/items/one", "/items/{name}", {"name": "one"}),
        ("GET", "/items/a%2Fb%20c", "/items/{name}", {"name": "a/b c"}),
        ("GET", "/items/1/parts/2", "/items/{name}/parts/{part}", {"name": "1", "part": "2"}),
        ("GET", "/files/a/b", "/files/{proxy+}", {"proxy": "a/b"}),
    ],
)
def test_found(method: str, path: str, route: str, parameters: dict[str, str]) -> None:
    """A path finds its most specific resource, with the parameters' values decoded."""
    found = find_route(ROUTES, method, path)
    assert found is not None
    assert (found.route.path, found.parameters) == (route, parameters)


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/items"), ("GET", "/other"), ("GET", "/items//parts/2"), ("GET", "/files/")]
)
def test_not_found(method: str, path: str) -> None:
    """A path without a resource, or a method the resource does not have, finds nothing."""
    assert find_route(ROUTES, method, path) is None
