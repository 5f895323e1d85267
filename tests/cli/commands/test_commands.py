"""The commands on a deployment of paper: what they print, and the exit codes."""

import os
from pathlib import Path

import click
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from click.testing import CliRunner

from chalicelib.core.errors import SettingsError
from chalicelib.core.facts import Upload
from chalicelib.services.stories import Story
from cli.address import Wish
from cli.main import main
from tests.cli.commands.running import lines, run
from tests.cli.fakes import LIVE, FakeConnection, story, tools

ANSWER = {
    "pipeline": "reviews",
    "model_version": "3",
    "variant": "live",
    "inference_id": "i",
    "predictions": [{"label": "positive", "score": 0.9}],
}


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_text("text,label\ngood,positive\n")
    return path


def test_upload(csv_file: Path) -> None:
    """An upload lands where it starts a run, and says under which version."""
    connection = FakeConnection()
    result = run(["upload", "reviews", csv_file, "--json"], connection)
    assert result.exit_code == 0
    assert connection.put_keys == ["uploads/reviews/a.csv"]
    (document,) = lines(result)
    assert document["uploads"][0]["version_id"] == "v1"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ([None, story("preparing"), LIVE], 0),
        ([story("replaced")], 0),
        ([story("superseded")], 0),
        ([story("held")], 3),
        ([story("rejected")], 3),
        ([story("rolled back")], 3),
        ([story("refused")], 4),
        ([story("training"), story("failed")], 5),
        ([story("training")], 124),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_upload_wait(csv_file: Path, script: list[Story | None], code: int, *, as_json: bool) -> None:
    """The exit code tells how it ended; what went wrong is on standard error, and only there."""
    arguments = ["upload", "reviews", csv_file, "--wait", "--timeout", "60", *(["--json"] if as_json else [])]
    result = run(arguments, FakeConnection(script))
    assert result.exit_code == code
    assert ("Error:" in result.stderr) == (code != 0)
    assert "Error:" not in result.stdout
    if as_json:
        assert [line["state"] for line in lines(result)] == [told.state if told else "waiting" for told in script]


def test_upload_wait_shows(csv_file: Path) -> None:
    """A pipe gets a line for each change, then the steps and the metrics."""
    shown = run(["upload", "reviews", csv_file, "--wait"], FakeConnection([None, LIVE])).stdout
    assert "a.csv  live: version 3 answers" in shown
    assert "✓  roll out" in shown
    assert "0.9100   0.9700" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["upload", "unknown", "FILE"],
        ["upload", "reviews", "missing.csv"],
        ["upload", "reviews", "WRONG"],
        ["upload", "reviews", "EMPTY"],
        ["upload", "reviews", "FILE", "FILE"],
        ["upload", "reviews"],
        ["batch", "reviews", "WRONG"],
        ["batch", "reviews", "FILE", "--output", "missing/out.jsonl"],
        ["predict", " "],
        ["predict", "good", "--pipeline", "unknown"],
        ["runs", "unknown"],
        ["demo", "--data", "WRONG"],
        ["up", "--port", "70000"],
    ],
)
def test_usage(csv_file: Path, arguments: list[str]) -> None:
    """Wrong usage is exit code 2, and nothing is sent anywhere."""
    wrong, empty = csv_file.with_suffix(".xlsx"), csv_file.with_name("empty.csv")
    wrong.write_text("x")
    empty.touch()
    named = {"FILE": csv_file, "WRONG": wrong, "EMPTY": empty}
    connection = FakeConnection(answer=ANSWER)
    result = run([named.get(argument, argument) for argument in arguments], connection)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert (connection.put_keys, connection.asked) == ([], [])


def test_batch_output(csv_file: Path, tmp_path: Path) -> None:
    """A batch that is scored is downloaded to one file."""
    connection = FakeConnection([story("scoring"), story("scored", result_prefix="scores/reviews/1/scored/")])
    target = tmp_path / "scores.jsonl"
    result = run(["batch", "reviews", csv_file, "--output", target, "--json"], connection)
    assert result.exit_code == 0
    assert connection.put_keys == ["batch/reviews/input/a.csv"]
    assert lines(result)[-1]["lines"] == 1
    assert "scores/reviews/1/scored/" in target.read_text()


def test_batch_refused(csv_file: Path, tmp_path: Path) -> None:
    """A batch that is refused writes nothing."""
    target = tmp_path / "scores.jsonl"
    result = run(["batch", "reviews", csv_file, "--output", target], FakeConnection([story("refused")]))
    assert result.exit_code == 4
    assert not target.exists()


def test_batch_without_wait(csv_file: Path) -> None:
    """Without --wait a batch only says where its file went."""
    result = run(["batch", "reviews", csv_file])
    assert result.stdout.startswith("s3://freshet-dev-123456789012-us-east-1/batch/reviews/input/a.csv")


@pytest.mark.parametrize(
    ("argument", "stdin", "text"), [("so good", None, "so good"), ("-", b"so g\xc3\xb6d", "so göd")]
)
def test_predict(argument: str, stdin: bytes | None, text: str) -> None:
    """A text is asked about as it is, from the command line or from standard input."""
    connection = FakeConnection(answer=ANSWER)
    result = run(["predict", argument, "--json"], connection, stdin)
    assert lines(result) == [ANSWER]
    assert connection.asked == [("reviews", {"text": text})]


