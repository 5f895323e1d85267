"""What the commands share: their options, the pipeline and file arguments, and what they are given to work with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from chalicelib.core import places
from chalicelib.pipelines import PIPELINES
from cli import environment
from cli.address import Wish, configured_aws, resolve
from cli.clock import Clock
from cli.connection import Connection, connect
from cli.screen import open_screen
from cli.watch import Patience

Command = TypeVar("Command", bound=Callable[..., Any])
_INTERVAL_LOCAL_S, _INTERVAL_AWS_S = 0.4, 5.0
DEFAULT_TIMEOUT_S = 3600.0


def _connect(wish: Wish) -> Connection:
    return connect(resolve(wish, environment.read(), aws=configured_aws))


@dataclass(frozen=True)
class Tools:
    """What a command works with; tests bring their own."""

    connect: Callable[[Wish], Connection] = _connect
    clock: Clock = field(default_factory=Clock)


pass_tools = click.make_pass_decorator(Tools, ensure=True)


def with_screen(command: Command) -> Command:
    """Add ``--json`` and hand the command a `Screen`."""

    @click.option("--json", "as_json", is_flag=True, help="Write JSON, and nothing else, to standard output.")
    @wraps(command)
    def wrapped(*args: Any, as_json: bool, **options: Any) -> Any:  # noqa: ANN401 - click's own interface
        return command(*args, screen=open_screen(as_json=as_json), **options)

    return wrapped  # type: ignore[return-value] # click calls it by keywords


def state_option(command: Command) -> Command:
    """Add ``--state``."""
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        help="State directory of the local cloud (default: FRESHET_STATE, or .freshet in the checkout).",
    )(command)


def with_wish(command: Command) -> Command:
    """Add the options that choose a cloud, and hand the command a `Wish`."""

    @state_option
    @click.option("--stage", help="A stage on AWS, for instance dev: found by its stack freshet-STAGE.")
    @click.option("--profile", help="A profile of your AWS configuration; means AWS.")
    @wraps(command)
    def wrapped(*args: Any, state: Path | None, stage: str | None, profile: str | None, **options: Any) -> Any:  # noqa: ANN401
        return command(*args, wish=Wish(state, stage, profile), **options)

    return wrapped  # type: ignore[return-value] # click calls it by keywords


def wait_options(command: Command) -> Command:
    """Add ``--wait`` and ``--timeout``."""
    timeout = click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        default=DEFAULT_TIMEOUT_S,
        show_default=True,
        metavar="SECONDS",
        help="Wait no longer than this; then exit with 124, while the work goes on.",
    )
    return click.option("--wait", is_flag=True, help="Show progress until it has ended.")(timeout(command))


def pipeline_argument(*, required: bool = True) -> Callable[[Command], Command]:
    """Add ``PIPELINE``, one of those that exist."""
    name = "PIPELINE" if required else "[PIPELINE]"
    return click.argument("pipeline", type=click.Choice(sorted(PIPELINES)), required=required, metavar=name)


version_argument = click.argument("version", type=click.IntRange(min=1), metavar="VERSION")


def file_argument(*, many: bool = False) -> Callable[[Command], Command]:
    """Add ``FILE``, after ``PIPELINE``: it must be there and of a kind that it accepts, or nothing is sent anywhere."""
    return click.argument(
        "files" if many else "file",
        type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
        nargs=-1 if many else 1,
        required=True,
        metavar="FILE..." if many else "FILE",
        callback=_check_files if many else _check_file,
    )


def patience_for(connection: Connection, timeout: float) -> Patience:
    """Return how to wait: AWS is asked less often, its steps take minutes."""
    return Patience(timeout, _INTERVAL_LOCAL_S if connection.address.local else _INTERVAL_AWS_S)


def check_file(path: Path, pipeline: str) -> Path:
    """Refuse a file that the application would refuse.

    Raises
    ------
    click.BadParameter
        With the reason.
    """
    intake = PIPELINES[pipeline].intake
    reason = places.refusal(path.name, path.stat().st_size, intake) or _unspeakable(path.name)
    if reason:
        raise click.BadParameter(f"{click.format_filename(path)}: {reason}")
    return path


def _unspeakable(name: str) -> str | None:
    """Say why a name cannot be an object's key, which is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "the file's name is not UTF-8: rename it"
    return None


def _check_file(context: click.Context, _parameter: click.Parameter, path: Path) -> Path:
    return check_file(path, context.params["pipeline"])


def _check_files(context: click.Context, _parameter: click.Parameter, paths: Sequence[Path]) -> Sequence[Path]:
    names = [check_file(path, context.params["pipeline"]).name for path in paths]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise click.BadParameter(f"{min(twice)} is named twice: one would replace the other in the bucket")
    return paths
