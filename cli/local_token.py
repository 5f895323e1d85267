"""The token with which a person writes to their own local cloud.

It lies in the state directory, readable for its owner only, so that every start prints the same one. The ledger of the
local cloud holds its digest, as on AWS; it is put there again at each start, for a table may have been emptied.
"""

import os
from datetime import datetime
from pathlib import Path

from chalicelib.services.gatekeeper import Gatekeeper

TOKEN_FILE = "token"  # noqa: S105 - a file's name
CALLER = "local"


def admit(state: Path, gatekeeper: Gatekeeper, now: datetime) -> str:
    """Return the token of the state directory, which opens from now on; the first call makes it.

    Raises
    ------
    OSError
        If the file can be neither read nor written.
    """
    path = state / TOKEN_FILE
    token = path.read_text("utf-8").strip() if path.exists() else _written(path, gatekeeper.new_token())
    gatekeeper.admit(CALLER, token, now)
    return token


def _written(path: Path, token: str) -> str:
    """Write a token into a file that nobody else could ever read; it appears when it is whole."""
    partial = path.with_name(f"{path.name}.part")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(token + "\n")
    partial.replace(path)
    return token
