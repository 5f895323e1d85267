"""The `freshet` command: its group, and where foreseen errors become one line and an exit code."""

from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.errors import FreshetError
from cli.commands.batch import batch
from cli.commands.demo import demo
from cli.commands.down import down
from cli.commands.predict import predict
from cli.commands.runs import runs
from cli.commands.status import status
from cli.commands.token import token
from cli.commands.up import up
from cli.commands.upload import upload
from cli.errors import CliError, StoppedError, explained
from infra.errors import InfraError


class Freshet(click.Group):
    """A group whose commands end foreseen errors in a sentence."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own interface
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (ClientError, BotoCoreError) as error:
            raise explained(error) from error
        except (FreshetError, InfraError) as error:
            raise CliError(str(error)) from error
        except KeyboardInterrupt:
            raise StoppedError("interrupted") from None


@click.group(cls=Freshet, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="freshet")
def main() -> None:
    """Freshet keeps a live model fresh: on this machine, or on AWS.

    `freshet up` starts a local cloud; the other commands then talk to it. With --stage or --profile they talk to AWS.
    Exit codes: 0 done, 1 failed, 2 wrong usage; 130 interrupted; with --wait also 4 refused, 5 failed, 124 not in time.
    """


for command in (up, down, upload, runs, status, predict, batch, token, demo):
    main.add_command(command)
