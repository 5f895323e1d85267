import ast
import json
import re
import shutil
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.pipelines import PIPELINES
from infra import archive
from infra.errors import PackageError
from infra.finish import functions, rules
from infra.package import PROJECT, Package, lint, main, package

# No timed assertion: the bar itself (0.5 s) is held and printed by the program; this only notices a heavy import.
GENEROUS_CPU_S = 3.0


def test_bars(made: Package) -> None:
    """The unzipped package is under 10 MB, holds nothing compiled, and imports without a heavy library."""
    assert made.contents.unzipped_bytes < archive.MAX_UNZIPPED_BYTES
    assert not [name for name in made.contents.names if archive.COMPILED.search(name)]
    assert made.import_cpu_s < GENEROUS_CPU_S


def test_only_the_application_is_shipped(made: Package) -> None:
    """The zip holds the application, Chalice's runtime and the requirements, nothing else of the checkout."""
    tops = {name.split("/", 1)[0] for name in made.contents.names if ".dist-info/" not in name and ".data/" not in name}
    assert tops == {"app.py", "chalice", "chalicelib", "aws_lambda_powertools", "jmespath", "typing_extensions.py"}


def test_page_is_shipped(made: Package) -> None:
    """The page's files, which are no Python, are in the zip."""
    shipped = {name for name in made.contents.names if name.startswith("chalicelib/web/")}
    assert {f"chalicelib/web/{path.name}" for path in (PROJECT / "chalicelib" / "web").glob("*.html")} <= shipped


def test_reproducible(made: Package, tmp_path: Path) -> None:
    """Both stages, packaged at different times, have the same code to the byte."""
    assert package(stage="prod", out=tmp_path).zip.read_bytes() == made.zip.read_bytes()


def test_runtime(deployed: dict[str, Any]) -> None:
    """Every function runs on Python 3.12 or later, whatever interpreter packaged it."""
    assert {item["Properties"]["Runtime"] for item in functions(deployed).values()} <= {"python3.12", "python3.13"}


def test_every_function_has_a_dead_letter_queue(deployed: dict[str, Any]) -> None:
    """An event that a function failed on three times is kept."""
    queue = deployed["Globals"]["Function"]["DeadLetterQueue"]
    assert queue["TargetArn"] == {"Fn::GetAtt": ["FunctionDeadLetters", "Arn"]}
    assert not [name for name, item in functions(deployed).items() if "DeadLetterQueue" in item["Properties"]]


def test_every_rule_has_a_dead_letter_queue(deployed: dict[str, Any]) -> None:
    """An event that a rule could not deliver is kept."""
    events = [event for item in functions(deployed).values() for event in rules(item).values()]
    assert len(events) >= 3
    assert all(event["Properties"].get("DeadLetterConfig") for event in events)


def test_every_event_function_has_a_rule(deployed: dict[str, Any]) -> None:
    """Each function is called by a rule, but for the two that API Gateway calls."""
    assert {name for name, item in functions(deployed).items() if not rules(item)} == {"APIHandler", "Authorize"}


def test_every_function_has_a_log_group(deployed: dict[str, Any]) -> None:
    """Each function's log group exists before it logs, under its own name, and forgets."""
    groups = [item["Properties"] for item in deployed["Resources"].values() if item["Type"] == "AWS::Logs::LogGroup"]
    named = {group["LogGroupName"]["Fn::Sub"] for group in groups}
    assert named == {f"/aws/lambda/${{{name}}}" for name in functions(deployed)}
    assert {group["RetentionInDays"] for group in groups} == {14}


def test_every_function_has_the_settings(deployed: dict[str, Any]) -> None:
    """Bucket, table, topic, role, image and stage reach every function."""
    shared = set(deployed["Globals"]["Function"]["Environment"]["Variables"])
    assert shared == {
        "FRESHET_BUCKET",
        "FRESHET_TABLE",
        "FRESHET_TOPIC_ARN",
        "FRESHET_ROLE_ARN",
        "FRESHET_IMAGE_URI",
        "FRESHET_CORS_ORIGINS",
        "FRESHET_LABELS_PER_HOUR",
    }
    for item in functions(deployed).values():
        assert item["Properties"]["Environment"]["Variables"] == {"FRESHET_STAGE": "dev"}


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for item in items for text in _strings(item)]


