"""Who may write: tokens are made and ended by people, and looked up by the authorizer of the HTTP routes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.core import tokens
from chalicelib.core.tokens import Token
from chalicelib.services.ports import Tokens


@dataclass(frozen=True)
class Gatekeeper:
    """The callers' tokens; ``new_secret`` gives that many random bytes."""

    tokens: Tokens
    new_secret: Callable[[int], bytes]

    def create(self, name: str, now: datetime) -> str:
        """Return a new token for a caller. It is told only here.

        Raises
        ------
        InvalidRequestError
            If the name cannot be used.
        """
        token = self.new_token()
        self.admit(name, token, now)
        return token

    def new_token(self) -> str:
        """Return a token that opens nothing yet."""
        return tokens.spell(self.new_secret(tokens.TOKEN_BYTES))

    def admit(self, name: str, token: str, now: datetime) -> None:
        """Let a token open what its caller may do.

        Raises
        ------
        InvalidRequestError
            If the name cannot be used.
        """
        self.tokens.add(Token(tokens.check_name(name), tokens.digest(token), now))

    def caller(self, authorization: str) -> str | None:
        """Return the caller's name by the Authorization header; None for a stranger.

        Whatever the header holds is hashed and looked up, so that the time tells nothing of what is wrong with it.
        """
        found = self.tokens.find(tokens.digest(tokens.bearer(authorization)))
        return found.name if found else None

    def list(self) -> Sequence[Token]:
        """Return all tokens, oldest first."""
        return sorted(self.tokens.all(), key=lambda token: (token.created, token.digest))

    def revoke(self, name: str) -> int:
        """End all tokens of a caller; return how many."""
        ended = [token for token in self.tokens.all() if token.name == name]
        for token in ended:
            self.tokens.remove(token)
        return len(ended)