@pytest.mark.parametrize("given", ["-", '{"RM": 6.5}'])
def test_predict_columns(given: str) -> None:
    """A pipeline of several columns is asked by a JSON object of them; a person sees the value of the target."""
    connection = FakeConnection(answer={"model_version": "3", "predictions": [{"value": 24.123456}]})
    result = run(["predict", given, "--pipeline", "housing"], connection, b'{"RM": 6.5}')
    assert connection.asked == [("housing", {"RM": 6.5})]
    assert "MEDV    24.1235" in result.stdout


@pytest.mark.parametrize("given", ["so good", "[1]", "[" * 100_000])
def test_predict_columns_need_an_object(given: str) -> None:
    """Anything but a JSON object is wrong usage, and the columns are named."""
    result = run(["predict", given, "--pipeline", "housing"], FakeConnection())
    assert result.exit_code == 2
    assert "RM" in result.stderr


def test_predict_not_utf8() -> None:
    """Standard input that is no UTF-8 is wrong usage."""
    assert run(["predict", "-"], FakeConnection(answer=ANSWER), b"\xff").exit_code == 2


def test_predict_shows() -> None:
    """A person sees label, score, and which model answered."""
    shown = run(["predict", "good"], FakeConnection(answer=ANSWER)).stdout
    assert "positive" in shown
    assert "0.9000 (probability of positive)" in shown
    assert "reviews, version 3" in shown


def test_runs() -> None:
    """Runs are listed with all that is known, jobs included."""
    (document,) = lines(run(["runs", "--json"]))
    assert document["runs"][0]["metrics"] == LIVE.metrics
    assert document["runs"][0]["jobs"]["train"]["started"] == "2026-11-12T00:00:03+00:00"
    assert "fedcba9876543210" in run(["runs", "reviews"]).stdout
    assert "no runs yet" in run(["runs"], FakeConnection([])).stdout


def test_status() -> None:
    """The status tells the addresses, who answers, and what was dropped."""
    connection = FakeConnection()
    (document,) = lines(run(["status", "--json"], connection))
    assert document["endpoint_url"] == "http://127.0.0.1:4566"
    assert document["dead_letters"] == 2
    assert document["pipelines"][0]["version"] == 3
    assert document["pipelines"][0]["wanted"] == 3
    shown = run(["status"], connection).stdout
    assert "http://127.0.0.1:4566/dev/" in shown
    assert "2, see http://127.0.0.1:4566/_localcloud/dead-letters" in shown


def test_wish(tmp_path: Path) -> None:
    """The options that choose a cloud reach whoever connects."""
    wishes: list[Wish] = []
    given = tools(FakeConnection(), wishes)
    CliRunner().invoke(main, ["status", "--state", str(tmp_path)], obj=given)
    CliRunner().invoke(main, ["runs", "--stage", "prod", "--profile", "work"], obj=given)
    assert wishes == [Wish(tmp_path), Wish(None, "prod", "work")]


def test_lines_are_whole(csv_file: Path) -> None:
    """In a pipe a change is one line, however long its reason: lines are what is searched for there."""
    refused = story("failed", reason="a long reason " * 30)
    shown = run(["upload", "reviews", csv_file, "--wait"], FakeConnection([refused])).stdout
    assert shown.splitlines()[0].rstrip().endswith(refused.reason.rstrip())


def test_poor_terminals(csv_file: Path) -> None:
    """Where the encoding knows no tick, something else is shown, and the command goes on."""
    runner = CliRunner(charset="ascii")
    result = runner.invoke(main, ["upload", "reviews", str(csv_file), "--wait"], obj=tools(FakeConnection()))
    assert result.exit_code == 0
    assert "?  roll out" in result.stdout


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A file whose name is not UTF-8 cannot be an object's key: wrong usage, said before anything is sent."""
    path = Path(os.fsdecode(bytes(tmp_path) + b"/a\xff.csv"))
    path.write_text("text\n")
    connection = FakeConnection()
    result = run(["batch", "reviews", path], connection)
    assert result.exit_code == 2
    assert "is not UTF-8: rename it" in result.stderr
    assert connection.put_keys == []


def test_interrupted(csv_file: Path) -> None:
    """Ctrl-C ends a command with the code that shells know."""

    class Interrupted(FakeConnection):
        def put(self, *_: object) -> Upload:
            raise KeyboardInterrupt

    result = run(["upload", "reviews", csv_file], Interrupted())
    assert result.exit_code == 130
    assert result.stderr == "Error: interrupted\n"


DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), "does the cloud at that address run?"),
        (DENIED, "PutObject answered AccessDenied: no (the credentials in use lack this permission)"),
        (SettingsError("FRESHET_BUCKET is not set"), "FRESHET_BUCKET is not set"),
    ],
)
def test_foreseen(csv_file: Path, error: Exception, words: str) -> None:
    """What can be foreseen to fail ends in a sentence and exit code 1, wherever it happens."""

    class Failing(FakeConnection):
        def put(self, *_: object) -> Upload:
            raise error

    result = run(["upload", "reviews", csv_file, "--json"], Failing())
    assert result.exit_code == 1
    assert result.stdout == ""
    assert words in result.stderr


def test_no_cloud(tmp_path: Path) -> None:
    """Without a cloud, every command that needs one says how to start it."""
    for arguments in (["status"], ["runs"], ["predict", "good"]):
        result = CliRunner().invoke(main, [*arguments, "--state", str(tmp_path)])
        assert result.exit_code == 1
        assert "`freshet up`" in result.stderr


def test_json_everywhere() -> None:
    """Every command takes --json, as scripts may rely on."""
    single = {
        f"{name} {inner}": one
        for name, command in main.commands.items()
        for inner, one in (command.commands if isinstance(command, click.Group) else {"": command}).items()
    }
    for name, command in single.items():
        assert any("--json" in parameter.opts for parameter in command.params), name