def test_rules_filter_on_the_stage(deployed: dict[str, Any]) -> None:
    """Stages share an account's event bus: a pattern names the stage's prefix, with hyphen, or our event's stage."""
    for item in functions(deployed).values():
        for event in rules(item).values():
            if event["Type"] == "Schedule":
                continue
            filters = event["Properties"]["Pattern"]
            narrowed = _strings({key: filters[key] for key in ("detail", "resources") if key in filters})
            ours = filters.get("source") == ["freshet"]
            assert (narrowed == ["dev"]) if ours else ("freshet-dev-" in narrowed), filters


def test_the_api(deployed: dict[str, Any]) -> None:
    """The API is regional (29 s is then no hard limit), throttled, and its stage is the application's."""
    properties = deployed["Resources"]["RestAPI"]["Properties"]
    assert (properties["EndpointConfiguration"], properties["StageName"]) == ("REGIONAL", "dev")
    assert properties["OpenApiVersion"] == "2.0"  # without it SAM adds a second stage named "Stage"
    assert properties["MethodSettings"][0]["ResourcePath"] == "/*"
    assert deployed["Resources"]["APIHandler"]["Properties"]["Timeout"] == 30
    assert "EndpointURL" in deployed["Outputs"]


def test_who_may_call(deployed: dict[str, Any]) -> None:
    """No route is without the authorizer but those that read, the preflights and, on these stages, predict."""
    api = deployed["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    guards = {
        (method, path): [name for scheme in route.get("security", []) for name in scheme]
        for path, methods in api["paths"].items()
        for method, route in methods.items()
    }
    unguarded = {route for route, names in guards.items() if not names and route[0] not in {"get", "options"}}
    assert unguarded == {("post", "/predict"), ("post", "/pipelines/{pipeline}/predict")}
    assert guards["post", "/feedback"] == ["authorize"]
    authorizer = api["securityDefinitions"]["authorize"]["x-amazon-apigateway-authorizer"]
    assert (authorizer["type"], authorizer["authorizerResultTtlInSeconds"]) == ("token", 300)
    assert "Authorize" in json.dumps(authorizer["authorizerUri"])
    permissions = [item for item in deployed["Resources"].values() if item["Type"] == "AWS::Lambda::Permission"]
    assert {"Fn::GetAtt": ["Authorize", "Arn"]} in [item["Properties"]["FunctionName"] for item in permissions]


@pytest.mark.parametrize(
    ("origins", "accepted"),
    [
        ("", True),
        ("https://pages.example", True),
        ("https://pages.example,http://localhost:3000", True),
        ("*", False),
        ("https://*.example", False),
        ("https://pages.example/", False),
        ("https://pages.example, https://b.example", False),
    ],
)
def test_origins_are_named(deployed: dict[str, Any], origins: str, *, accepted: bool) -> None:
    """Pages of other origins are let in by name only."""
    assert bool(re.fullmatch(deployed["Parameters"]["CorsOrigins"]["AllowedPattern"], origins)) is accepted


def test_lint_refuses(tmp_path: Path, deployed: dict[str, Any]) -> None:
    """A reference to nothing, such as Chalice's own to a function's log group, is found before AWS finds it."""
    deployed = json.loads(json.dumps(deployed))
    deployed["Resources"]["ApiHandlerLogGroup"]["Properties"]["LogGroupName"] = {"Fn::Sub": "/aws/lambda/${ApiHandler}"}
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(deployed), "utf-8")
    with pytest.raises(PackageError, match="ApiHandler"):
        lint(broken)


