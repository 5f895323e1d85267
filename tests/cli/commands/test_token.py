"""`freshet token` on a deployment of paper."""

import json
from typing import Any

from click.testing import CliRunner, Result

from cli.main import main
from tests.cli.fakes import FakeConnection, tools


def run(connection: FakeConnection, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["token", *arguments], obj=tools(connection))


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_create_list_revoke() -> None:
    """A token is shown once, opens for its caller, is listed without being told, and opens nothing once ended."""
    connection = FakeConnection()
    made = document(run(connection, "create", "ann", "--json"))
    assert connection.gatekeeper.caller(f"Bearer {made['token']}") == "ann"
    listed = run(connection, "list", "--json")
    (one,) = document(listed)["tokens"]
    assert one["name"] == "ann"
    assert made["token"] not in listed.stdout
    assert document(run(connection, "revoke", "ann", "--json")) == {"name": "ann", "revoked": 1}
    assert connection.gatekeeper.caller(f"Bearer {made['token']}") is None
    assert document(run(connection, "list", "--json")) == {"tokens": []}


def test_for_people() -> None:
    """People are told how to use a token, that it is not shown again, and that its end takes some minutes."""
    connection = FakeConnection()
    assert "no tokens yet" in run(connection, "list").stdout
    created = run(connection, "create", "ann").stdout
    assert "Authorization: Bearer " in created
    assert "shown only now" in created
    assert "ann, since 2026-11-12" in run(connection, "list").stdout
    assert "five minutes" in run(connection, "revoke", "ann").stdout


def test_refusals() -> None:
    """A name that cannot be used, and one without tokens, end in a sentence."""
    connection = FakeConnection()
    for arguments, words in ((("create", "a b"), "is no name"), (("revoke", "ann"), "ann has no token")):
        refused = run(connection, *arguments)
        assert refused.exit_code == 1
        assert words in refused.stderr
