"""Starts and stops a local cloud with the application on it.

What the functions are told (bucket, table, role, image) has names known beforehand, so the files that say it are
written first; then the local cloud is started and waited for; then bucket, table, topic and alarms are made there from
the same template as on AWS. The local cloud is a program of its own, known by its command line, its ``cloud.json`` and
its port; it leads a session of its own, so that a Ctrl-C reaches only us, and we stop it in order.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import settings
from chalicelib.bootstrap import services_of
from chalicelib.core.stage import Stage
from cli import environment, image, local_token, running
from cli.address import ROOT, STAGE_FILE
from cli.clock import Clock
from cli.environment import LOCAL_REGION
from cli.errors import AlreadyRunningError, StartError, StopError, explained
from cli.running import CLOUD_FILE, LocalCloud
from infra import resources

STAGE = "dev"
_READY_WITHIN_S = 120.0  # the first start on a slow disk compiles every module
_STOPPED_WITHIN_S = 45.0  # above the local cloud's own 30 s for a model server
_POLL_S = 0.05
_TAIL_LINES = 5


@dataclass(frozen=True)
class Launch:
    """What to start: where its state is kept, and its port (0: any)."""

    state: Path
    port: int
    root: Path = ROOT

    @property
    def log(self) -> Path:
        """What the local cloud prints."""
        return self.state / "logs" / "up.log"


@dataclass(frozen=True)
class Started:
    """A local cloud of ours, ready, with the stage on it, and the token with which its owner writes."""

    cloud: LocalCloud
    stage: Stage
    process: subprocess.Popen[bytes]
    token: str


def start(launch: Launch, clock: Clock) -> Started:
    """Start a local cloud and make the stage on it; if that fails nothing is left running.

    Raises
    ------
    AlreadyRunningError
        If one runs on this state directory.
    StartError
        If it does not become ready, or the stage cannot be made.
    """
    with _alone(launch):
        other = running.find(launch.state)
        if other:
            raise AlreadyRunningError(
                f"a local cloud is already running on {launch.state}: {other.endpoint_url}, process {other.pid} "
                "(`freshet status` shows it, `freshet down` stops it)"
            )
        return _start(launch, clock)


def _start(launch: Launch, clock: Clock) -> Started:
    template = resources.read_template()
    stage = _prepare(launch, template)
    with launch.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            _command(launch),
            cwd=launch.root,
            env=environment.of_local_cloud(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        cloud = _wait_until_ready(launch, process, clock)
        environment.point_at_local(cloud.endpoint_url)
        token = _make_stage(launch, template, stage, clock)
    except BaseException:  # also an interrupt: whatever ends us here, the child must not outlive it
        _end(process)
        raise
    return Started(cloud, stage, process, token)


def stop_child(started: Started) -> None:
    """Stop a local cloud that this process started; interrupts wait until that is done."""
    _end(started.process)


def stop(cloud: LocalCloud, clock: Clock) -> bool:
    """Stop a local cloud by its process id; say whether it went by itself, not by force.

    Raises
    ------
    StopError
        If it is not ours to stop, or does not end.
    """
    with contextlib.suppress(ProcessLookupError):
        _signal(cloud.pid, signal.SIGTERM)
    if _gone(cloud.pid, _STOPPED_WITHIN_S, clock):
        return True
    with contextlib.suppress(ProcessLookupError):
        _signal(cloud.pid, signal.SIGKILL)
    if not _gone(cloud.pid, _STOPPED_WITHIN_S, clock):
        raise StopError(f"process {cloud.pid} does not end, not even by SIGKILL: look at it with `ps -p {cloud.pid}`")
    (cloud.state / CLOUD_FILE).unlink(missing_ok=True)
    return False


def terminable() -> contextlib.AbstractContextManager[None]:
    """Let SIGTERM and SIGHUP end what runs inside as Ctrl-C does."""
    return _handling(signal.default_int_handler, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def _alone(launch: Launch) -> Iterator[None]:
    """Let nobody else start a local cloud on the same state directory meanwhile."""
    try:
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        lock = (launch.state / "up.lock").open("w")
    except OSError as error:
        raise StartError(f"{launch.state} cannot be used as a state directory: {error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(f"another `freshet up` is starting a local cloud on {launch.state}") from error
        yield


def _prepare(launch: Launch, template: Mapping[str, Any]) -> Stage:
    """Write the files that the local cloud is started with; a dead cloud's leavings go."""
    image_uri = image.uri(launch.root, LOCAL_REGION)
    variables = resources.environment(template, stage=STAGE, region=LOCAL_REGION, image_uri=image_uri)
    try:
        (launch.state / CLOUD_FILE).unlink(missing_ok=True)
        (launch.state / STAGE_FILE).unlink(missing_ok=True)
        program = {"command": [sys.executable, "-m", "training"], "cwd": str(launch.root), "env": {}}
        _write(launch.state / "images.json", dict.fromkeys([*_earlier_images(launch.state), image_uri], program))
        _write(launch.state / "environment.json", variables)
    except OSError as error:
        raise StartError(f"{launch.state} cannot be used as a state directory: {error}") from error
    return settings.stage(variables)


