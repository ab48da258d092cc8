"""Users with argon2 passwords, and the lock-out of whoever guesses."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from desk.clock import now, stamp
from desk.databases import clear_errors, writing
from desk.permissions import ROLES
from desk.schema import SESSIONS, USERS
from records.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

PASSWORD_MIN = 12
# Five wrong passwords lock an account for a quarter of an hour.
FAILURES_MAX = 5
LOCKED_FOR = timedelta(minutes=15)
_NAME = re.compile(r"[\w.@-]{1,60}")


@dataclass(frozen=True)
class User:
    """An account.

    Attributes:
        name: with which one signs in.
        role: one of `desk.permissions.ROLES`.
        is_active: whether it may sign in.
        is_locked: whether wrong passwords have locked it just now.
    """

    name: str
    role: str
    is_active: bool
    is_locked: bool = False


def add_user(engine: Engine, name: str, role: str, password: str) -> User:
    """Makes an account.

    Raises:
        UsageError: ``bad_user_name``, ``unknown_role``, ``weak_password``, ``user_exists``.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            "a user's name has 1 to 60 letters, digits, dots, hyphens, @ or underscores", rule="bad_user_name"
        )
    _known_role(role)
    _strong_enough(password, name)
    at = stamp(now())
    with writing(engine) as connection:
        if connection.execute(select(USERS.c.name).where(USERS.c.name == name)).first():
            raise UsageError(f"user {name} exists", rule="user_exists")
        connection.execute(
            insert(USERS).values(
                name=name, role=role, password=_hasher().hash(_folded(password)), is_active=True, failures=0,
                locked_until=None, created_at=at, changed_at=at,
            )
        )  # fmt: skip
    return User(name, role, True)


def change_user(
    engine: Engine, name: str, *, role: str | None = None, password: str | None = None,
    is_active: bool | None = None, unlock: bool = False,
) -> User:  # fmt: skip
    """Changes an account; whatever changes, its sessions end.

    Raises:
        UsageError: ``unknown_user``, ``unknown_role``, ``weak_password``.
    """
    values: dict[str, Any] = {"changed_at": stamp(now())}
    if role is not None:
        _known_role(role)
        values["role"] = role
    if password is not None:
        _strong_enough(password, name)
        values |= {"password": _hasher().hash(_folded(password)), "failures": 0, "locked_until": None}
    if is_active is not None:
        values["is_active"] = is_active
    if unlock:
        values |= {"failures": 0, "locked_until": None}
    with writing(engine) as connection:
        if not connection.execute(update(USERS).where(USERS.c.name == name).values(values)).rowcount:
            raise UsageError(f"there is no user {name}", rule="unknown_user")
        connection.execute(delete(SESSIONS).where(SESSIONS.c.user_name == name))
        row = connection.execute(select(USERS).where(USERS.c.name == name)).mappings().one()
    return _user(row)


def users(engine: Engine) -> list[User]:
    """All accounts, by name."""
    with clear_errors(engine), engine.connect() as connection:
        return [_user(row) for row in connection.execute(select(USERS).order_by(USERS.c.name)).mappings()]


def sign_in(engine: Engine, name: str, password: str) -> User | None:
    """The user, where the password is right and the account neither locked nor closed; None otherwise.

    It takes the same time whether the name exists or not, and does not tell why it refused.
    """
    with clear_errors(engine), engine.connect() as connection:
        row = connection.execute(select(USERS).where(USERS.c.name == name)).mappings().first()
    is_right = _matches(_nobody() if row is None else str(row["password"]), password)
    if row is None:
        return None
    user = _user(row)
    with writing(engine) as connection:
        mine = USERS.c.name == name
        if is_right and user.is_active and not user.is_locked:
            values: dict[str, Any] = {"failures": 0, "locked_until": None}
            if _hasher().check_needs_rehash(str(row["password"])):
                values["password"] = _hasher().hash(_folded(password))
            connection.execute(update(USERS).where(mine).values(values))
            return user
        if not is_right and not user.is_locked:
            connection.execute(update(USERS).where(mine).values(failures=USERS.c.failures + 1))
            failures = connection.execute(select(USERS.c.failures).where(mine)).scalar_one()
            if failures >= FAILURES_MAX:
                until = stamp(now() + LOCKED_FOR)
                connection.execute(update(USERS).where(mine).values(failures=0, locked_until=until))
    return None


def _user(row: Any) -> User:
    is_locked = row["locked_until"] is not None and row["locked_until"] > stamp(now())
    return User(row["name"], row["role"], bool(row["is_active"]), is_locked)


def _known_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"role {role!r} is unknown: {', '.join(ROLES)}", rule="unknown_role")


def _strong_enough(password: str, name: str) -> None:
    text = _folded(password)
    if len(text) < PASSWORD_MIN or len(set(text)) < PASSWORD_MIN // 2 or name.lower() in text.lower():
        raise UsageError(
            f"the password needs {PASSWORD_MIN} characters, {PASSWORD_MIN // 2} of them different, and not the name",
            rule="weak_password",
        )


def _folded(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@cache
def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash for names that do not exist."""
    return str(_hasher().hash("nobody has this password"))


def _matches(hashed: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerifyMismatchError

    try:
        return bool(_hasher().verify(hashed, _folded(password)))
    except (VerifyMismatchError, InvalidHashError):
        return False
