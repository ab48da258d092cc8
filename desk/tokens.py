"""API tokens: shown once, stored hashed, scoped, expiring, revocable."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update

from desk.clock import now, stamp
from desk.databases import clear_errors, reading, writing
from desk.permissions import SCOPES, May
from desk.schema import TOKENS
from desk.together import Together, Waiting
from records.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

PREFIX = "cgd_"
DAYS_MAX = 366
_TOGETHER_MAX = 100
_BY_SECRET = select(TOKENS).where(TOKENS.c.secret_sha256 == bindparam("secret"))


@dataclass(frozen=True)
class Token:
    """A token, without its secret.

    Attributes:
        id: by which it is named and revoked.
        name: of the system that holds it.
        scopes: what it may do.
        expires_at, revoked_at: stored instants.
    """

    id: str
    name: str
    scopes: frozenset[May]
    created_at: str
    expires_at: str
    revoked_at: str | None

    @property
    def is_valid(self) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at is None and stamp(now()) < self.expires_at


def add_token(engine: Engine, name: str, scopes: Iterable[str], days: int) -> tuple[Token, str]:
    """Makes a token.

    Returns:
        the token and its secret, which is stored nowhere.

    Raises:
        UsageError: ``bad_token_name``, ``unknown_scope``, ``bad_option``.
    """
    wanted = list(dict.fromkeys(scopes))
    if not name.strip() or len(name) > 100:
        raise UsageError("a token is named after the system that holds it", rule="bad_token_name")
    if unknown := [scope for scope in wanted if scope not in SCOPES]:
        raise UsageError(
            f"scope {unknown[0]!r} is unknown: {', '.join(sorted(SCOPES))}", rule="unknown_scope"
        )
    if not wanted or not 1 <= days <= DAYS_MAX:
        raise UsageError(f"a token needs a scope, and 1 to {DAYS_MAX} days", rule="bad_option")
    secret = PREFIX + secrets.token_urlsafe(32)
    made = now()
    token = Token(
        secrets.token_hex(4), name.strip(), frozenset(May(scope) for scope in wanted), stamp(made),
        stamp(made + timedelta(days=days)), None,
    )  # fmt: skip
    with writing(engine) as connection:
        connection.execute(
            insert(TOKENS).values(
                id=token.id, secret_sha256=_hashed(secret), name=token.name, scopes=" ".join(sorted(wanted)),
                created_at=token.created_at, expires_at=token.expires_at, revoked_at=None,
            )
        )  # fmt: skip
    return token, secret


def revoke_token(engine: Engine, token_id: str) -> Token:
    """Ends a token at once.

    Raises:
        UsageError: ``unknown_token``.
    """
    with writing(engine) as connection:
        mine = TOKENS.c.id == token_id
        connection.execute(
            update(TOKENS).where(mine, TOKENS.c.revoked_at.is_(None)).values(revoked_at=stamp(now()))
        )
        row = connection.execute(select(TOKENS).where(mine)).mappings().first()
    if row is None:
        raise UsageError(f"there is no token {token_id}", rule="unknown_token")
    return _token(row)


def tokens(engine: Engine) -> list[Token]:
    """All tokens, the newest first."""
    query = select(TOKENS).order_by(TOKENS.c.created_at.desc(), TOKENS.c.id)
    with clear_errors(engine), engine.connect() as connection:
        return [_token(row) for row in connection.execute(query).mappings()]


def tokens_of(engine: Engine, found: Sequence[str]) -> list[Token | None]:
    """The valid token that each secret opens; None where there is none."""
    hashes = [_hashed(secret) if secret.startswith(PREFIX) else "" for secret in found]
    known: dict[str, Token | None] = {"": None}
    with reading(engine) as connection:
        for hashed in hashes:
            if hashed not in known:
                row = connection.execute(_BY_SECRET, {"secret": hashed}).mappings().first()
                token = _token(row) if row is not None else None
                known[hashed] = token if token is not None and token.is_valid else None
    return [known[hashed] for hashed in hashes]


def opening_together(engine: Engine) -> Together[str, Token | None]:
    """Looks up the tokens of requests that come together; every request asks the database anew."""

    def work(waiting: Sequence[Waiting[str, Token | None]]) -> None:
        for one, token in zip(waiting, tokens_of(engine, [one.given for one in waiting]), strict=True):
            one.done.set_result(token)

    return Together("tokens", work, limit=_TOGETHER_MAX)


def _hashed(secret: str) -> str:
    # The secret has 256 bits by chance: a slow hash would add nothing.
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def _token(row: Any) -> Token:
    scopes = frozenset(May(scope) for scope in row["scopes"].split())
    return Token(row["id"], row["name"], scopes, row["created_at"], row["expires_at"], row["revoked_at"])
