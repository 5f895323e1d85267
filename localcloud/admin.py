"""The local cloud's own pages, below ``/_localcloud/``: JSON to look at and to change time by, no secrets."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Protocol

from werkzeug.wrappers import Response

from localcloud.clock import Clock
from localcloud.errors import AdminError
from localcloud.faults import Faults
from localcloud.functions import Lambdas
from localcloud.moto_services import SERVICES
from localcloud.settings import VERSION, Settings

PREFIX = "/_localcloud/"
_LAST = datetime(2199, 1, 1, tzinfo=UTC)  # of a virtual clock: AWS's schedules know no later year
_OURS = ("apigateway", "cloudwatch", "events", "lambda", "logs", "s3", "sagemaker", "sns", "sqs")


class Interruptible(Protocol):
    """Who can take the instances of managed spot training jobs away."""

    def interruptible(self) -> Sequence[tuple[str, str]]:
        """Return the regions and names of those that train."""

    def interrupt(self, region: str, job_name: str) -> None:
        """Do it; raises AdminError if there is no such job."""


class Admin:
    """What can be asked about one local cloud."""

    def __init__(
        self,
        settings: Settings,
        lambdas: Lambdas,
        clock: Clock,
        faults: Faults,
        *,
        sagemaker: Interruptible,
        is_ready: Callable[[], bool],
        rules: Callable[[], object],
    ) -> None:
        self._settings = settings
        self._lambdas = lambdas
        self._clock = clock
        self._faults = faults
        self._sagemaker = sagemaker
        self._is_ready = is_ready
        self._pages: Mapping[str, Callable[[], object]] = {
            "health": self._health,
            "settings": self._delays_and_limits,
            "dead-letters": self._dead_letters,
            "rules": rules,
            "clock": self._time,
            "faults": self._faults.describe,
            "interruptions": lambda: [{"region": region, "job": name} for region, name in sagemaker.interruptible()],
        }
        self._changes: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
            "clock": self._pass_time,
            "dead-letters": self._settle_letters,
            "faults": self._change_faults,
            "interruptions": self._interrupt,
        }

    def answer(self, method: str, path: str, body: bytes) -> Response:
        """Answer a request for a page, or to change something; errors say what is wrong with it."""
        name = path.removeprefix(PREFIX)
        page = self._pages.get(name)
        if page is None:
            return _json({"message": f"there are only {', '.join(PREFIX + each for each in self._pages)}"}, 404)
        if method in {"GET", "HEAD"}:
            return _json(page(), HTTPStatus.OK)
        change = self._changes.get(name)
        if method != "POST" or change is None:
            return _json({"message": "there is nothing to change here: use GET"}, 405)
        try:
            return _json(change(_read(body)), HTTPStatus.OK)
        except AdminError as error:
            return _json({"message": str(error)}, 400)

    def _health(self) -> object:
        return {
            "ready": self._is_ready(),
            "version": VERSION,
            "services": sorted([*SERVICES, *_OURS]),
            "app": self._settings.app,
            "stage": self._settings.stage,
        }

    def _time(self) -> object:
        return {"now": self._clock.now().isoformat(), "virtual": self._clock.virtual}

    def _pass_time(self, asked: Mapping[str, Any]) -> object:
        if not self._clock.virtual:
            raise AdminError("the clock is real: start with --clock virtual to advance it")
        seconds = asked.get("advance")
        most = (_LAST - self._clock.now()).total_seconds()
        try:
            if asked == {"jump": True}:
                self._clock.jump()
            elif isinstance(seconds, int | float) and 0 <= seconds <= most and set(asked) <= {"advance", "wait"}:
                self._clock.advance(seconds, wait=asked.get("wait", True) is not False)
            else:
                raise AdminError(
                    f'send {{"advance": seconds}}, not beyond {_LAST:%Y}, with "wait": false to pass work under way, '
                    'or {"jump": true}'
                )
        except TimeoutError as error:
            raise AdminError(f"{error}; the time stands at {self._clock.now().isoformat()}") from error
        return self._time()

    def _change_faults(self, asked: Mapping[str, Any]) -> object:
        if set(asked) == {"remove"}:
            self._faults.remove(str(asked["remove"]))
            return self._faults.describe()
        return {"id": self._faults.add(asked)}

    def _interrupt(self, asked: Mapping[str, Any]) -> object:
        if set(asked) != {"region", "job"}:
            raise AdminError('send {"region": region, "job": name} of a managed spot training job that trains')
        self._sagemaker.interrupt(str(asked["region"]), str(asked["job"]))
        return {}

    def _delays_and_limits(self) -> object:
        return {"delays": asdict(self._settings.delays), "limits": asdict(self._settings.limits)}

    def _dead_letters(self) -> object:
        return [
            {
                "id": letter.id,
                "time": letter.time.isoformat(),
                "function": letter.function,
                "request_id": letter.request_id,
                "tries": letter.tries,
                "error_type": letter.failure.kind,
                "error_message": letter.failure.message,
                "stack_trace": list(letter.failure.trace),
                "event": json.loads(letter.event),
            }
            for letter in self._lambdas.letters.all()
        ]

    def _settle_letters(self, asked: Mapping[str, Any]) -> object:
        match list(asked.items()):
            case [("replay", int() | "all" as which)]:
                return {"replayed": self._lambdas.replay(which)}
            case [("delete", int() | "all" as which)]:
                return {"deleted": self._lambdas.letters.remove(which)}
        raise AdminError('send {"replay": id} or {"delete": id}; "all" stands for every id')


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        asked = json.loads(body or b"{}")
    except ValueError as error:
        raise AdminError(f"the body is not JSON: {error}") from error
    if not isinstance(asked, dict):
        raise AdminError("the body is not a JSON object")
    return asked


def _json(document: object, status: int) -> Response:
    return Response(json.dumps(document), status=status, content_type="application/json")
