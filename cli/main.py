"""The `freshet` command: its group, and where foreseen errors become one line and an exit code."""

from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.errors import FreshetError, WishError
from cli.commands.batch import batch
from cli.commands.demo import demo
from cli.commands.down import down
from cli.commands.drift import drift
from cli.commands.explain import explain
from cli.commands.judge import approve, reject
from cli.commands.plan import plan
from cli.commands.predict import predict
from cli.commands.retrain import retrain
from cli.commands.rollback import rollback
from cli.commands.runs import runs
from cli.commands.status import status
from cli.commands.token import token
from cli.commands.up import up
from cli.commands.upload import upload
from cli.errors import CliError, NotGrantedError, StoppedError, explained
from infra.errors import InfraError

_EXIT_CODES = """\b
Exit codes:
  0    done; with --wait and in the demo: live, or rightly nothing to do
       (replaced by a newer version, superseded by a newer upload)
  1    the command failed
  2    wrong usage, or what was asked for cannot be granted
  3    not promoted: held or rejected by the gate or a person, or rolled back
  4    the data was refused
  5    a job or the roll-out failed
  124  it did not end in time, and goes on
  130  interrupted"""


class Freshet(click.Group):
    """A group whose commands end foreseen errors in a sentence."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own interface
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (ClientError, BotoCoreError) as error:
            raise explained(error) from error
        except WishError as error:
            raise NotGrantedError(str(error)) from error
        except (FreshetError, InfraError) as error:
            raise CliError(str(error)) from error
        except KeyboardInterrupt:
            raise StoppedError("interrupted") from None


@click.group(cls=Freshet, epilog=_EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="freshet")
def main() -> None:
    """Freshet keeps a live model fresh: on this machine, or on AWS.

    `freshet up` starts a local cloud; the other commands then talk to it. With --stage or --profile they talk to AWS.
    """


COMMANDS = (
    *(up, down, demo),
    *(upload, retrain, runs, status, plan, explain),
    *(approve, reject, rollback),
    *(predict, batch, drift, token),
)
for command in COMMANDS:
    main.add_command(command)
