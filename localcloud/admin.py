"""The local cloud's own pages, below ``/_localcloud/``: JSON to look at, nothing to change, no secrets."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus

from werkzeug.wrappers import Response

from localcloud.lambdas import Lambdas
from localcloud.moto_services import SERVICES
from localcloud.settings import VERSION, Settings

PREFIX = "/_localcloud/"


class Admin:
    """What can be asked about one local cloud."""

    def __init__(self, settings: Settings, lambdas: Lambdas, is_ready: Callable[[], bool]) -> None:
        self._settings = settings
        self._lambdas = lambdas
        self._is_ready = is_ready
        self._pages: Mapping[str, Callable[[], object]] = {
            "health": self._health,
            "settings": self._delays_and_limits,
            "dead-letters": self._dead_letters,
            "rules": self._rules,
        }

    def answer(self, method: str, path: str) -> Response:
        """Answer a request for a page."""
        page = self._pages.get(path.removeprefix(PREFIX))
        if page is None:
            return _json({"message": f"there are only {', '.join(PREFIX + name for name in self._pages)}"}, 404)
        if method not in {"GET", "HEAD"}:
            return _json({"message": "there is nothing to change here: use GET"}, 405)
        return _json(page(), HTTPStatus.OK)

    def _health(self) -> object:
        return {
            "ready": self._is_ready(),
            "version": VERSION,
            "services": sorted([*SERVICES, "sagemaker", "events", "lambda", "apigateway"]),
            "app": self._settings.app,
            "stage": self._settings.stage,
        }

    def _delays_and_limits(self) -> object:
        return {"delays": asdict(self._settings.delays), "limits": asdict(self._settings.limits)}

    def _dead_letters(self) -> object:
        return [
            {
                "time": letter.time.isoformat(),
                "function": letter.function,
                "request_id": letter.request_id,
                "tries": letter.tries,
                "error_type": letter.failure.kind,
                "error_message": letter.failure.message,
                "stack_trace": list(letter.failure.trace),
                "event": letter.event,
            }
            for letter in self._lambdas.dead_letters
        ]

    def _rules(self) -> object:
        wiring = self._lambdas.wiring
        return {
            "rules": [asdict(rule) for rule in wiring.rules],
            "schedules": [{**asdict(schedule), "fires": False} for schedule in wiring.schedules],
        }


def _json(document: object, status: int) -> Response:
    return Response(json.dumps(document), status=status, content_type="application/json")
