"""Runs the command line on a deployment of paper."""

import json
from collections.abc import Sequence
from typing import Any

from click.testing import CliRunner, Result

from cli.main import main
from tests.cli.fakes import FakeConnection, tools


def run(arguments: Sequence[object], connection: FakeConnection | None = None, stdin: bytes | None = None) -> Result:
    """Run the command line on a connection."""
    given = tools(connection or FakeConnection())
    return CliRunner().invoke(main, [str(argument) for argument in arguments], obj=given, input=stdin)


def lines(result: Result) -> list[dict[str, Any]]:
    """Read standard output as JSON Lines; anything else in it fails."""
    return [json.loads(line) for line in result.stdout.splitlines()]
