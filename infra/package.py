"""Makes what is deployed: ``freshet-<stage>.json``, one CloudFormation template, and ``freshet-<stage>.zip``, its code.

``python -m infra.package --stage dev --out dist``. Chalice packages a staging copy that holds the application and
nothing else, so that no other file of the checkout can get into the zip; its template is merged with ours and
finished, the zip made reproducible and held to its bars, and cfn-lint must find nothing, not even a warning. Needs
pip's index for the pinned requirements, and no AWS account. The price: a few seconds, and `chalice` run as a process,
since it has no library API.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from infra import archive
from infra.errors import InfraError, PackageError
from infra.finish import RUNTIME, finish, functions
from infra.resources import read_template, stages

PROJECT = Path(__file__).resolve().parent.parent
SHIPPED = ("app.py", "chalicelib", ".chalice", "requirements.txt")
NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", "deployments", "deployed", "venv")
# What the application's functions are given; these values only let it be imported here.
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "FRESHET_BUCKET": "freshet-bucket",
    "FRESHET_TABLE": "freshet-ledger",
    "FRESHET_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:freshet-notices",
    "FRESHET_ROLE_ARN": "arn:aws:iam::123456789012:role/freshet",
    "FRESHET_IMAGE_URI": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/freshet@sha256:{'0' * 64}",
}
# A developer's own settings must not change the package: profiles may not exist, an endpoint may be a local cloud.
_DROPPED = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "PYTHONPATH")


@dataclass(frozen=True)
class Package:
    """What was made, and the figures of its bars."""

    template: Path
    zip: Path
    contents: archive.Contents
    import_cpu_s: float  # of the function that needs most


def package(*, stage: str, out: Path, project: Path = PROJECT) -> Package:
    """Make the stage's template and zip in ``out``.

    Raises
    ------
    PackageError
        If Chalice fails, the zip breaks a bar, or cfn-lint finds anything.
    TemplateError
        If the merged template lacks what every deployment needs.
    """
    out.mkdir(parents=True, exist_ok=True)
    template_file, zip_file = out / f"freshet-{stage}.json", out / f"freshet-{stage}.zip"
    with TemporaryDirectory(prefix="freshet-package-") as folder:
        staging, raw = Path(folder, "app"), Path(folder, "out")
        _stage(project, staging)
        merge = Path(folder, "template.json")
        merge.write_text(json.dumps(read_template()), "utf-8")
        _chalice(staging, stage=stage, merge=merge, out=raw)
        template = finish(json.loads((raw / "sam.json").read_text("utf-8")), stage=stage, code_uri=f"./{zip_file.name}")
        archive.rewrite(raw / "deployment.zip", zip_file)
    template_file.write_text(json.dumps(template, indent=2) + "\n", "utf-8")
    contents = archive.check(zip_file, distributions=_requirements(project / "requirements.txt"))
    environment = {**ENVIRONMENT, "FRESHET_STAGE": stage}
    handlers = sorted({function["Properties"]["Handler"] for function in functions(template).values()})
    seconds = max(archive.import_cpu_s(zip_file, handler, environment) for handler in handlers)
    lint(template_file)
    return Package(template_file, zip_file, contents, seconds)


def lint(template: Path) -> None:
    """Have cfn-lint read the template.

    Raises
    ------
    PackageError
        If it finds an error or a warning.
    """
    found = _run([_tool("cfn-lint"), "--format", "parseable", "--template", template.name], cwd=template.parent)
    if found.returncode != 0 or found.stdout.strip():
        raise PackageError(f"cfn-lint refuses {template.name}:\n{found.stdout}{found.stderr}")


def _stage(project: Path, staging: Path) -> None:
    staging.mkdir()
    for name in SHIPPED:
        source = project / name
        if source.is_dir():
            shutil.copytree(source, staging / name, ignore=NOT_SHIPPED)
        elif source.is_file():
            shutil.copy2(source, staging / name)
        else:
            raise PackageError(f"{name} is missing in {project}")


def _chalice(staging: Path, *, stage: str, merge: Path, out: Path) -> None:
    command = [_tool("chalice"), "package", "--stage", stage, "--merge-template", str(merge)]
    ran = _run([*command, "--template-format", "json", str(out)], cwd=staging)
    if ran.returncode != 0 or not (out / "sam.json").is_file():
        raise PackageError(f"chalice package failed:\n{(ran.stdout + ran.stderr)[-4000:]}")


def _requirements(path: Path) -> list[str]:
    lines = (line.split("#", 1)[0].strip() for line in path.read_text("utf-8").splitlines())
    return [line.split(";", 1)[0].split("\\", 1)[0].strip() for line in lines if "==" in line]


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _run(command: Sequence[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in _DROPPED}
    environment |= {**ENVIRONMENT, "AWS_EC2_METADATA_DISABLED": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(  # noqa: S603 - tools of our own environment, with our own arguments
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a package and print its figures; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.package", description="Make the template and zip of a stage."
    )
    parser.add_argument("--stage", choices=stages(read_template()), default="dev")
    parser.add_argument("--out", type=Path, default=Path("dist"))
    options = parser.parse_args(arguments)
    try:
        made = package(stage=options.stage, out=options.out)
    except InfraError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(
        f"template  {made.template} (runtime {RUNTIME}, cfn-lint finds nothing)\n"
        f"zip       {made.zip} ({made.contents.zipped_bytes / 1e6:.2f} MB)\n"
        f"unzipped  {made.contents.unzipped_bytes / 1e6:.2f} MB of {archive.MAX_UNZIPPED_BYTES / 1e6:.0f} allowed, "
        f"{len(made.contents.names)} files, nothing compiled\n"
        f"import    {made.import_cpu_s:.2f} s of CPU at most, the interpreter's start included; "
        f"the bar is {archive.MAX_IMPORT_CPU_S} s\n"
    )
    if made.import_cpu_s > archive.MAX_IMPORT_CPU_S:
        sys.stderr.write("error: the package imports too slowly\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
