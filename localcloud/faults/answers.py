"""What a fault does to the bytes of a request or of its answer."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, TYPE_CHECKING

from localcloud.errors import CutError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_IN_MEMORY = 1_048_576
_PIECE = 65_536


@contextmanager
def kept_body(environ: "WSGIEnvironment") -> Iterator[IO[bytes]]:
    """Keep a request's body while the block runs, so that it can be read again after a ``seek(0)``."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as kept:
        while piece := environ["wsgi.input"].read(_PIECE):
            kept.write(piece)
        kept.seek(0)
        environ["wsgi.input"] = kept
        yield kept
        environ["wsgi.input"] = BytesIO()


def cut(answer: "WSGIApplication") -> "WSGIApplication":
    """Return an answer that ends in the middle of its body, whose length it had announced."""

    def halved(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def noted(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> object:
            del exc_info
            begun[:] = [(status, headers)]
            return None

        body = b"".join(answer(environ, noted))  # type: ignore[arg-type]  # nobody uses what it returns
        status, headers = begun[0]
        others = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*others, ("Content-Length", str(max(1, len(body))))])
        return _half(body)

    return halved


def _half(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise CutError("the answer was cut on request")