def test_failure_is_told(tmp_path: Path) -> None:
    """An application that cannot be imported fails the packaging with its own message."""
    for name in ("chalicelib", ".chalice", "infra"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(PROJECT / "requirements.txt", tmp_path)
    with pytest.raises(PackageError, match=r"app\.py is missing"):
        package(stage="dev", out=tmp_path / "dist", project=tmp_path)
    (tmp_path / "app.py").write_text("import no_such_module\n", "utf-8")
    with pytest.raises(PackageError, match="no_such_module"):
        package(stage="dev", out=tmp_path / "dist", project=tmp_path)


def test_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, made: Package
) -> None:
    """The program prints the figures of the bars."""
    monkeypatch.setattr("infra.package.package", lambda **_: made)
    monkeypatch.setattr("infra.archive.MAX_IMPORT_CPU_S", GENEROUS_CPU_S)
    assert main(["--stage", "dev", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"unzipped +\d\.\d\d MB of 10 allowed, \d+ files, nothing compiled", printed)
    assert re.search(r"import +\d\.\d\d s of CPU", printed)


def _policy(stage: str) -> Any:
    return json.loads((PROJECT / ".chalice" / f"policy-{stage}.json").read_text("utf-8"))


def _actions(statements: list[dict[str, Any]]) -> set[str]:
    listed = [item["Action"] if isinstance(item["Action"], list) else [item["Action"]] for item in statements]
    return {action for actions in listed for action in actions}


def test_stages_have_one_policy() -> None:
    """The stages' policies differ in the stage's name only."""
    text = (PROJECT / ".chalice" / "policy-dev.json").read_text("utf-8")
    assert json.loads(text.replace("freshet-dev-", "freshet-prod-")) == _policy("prod")


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_policy_has_no_wildcard(stage: str) -> None:
    """No action is a pattern, and every resource is of the stage, except where an action takes none.

    Figures, which have no resource, are held to our namespace.
    """
    for statement in _policy(stage)["Statement"]:
        assert not [action for action in _actions([statement]) if "*" in action]
        if statement["Resource"] == "*":
            known = {"sagemaker:ListModelPackages", "cloudwatch:PutMetricData", "cloudwatch:GetMetricData"}
            assert _actions([statement]) <= known
            if "cloudwatch:PutMetricData" in _actions([statement]):
                assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Freshet"}}
        for text in _strings(statement["Resource"]):
            if text.startswith("arn:") and ":logs:" not in text:
                assert f"freshet-{stage}-" in text, text


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_pass_role(stage: str) -> None:
    """The control plane hands SageMaker, and nobody else, the stage's execution role, and no other."""
    (statement,) = [item for item in _policy(stage)["Statement"] if "iam:PassRole" in _actions([item])]
    assert statement["Resource"] == {"Fn::GetAtt": ["ExecutionRole", "Arn"]}
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def _operations_in_source(service: str = "sagemaker") -> set[str]:
    """Every operation of several words that the application names: as text, or as a client's method."""
    model = boto3.client(service, region_name="us-east-1").meta.method_to_api_mapping  # type: ignore[call-overload]
    named: set[str] = set()
    for path in (PROJECT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            word = (
                node.value if isinstance(node, ast.Constant) else node.attr if isinstance(node, ast.Attribute) else None
            )
            if isinstance(word, str) and word in model and "_" in word:  # `search` is of regular expressions
                named.add(model[word])
    return named


def test_policy_allows_what_the_application_calls() -> None:
    """Each SageMaker operation in the source is allowed, with the look back at a taken name; no other one is.

    But for a person's word on a version: only the command line passes it on, with the person's own permissions.
    """
    named = _operations_in_source() - {"UpdateModelPackage"} | {"InvokeEndpoint"}
    looks = {name.replace("Create", "Describe", 1) for name in named if name.startswith("Create")}
    allowed = {action for action in _actions(_policy("dev")["Statement"]) if action.startswith("sagemaker:")}
    assert allowed == {f"sagemaker:{name}" for name in named | looks}


def test_policy_allows_what_watches() -> None:
    """Each CloudWatch operation in the source is allowed, and to publish; nothing else of both services is."""
    allowed = _actions(_policy("dev")["Statement"])
    named = {f"cloudwatch:{name}" for name in _operations_in_source("cloudwatch")}
    assert {action for action in allowed if action.startswith("cloudwatch:")} == named
    assert {action for action in allowed if action.startswith("sns:")} == {"sns:Publish"}


def test_alarms_are_deployed(deployed: dict[str, Any]) -> None:
    """The alarms of every pipeline are in the template."""
    made = [item["Properties"] for item in deployed["Resources"].values() if item["Type"] == "AWS::CloudWatch::Alarm"]
    named = {alarm["AlarmName"]["Fn::Sub"] for alarm in made}
    assert named == {f"freshet-${{Stage}}-{name}-{kind}" for name in PIPELINES for kind in ("drift", "quality")}


def test_folders_may_be_named_from_here(made: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """cfn-lint finds a template that is named relative to the current folder, as `make package` names it."""
    (tmp_path / "dist").mkdir()
    shutil.copy(made.template, tmp_path / "dist")
    monkeypatch.chdir(tmp_path)
    lint(Path("dist", made.template.name))