def _earlier_images(state: Path) -> list[str]:
    """Return the images that models of earlier starts may name: what stands for them all is today's checkout."""
    try:
        return list(json.loads((state / "images.json").read_text("utf-8")))
    except (OSError, ValueError):
        return []


def _command(launch: Launch) -> list[str]:
    options = {
        "--app": "app:app",
        "--app-dir": str(launch.root),
        "--stage": STAGE,
        "--port": str(launch.port),
        "--state": str(launch.state),
        "--images": str(launch.state / "images.json"),
        "--environment": str(launch.state / "environment.json"),
    }
    return [sys.executable, "-m", "localcloud", *(part for option in options.items() for part in option)]


def _wait_until_ready(launch: Launch, process: subprocess.Popen[bytes], clock: Clock) -> LocalCloud:
    deadline = clock.monotonic() + _READY_WITHIN_S
    while clock.monotonic() < deadline:
        code = process.poll()
        if code is not None:
            raise StartError(f"the local cloud ended with exit code {code} before it was ready{_last_words(launch)}")
        cloud = running.described(launch.state)
        if cloud and cloud.pid == process.pid:
            return cloud
        clock.sleep(_POLL_S)
    raise StartError(f"the local cloud was not ready within {_READY_WITHIN_S:.0f} s{_last_words(launch)}")


def _make_stage(launch: Launch, template: Mapping[str, Any], stage: Stage, clock: Clock) -> str:
    import boto3  # noqa: PLC0415 - costs 0.1 s, and a usage error should not

    def client(service: str) -> Any:  # noqa: ANN401 - boto3 clients have no classes of their own
        return boto3.client(service)  # type: ignore[call-overload] # the stubs want a literal

    try:
        resources.create(template, stage=stage.name, client=client)
        token = local_token.admit(launch.state, services_of(stage).gatekeeper, clock.now())
    except OSError as error:
        raise StartError(f"{launch.state} cannot be used as a state directory: {error}") from error
    except (ClientError, BotoCoreError) as error:
        raise StartError(f"the stage cannot be made on the local cloud: {explained(error).message}") from error
    _write(launch.state / STAGE_FILE, asdict(stage))
    return token


def _write(path: Path, document: object) -> None:
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    partial.replace(path)


def _last_words(launch: Launch) -> str:
    lines = [line for line in launch.log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    said = "".join(f"\n  {line}" for line in lines[-_TAIL_LINES:])
    return f" (its log: {launch.log}){said}"


def _end(process: subprocess.Popen[bytes]) -> None:
    with _handling(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except PermissionError as error:
        raise StopError(f"process {pid} belongs to another user: ask them to stop it") from error


def _gone(pid: int, seconds: float, clock: Clock) -> bool:
    deadline = clock.monotonic() + seconds
    while "localcloud" in running.command_of(pid):
        if clock.monotonic() > deadline:
            return False
        clock.sleep(_POLL_S)
    return True


@contextlib.contextmanager
def _handling(handler: Callable[[int, FrameType | None], object] | signal.Handlers, *numbers: int) -> Iterator[None]:
    """Handle signals in another way for a while."""
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, former in zip(numbers, before, strict=True):
            signal.signal(number, former)
