"""Makes the Lambda zip reproducible and holds it to its bars: small, pure Python, complete, quick to import.

The import is measured as Lambda does it cold: from the unzipped files, with no byte code to read, with nothing else on
the path than the packages that Lambda's runtime brings. The price: a child process of about half a second.
"""

import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.errors import PackageError

MAX_UNZIPPED_BYTES = 10_000_000
MAX_IMPORT_CPU_S = 0.5
COMPILED = re.compile(r"\.(so(\.\d+)*|pyd|dylib|dll|exe|a|o|pyc|pyo)$")
# The runtime brings the SDK; data libraries belong in the container.
FOREIGN = frozenset({"boto3", "botocore", "numpy", "pandas", "sagemaker", "scipy", "sklearn", "xgboost"})
FOREIGN_FOLDERS = frozenset({"cli", "infra", "localcloud", "tests", "training"})
RUNTIME_PACKAGES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
_READABLE = 0o100644 << 16
# What Lambda does with a handler's name. An attribute that is missing or cannot be called ends in a traceback.
_PROBE = """
import importlib, sys, time
module, _, name = sys.argv[1].rpartition(".")
handler = getattr(importlib.import_module(module), name)
seconds = time.process_time()
assert callable(handler), handler
print(seconds)
print(sys.modules["chalice"].__file__)
"""


@dataclass(frozen=True)
class Contents:
    """What a zip holds: its size, its files' sizes together (bytes), and their names."""

    zipped_bytes: int
    unzipped_bytes: int
    names: tuple[str, ...]


def rewrite(source: Path, target: Path) -> None:
    """Write the same files in name order, with one time and mode, so that equal sources give equal bytes."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in sorted(name for name in old.namelist() if not name.endswith("/")):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))


def check(path: Path, *, distributions: Collection[str] = ()) -> Contents:
    """Return what the zip holds.

    Parameters
    ----------
    path
        The zip.
    distributions
        Requirements that must be inside, as ``name==version``: Chalice leaves out what it cannot install, and goes on.

    Raises
    ------
    PackageError
        If it is too large, or holds compiled or foreign files, or lacks our code or a requirement.
    """
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
    contents = Contents(
        path.stat().st_size, sum(info.file_size for info in infos), tuple(sorted(info.filename for info in infos))
    )
    if faults := _faults(contents, distributions):
        raise PackageError(f"{path.name}: " + "; ".join(faults))
    return contents


def _faults(contents: Contents, distributions: Collection[str]) -> list[str]:
    tops = {name.split("/", 1)[0].removesuffix(".py") for name in contents.names}
    faults = []
    if contents.unzipped_bytes >= MAX_UNZIPPED_BYTES:
        faults.append(f"{contents.unzipped_bytes:,} bytes unzipped, {MAX_UNZIPPED_BYTES:,} are too many")
    if compiled := [name for name in contents.names if COMPILED.search(name)]:
        faults.append(f"compiled files: {', '.join(compiled[:5])}")
    if foreign := sorted(tops & (FOREIGN | FOREIGN_FOLDERS)):
        faults.append(f"does not belong into Lambda: {', '.join(foreign)}")
    if missing := sorted({"app", "chalicelib", "chalice"} - tops):
        faults.append(f"missing: {', '.join(missing)}")
    inside = {top.removesuffix(".dist-info").lower().replace("_", "-") for top in tops if top.endswith(".dist-info")}
    wanted = {item.replace("==", "-").lower().replace("_", "-") for item in distributions}
    if absent := sorted(wanted - inside):
        faults.append(f"requirements not installed: {', '.join(absent)}")
    return faults


def import_cpu_s(path: Path, handler: str, environment: Mapping[str, str]) -> float:
    """Return the CPU seconds that a bare interpreter needs to start and find a function's handler in the zip's files.

    Raises
    ------
    PackageError
        If there is no such handler with nothing but the zip and Lambda's own packages on the path.
    """
    with TemporaryDirectory() as folder:
        task, runtime = Path(folder, "task"), Path(folder, "runtime")
        _unzip(path, task)
        _link_runtime(runtime)
        child = subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-S", "-c", _PROBE, handler],
            env={
                **environment,
                "PYTHONPATH": os.pathsep.join([str(task), str(runtime)]),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            cwd=task,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if child.returncode != 0:
            raise PackageError(f"{path.name}: {handler} cannot be imported: {child.stderr.strip()[-2000:]}")
        seconds, origin = child.stdout.split("\n")[:2]
        if not Path(origin).resolve().is_relative_to(task.resolve()):
            raise PackageError(f"{path.name}: chalice was imported from {origin}, not from the zip")
    return float(seconds)


def _unzip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            target = (folder / name).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise PackageError(f"{path.name}: the name {name!r} leads out of the package")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))


def _link_runtime(folder: Path) -> None:
    folder.mkdir()
    for name in RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise PackageError(f"{name} is not installed here; Lambda's runtime has it: run make setup")
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (folder / source.name).symlink_to(source)
