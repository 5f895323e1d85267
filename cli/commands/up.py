"""`freshet up`: start the local cloud with the application on it."""

from collections.abc import Mapping
from pathlib import Path

import click

from cli import environment, local, tables
from cli.address import Address, Wish, state_of
from cli.documents import of_address
from cli.environment import LOCAL_REGION
from cli.errors import StartError
from cli.options import Tools, pass_tools, state_option, with_screen
from cli.screen import Screen

DEFAULT_PORT = 4566


@click.command()
@click.option("--detach", is_flag=True, help="Leave it running and return once it is ready.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes any.",
)
@state_option
@with_screen
@pass_tools
def up(tools: Tools, *, screen: Screen, detach: bool, port: int, state: Path | None) -> None:
    """Start the local cloud with the application on it, until Ctrl-C."""
    launch = local.Launch(state_of(Wish(state), environment.read()), port)
    with local.terminable():
        with screen.busy("starting the local cloud"):
            started = local.start(launch, tools.clock)
        try:
            address = Address(started.stage, LOCAL_REGION, started.cloud.api_url, started.cloud)
            document = {**of_address(address), "token": started.token}
            screen.show(document, lambda: tables.pairs({**_addresses(address), "token": started.token}))
            if detach:
                screen.say("\nIt stays until `freshet down`.")
                return
            screen.say("\nCtrl-C stops it.")
            code = started.process.wait()
        except KeyboardInterrupt:
            screen.say("stopping ...")
            local.stop_child(started)
            screen.say("stopped")
            return
        except BaseException:  # raised on: whatever ends us here, the child must not outlive it
            local.stop_child(started)
            raise
    raise StartError(f"the local cloud ended by itself with exit code {code}: its log is {launch.log}")


def _addresses(address: Address) -> Mapping[str, str]:
    cloud = address.local
    return {
        "page": address.api_url,
        "AWS_ENDPOINT_URL": cloud.endpoint_url if cloud else "",
        "bucket": address.stage.bucket_name,
        "state": f"{cloud.state} (process {cloud.pid})" if cloud else "",
    }
