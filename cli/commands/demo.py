"""`freshet demo`: the main job in one command, on a local cloud of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.text import Text

from chalicelib.core import places
from chalicelib.pipelines import DEFAULT, PIPELINES
from cli import documents, environment, local, render, sample, tables
from cli.address import Wish, state_of
from cli.connection import Connection, predict_url
from cli.errors import CliError, StoppedError
from cli.options import Tools, check_file, pass_tools, patience_for, with_screen
from cli.screen import Screen
from cli.sending import put
from cli.watch import of_upload, outcome, watch

SENTENCES = (
    "A warm and clever film; the cast is wonderful and I did not want it to end.",
    "The plot is lazy, the dialogue is painful, and I looked at my watch all the time.",
    "The script is weak and the villain silly, yet the music is beautiful.",
)
_TIMEOUT_S = 900.0
_SEED = 7
_ROWS = 2_400  # enough for `policies.SMALL_DATASET`: fewer are also cross-validated, which takes longer


@click.command()
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="Your own labelled file (columns text, label and title; .csv or .jsonl, also .gz) instead of a sample.",
)
@click.option(
    "--rows", type=click.IntRange(200, 100_000), default=_ROWS, show_default=True, help="Rows of the synthetic sample."
)
@click.option("--keep", is_flag=True, help="Leave the local cloud running, with its page, until `freshet down`.")
@with_screen
@pass_tools
def demo(tools: Tools, *, screen: Screen, data: Path | None, rows: int, keep: bool) -> None:
    """Show the main job: upload, train, test, deploy, predict, on this machine alone."""
    if data:
        check_file(data, DEFAULT)
    try:
        with local.terminable(), _workspace() as folder:
            state = state_of(Wish(), environment.read()) if keep else folder / "state"
            with _local_cloud(tools, state, screen, keep=keep):
                connection = tools.connect(Wish(state))
                _show(tools, connection, _labelled(folder, data, rows, screen), screen)
                _say_goodbye(connection, screen, keep=keep)
    except KeyboardInterrupt:
        raise StoppedError("interrupted: the local cloud is stopped, nothing is left") from None


@contextmanager
def _workspace() -> Iterator[Path]:
    """Make a folder that goes at the end, except when something failed: then its logs are needed."""
    folder = Path(tempfile.mkdtemp(prefix="freshet-demo-")).resolve()
    failed = False
    try:
        yield folder
    except CliError:
        failed = True
        raise
    finally:
        if not failed:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _local_cloud(tools: Tools, state: Path, screen: Screen, *, keep: bool) -> Iterator[None]:
    """Run a local cloud; it is kept only if all went well and that was asked for."""
    screen.say(Text("Freshet: from labelled reviews to a live model, on this machine", "bold"))
    screen.say()
    with screen.busy("starting the local cloud"):
        started = local.start(local.Launch(state, port=0), tools.clock)
    kept = False
    try:
        yield
        kept = keep
    finally:
        if not kept:
            local.stop_child(started)


def _labelled(folder: Path, data: Path | None, rows: int, screen: Screen) -> Path:
    if data:
        screen.say(tables.pairs({"data": f"{data}, {data.stat().st_size:,} bytes"}))
        return data
    path = folder / "sample.csv"
    sample.write(path, rows, _SEED)
    screen.say(tables.pairs({"sample": f"{rows:,} invented reviews of {sample.FILMS} films (seed {_SEED})"}))
    return path


def _show(tools: Tools, connection: Connection, path: Path, screen: Screen) -> None:
    address = connection.address
    if screen.as_json:
        screen.line({"event": "cloud", **documents.of_address(address)})
    else:
        place = address.local.endpoint_url if address.local else address.api_url
        screen.say(tables.pairs({"cloud ": f"{place}, for boto3 as AWS_ENDPOINT_URL"}))
    _section(screen, f"One upload to s3://{address.stage.bucket_name}/{places.upload_key(DEFAULT, '')}")
    upload = put(connection, path, places.upload_key(DEFAULT, path.name), screen)
    if screen.as_json:
        screen.line({"event": "uploaded", **documents.of_upload(upload)})
    sight = of_upload("run", DEFAULT, upload, connection.run_of)
    patience = patience_for(connection, _TIMEOUT_S)
    (sight,) = watch((sight,), patience, tools.clock, screen)
    problem = outcome((sight,), patience, address)
    if problem:
        raise problem
    if sight.story and sight.story.metrics:
        _section(screen, f"On {sight.story.rows.get('test', 0):,} held-out rows")
        screen.say(render.metrics(sight.story))
    _predict(connection, screen)


def _predict(connection: Connection, screen: Screen) -> None:
    answers = [connection.predict(DEFAULT, {"text": text}) for text in SENTENCES]
    if screen.as_json:
        for text, answer in zip(SENTENCES, answers, strict=True):
            screen.line({"event": "prediction", "text": text, **answer})
        return
    firsts = [answer["predictions"][0] for answer in answers]
    rows = [(first["label"], first["score"], text) for first, text in zip(firsts, SENTENCES, strict=True)]
    _section(screen, f"Three sentences, by POST {predict_url(connection.address, DEFAULT)}")
    screen.say(render.predictions(rows, PIPELINES[DEFAULT].positive_label))


def _say_goodbye(connection: Connection, screen: Screen, *, keep: bool) -> None:
    address = connection.address
    if screen.as_json:
        screen.line({"event": "done", "kept": keep, "page_url": address.api_url})
        return
    _section(screen, "The page, to type reviews of your own")
    if keep:
        screen.say(f"{address.api_url}  until `freshet down`")
    else:
        screen.say(f"{address.api_url}  was up as long as this demo.")
        screen.say("`freshet demo --keep` leaves it up with this model; `make up` starts an empty local cloud.")


def _section(screen: Screen, title: str) -> None:
    screen.say()
    screen.say(Text(title, "bold"))
