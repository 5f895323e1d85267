"""After a wish: somebody should look at once. Where nobody can be asked, the next sweep does it, and that is said."""

import click

from chalicelib.core.errors import CallError
from cli.connection import Connection


def ask_for_look(connection: Connection, pipeline: str) -> None:
    """Ask for a look; a person is told, on standard error, if it comes only with the next sweep."""
    try:
        connection.ask_for_look(pipeline)
    except CallError as error:
        click.echo(f"Note: nobody could be asked to look at once ({error}): the next sweep will, in minutes", err=True)
