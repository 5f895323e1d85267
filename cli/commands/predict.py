"""`freshet predict`: ask the model that is live."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines import DEFAULT, PIPELINES
from cli import tables
from cli.address import Wish
from cli.options import Tools, pass_tools, with_screen, with_wish
from cli.screen import Screen


@click.command()
@click.argument("text", metavar="TEXT|JSON|-")
@click.option(
    "--pipeline", type=click.Choice(sorted(PIPELINES)), default=DEFAULT, show_default=True, help="Which one to ask."
)
@with_wish
@with_screen
@pass_tools
def predict(tools: Tools, *, screen: Screen, wish: Wish, text: str, pipeline: str) -> None:
    """Predict one text through the HTTP route; - reads it from standard input.

    A pipeline of other columns takes them as a JSON object: '{"RM": 6.5, "CHAS": "0", ...}'.
    """
    given = _from_stdin() if text == "-" else text
    if not given.strip():
        raise click.BadParameter("there is no text to predict", param_hint="TEXT")
    spec = PIPELINES[pipeline]
    answer = tools.connect(wish).predict(pipeline, _instance(spec, given))
    model = {"model": f"{pipeline}, version {answer['model_version']}"}
    screen.show(answer, lambda: tables.pairs(_in_words(spec, answer["predictions"][0]) | model))


def _instance(spec: PipelineSpec, given: str) -> Mapping[str, Any]:
    """Read what is to be predicted; whether it fits the columns is for the route to say."""
    if spec.text_column is not None:
        return {spec.text_column: given}
    try:
        value = json.loads(given)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        columns = ", ".join(column.name for column in spec.columns)
        raise click.BadParameter(f"{spec.name} takes a JSON object of the columns {columns}", param_hint="JSON")
    return value


def _in_words(spec: PipelineSpec, prediction: Mapping[str, Any]) -> dict[str, str]:
    if spec.regression:
        return {spec.target: f"{prediction['value']:.6g}"}
    return {
        "label": str(prediction["label"]),
        "score": f"{prediction['score']:.4f} (probability of {spec.positive_label})",
    }


def _from_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"it is not UTF-8: byte {error.start} cannot be read", param_hint="-") from error
