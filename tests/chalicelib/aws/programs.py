"""What the jobs would do, in a few lines: read the pinned files, leave a summary, an artifact, an evaluation.

A file's content is its rows, one a line; a file with the row ``bad`` cannot be used, and rows of which none is ``1``
cannot make a model together. The content digest is that of the set of rows, as `prepare`'s. A file of labels that came
later is a row, and a captured file of the window's hours with the word ``moved`` has drifted; each of its lines is a
request.
"""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from tests.chalicelib.aws.account import Account
from tests.chalicelib.aws.evaluations import evaluation

HOUR = timedelta(hours=1)


def finish(account: Account, name: str, status: str = "Completed", **more: Any) -> None:
    """Let a job end; one that completed leaves what its program would."""
    job = account.machines.jobs[name]
    if status == "Completed":
        if job["Kind"] == "Training":
            uri = f"{job['OutputDataConfig']['S3OutputPath']}/{name}/output/model.tar.gz"
            _store(account, uri, b"model")
            more |= {"ModelArtifacts": {"S3ModelArtifacts": uri}}
        elif "-prepare-" in name:
            _store(account, f"{_output(job)}/summary.json", _dump(_prepare(account, job)))
        elif "-evaluate-" in name:
            roles = [role for role in ("champion", "anchor") if f"{role}-scores" in _inputs(job)]
            _store(account, f"{_output(job)}/evaluation.json", _dump(evaluation(roles)))
        elif "-baseline-" in name:
            _store(account, f"{_output(job)}/baseline.json", b"{}")
        elif "-drift-" in name:
            _store(account, f"{_output(job)}/verdict.json", _dump(_monitor(account, job)))
    account.machines.end_job(name, status, **more)


def _prepare(account: Account, job: dict[str, Any]) -> dict[str, Any]:
    manifest = json.loads(account.objects.read(_key(_inputs(job)["raw"])))
    prefix = _key(manifest[0]["prefix"])
    files = {name: account.objects.read(prefix + name).decode().splitlines() for name in manifest[1:]}
    bad = [{"file": name, "reason": "a row cannot be read"} for name, rows in files.items() if "bad" in rows]
    rows = sorted({row for of_file in files.values() for row in of_file} | set(_labelled(account, job)))
    return {
        "content_digest": sha256("\n".join(rows).encode()).hexdigest(),
        "rows": {"read": len(rows), "train": len(rows)},
        "rejected": [],
        "refused_files": bad,
        "refused": None if "1" in rows else "no row has the label 1",
    }


def _labelled(account: Account, job: dict[str, Any]) -> list[str]:
    """Return a row for each file of labels."""
    uri = _inputs(job).get("ground-truth")
    manifest = json.loads(account.objects.read(_key(uri))) if uri else [None]
    return [f"labelled {key}" for key in manifest[1:]]


def _monitor(account: Account, job: dict[str, Any]) -> dict[str, Any]:
    """Judge a window: a captured file that holds ``moved`` is drift, unless less came than the floor asks for."""
    manifest = json.loads(account.objects.read(_key(_inputs(job)["capture"])))
    window = json.loads(account.objects.read(f"{_key(_inputs(job)['window'])}window.json"))
    start, end = (datetime.fromisoformat(window[bound]) for bound in ("start", "end"))
    files = [account.objects.read(key) for key in manifest[1:] if start - HOUR < _hour(key) < end]
    moved = any(b"moved" in file for file in files)
    verdict = "drift" if moved else "no drift"
    if sum(len(file.splitlines()) for file in files) < window.get("expected", 0) * window["least_coverage"]:
        return {"verdict": "not enough data", "p_value": None, "reasons": ["too little came"], "metrics": {}}
    return {"verdict": verdict, "p_value": 0.01 if moved else 0.5, "reasons": [], "metrics": {"Drift": float(moved)}}


def _hour(key: str) -> datetime:
    """Return the hour under which a captured file lies: the hours beside a window are listed, and are not of it."""
    return datetime.strptime("/".join(key.split("/")[-5:-1]), "%Y/%m/%d/%H").replace(tzinfo=UTC)


def _inputs(job: dict[str, Any]) -> dict[str, str]:
    return {one["InputName"]: one["S3Input"]["S3Uri"] for one in job["ProcessingInputs"]}


def _output(job: dict[str, Any]) -> str:
    return str(job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"])


def _store(account: Account, uri: str, content: bytes) -> None:
    account.objects.put(_key(uri), content)


def _dump(document: Any) -> bytes:
    return json.dumps(document).encode()


def _key(uri: str) -> str:
    return uri.removeprefix("s3://").partition("/")[2]
