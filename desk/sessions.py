"""Sessions of the web page: the cookie holds a secret by chance, the database its hash and the form's own token."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select, update

from desk.clock import now, stamp
from desk.databases import clear_errors, writing
from desk.schema import SESSIONS, USERS

if TYPE_CHECKING:
    from sqlalchemy import Engine

# A counter's working day at most; an idle half hour ends it.
LASTS = timedelta(hours=10)
IDLE = timedelta(minutes=30)
_RENEW_AFTER = timedelta(minutes=1)
_FIND = (
    select(SESSIONS.c.user_name, SESSIONS.c.csrf, SESSIONS.c.created_at, SESSIONS.c.seen_at, USERS.c.role)
    .join(USERS, USERS.c.name == SESSIONS.c.user_name)
    .where(SESSIONS.c.id_sha256 == bindparam("id"), USERS.c.is_active)
)


@dataclass(frozen=True)
class Session:
    """Who is signed in.

    Attributes:
        user: name.
        role: of the user, as it is now.
        csrf: what every form must send back.
    """

    user: str
    role: str
    csrf: str


def begin(engine: Engine, user: str) -> str:
    """Begins a session; returns the secret for the cookie. Sessions that are over go."""
    secret = secrets.token_urlsafe(32)
    at = now()
    with writing(engine) as connection:
        connection.execute(
            delete(SESSIONS).where(
                (SESSIONS.c.created_at < stamp(at - LASTS)) | (SESSIONS.c.seen_at < stamp(at - IDLE))
            )
        )
        connection.execute(
            insert(SESSIONS).values(
                id_sha256=_hashed(secret), user_name=user, csrf=secrets.token_urlsafe(32),
                created_at=stamp(at), seen_at=stamp(at),
            )
        )  # fmt: skip
    return secret


def find(engine: Engine, secret: str) -> Session | None:
    """The session of a cookie, where it is not over; seeing it keeps it alive."""
    at = now()
    with clear_errors(engine), engine.connect() as connection:
        row = connection.execute(_FIND, {"id": _hashed(secret)}).first()
    if row is None or row.created_at < stamp(at - LASTS) or row.seen_at < stamp(at - IDLE):
        return None
    if row.seen_at < stamp(at - _RENEW_AFTER):
        with writing(engine) as connection:
            mine = SESSIONS.c.id_sha256 == _hashed(secret)
            connection.execute(update(SESSIONS).where(mine).values(seen_at=stamp(at)))
    return Session(row.user_name, row.role, row.csrf)


def end(engine: Engine, secret: str) -> None:
    """Ends a session."""
    with writing(engine) as connection:
        connection.execute(delete(SESSIONS).where(SESSIONS.c.id_sha256 == _hashed(secret)))


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()
