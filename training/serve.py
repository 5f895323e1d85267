"""`serve`: loads and checks the model, then answers HTTP until SIGTERM; the requests in flight are answered first.

One process and one port. The port is bound when the model is loaded, so whoever can connect gets an answer. Idle
connections stay open for long, so that a platform's pooled ones are not closed under it. The exit code of an orderly
stop is 0.
"""

import logging
import signal
import socket
import sys
import time
from types import FrameType

import uvicorn

from training.learners.model import load
from training.server import Routes, Served, create_app
from training.settings import Settings

KEEP_ALIVE_S = 120
GRACE_S = 25  # SageMaker kills 30 s after SIGTERM
BACKLOG = 256

logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serve the model of `settings.model` until SIGTERM.

    Raises
    ------
    ArtifactError
        If the model's files cannot be used.
    """
    # uvicorn raises the signal again once it has shut down; then this handler ends the process in order.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    start = time.monotonic()
    loaded = load(settings.model)
    # The first answer must not pay for numpy's set-up.
    loaded.model.score([{column.name: "" if column.kind == "text" else None for column in loaded.spec.columns}])
    logger.info("serve.loaded version=%s seconds=%.3f", settings.model_version, time.monotonic() - start)
    config = uvicorn.Config(
        create_app(Routes(Served(loaded, settings.model_version))),
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    with socket.create_server((settings.host, settings.port), backlog=BACKLOG) as listener:
        logger.info("serve.listening port=%d", listener.getsockname()[1])
        uvicorn.Server(config).run([listener])


def _exit(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
