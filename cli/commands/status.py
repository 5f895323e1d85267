"""`freshet status`: where the cloud is, and which model answers."""

import click
from rich.console import Group, RenderableType

from chalicelib.pipelines import PIPELINES
from cli import render
from cli.address import Address, Wish
from cli.documents import of_address, of_live
from cli.options import Tools, pass_tools, with_screen, with_wish
from cli.screen import Screen

_LOOKED_AT = 5  # newest dataset versions of a pipeline, among which active ones are counted


@click.command()
@with_wish
@with_screen
@pass_tools
def status(tools: Tools, *, screen: Screen, wish: Wish) -> None:
    """Show where the cloud is, and which model of each pipeline answers."""
    connection = tools.connect(wish)
    found = [connection.live(name) for name in PIPELINES]
    active = {name: sum(not story.settled for story in connection.runs(name, _LOOKED_AT)) for name in PIPELINES}
    letters = connection.dead_letters()
    document = {
        **of_address(connection.address),
        "pipelines": [{**of_live(live), "active_runs": active[live.pipeline]} for live in found],
        "dead_letters": letters,
    }

    def picture() -> RenderableType:
        head = render.pairs(_head(connection.address, letters))
        return Group(head, "", render.endpoints(found, active, width=screen.console.width))

    screen.show(document, picture)


def _head(address: Address, letters: int | None) -> dict[str, str]:
    head = {"page": address.api_url, "bucket": address.stage.bucket_name}
    if address.local:
        head |= {"AWS_ENDPOINT_URL": address.local.endpoint_url, "process": str(address.local.pid)}
    else:
        head |= {"stage": f"{address.stage.name} on AWS, {address.region}"}
    if letters is not None:
        noted = f"{letters}, see {address.local.dead_letters_url}" if letters and address.local else str(letters)
        head["dead letters"] = noted
    return head
