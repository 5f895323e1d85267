"""`freshet predict`: ask the model that is live."""

import sys

import click

from chalicelib.pipelines import DEFAULT, PIPELINES
from cli import render
from cli.address import Wish
from cli.options import Tools, pass_tools, with_screen, with_wish
from cli.screen import Screen


@click.command()
@click.argument("text", metavar="TEXT|-")
@click.option(
    "--pipeline", type=click.Choice(sorted(PIPELINES)), default=DEFAULT, show_default=True, help="Which one to ask."
)
@with_wish
@with_screen
@pass_tools
def predict(tools: Tools, *, screen: Screen, wish: Wish, text: str, pipeline: str) -> None:
    """Predict one text through the HTTP route; - reads it from standard input."""
    given = _from_stdin() if text == "-" else text
    if not given.strip():
        raise click.BadParameter("there is no text to predict", param_hint="TEXT")
    answer = tools.connect(wish).predict(pipeline, given)
    first = answer["predictions"][0]
    words = {
        "label": str(first["label"]),
        "score": f"{first['score']:.4f} (probability of {PIPELINES[pipeline].positive_label})",
        "model": f"{pipeline}, version {answer['model_version']}",
    }
    screen.show(answer, lambda: render.pairs(words))


def _from_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"it is not UTF-8: byte {error.start} cannot be read", param_hint="-") from error
