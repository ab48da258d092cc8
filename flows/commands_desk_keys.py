"""``creditgrade desk user, token, audit``: who may come in, and what was done."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands_desk import AuditUrl, Database, Quiet, Runs, RunsOrOut, me, places_of
from records.errors import CreditgradeError, PromiseBroken, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from desk.audit import Audit
    from desk.places import Places

_Role = Annotated[
    str, typer.Option(metavar="desk|supervisor|auditor|administrator", help="What the user may do.")
]


def add_to(desk_app: typer.Typer) -> None:
    """Adds the commands of this module below ``desk``."""
    user_app = typer.Typer(no_args_is_help=False, help="Accounts of the web page.")
    token_app = typer.Typer(no_args_is_help=False, help="Tokens of the HTTP API.")
    audit_app = typer.Typer(no_args_is_help=False, help="The audit trail.")
    for app, name, command in (
        (user_app, "add", user_add),
        (user_app, "list", user_list),
        (user_app, "change", user_change),
        (token_app, "add", token_add),
        (token_app, "list", token_list),
        (token_app, "revoke", token_revoke),
        (audit_app, "verify", audit_verify),
        (audit_app, "export", audit_export),
    ):
        app.command(name)(command)
    desk_app.add_typer(user_app, name="user")
    desk_app.add_typer(token_app, name="token")
    desk_app.add_typer(audit_app, name="audit")


def user_add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    role: _Role,
    runs: RunsOrOut = None,
    database: Database = None,
    audit: AuditUrl = None,
    quiet: Quiet = False,
) -> None:
    """Make an account; the password is asked for, or read as one line from stdin."""
    from desk.audit import Entry
    from desk.users import add_user

    with _keys(places_of(runs, database, audit)) as (access, trail):
        made = add_user(access, name, role, _password())
        trail.append(Entry(me(), "user_add", subject=made.name, detail={"role": role}))
    if not quiet:
        print(f"{made.name}: {made.role}")


def user_list(runs: RunsOrOut = None, database: Database = None, audit: AuditUrl = None) -> None:
    """List the accounts."""
    from desk.users import users
    from publish.columns import columns

    with _keys(places_of(runs, database, audit)) as (access, _):
        found = users(access)
    rows = [
        (one.name, one.role, "closed" if not one.is_active else "locked" if one.is_locked else "open")
        for one in found
    ]
    print("\n".join(columns(("name", "role", "state"), rows)))


def user_change(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    role: Annotated[str | None, typer.Option(metavar="ROLE", help="Another role.")] = None,
    password: Annotated[bool, typer.Option("--password", help="Another password.")] = False,
    close: Annotated[bool, typer.Option("--close", help="It may no longer sign in.")] = False,
    reopen: Annotated[bool, typer.Option("--open", help="It may sign in again.")] = False,
    unlock: Annotated[bool, typer.Option("--unlock", help="End a lock-out.")] = False,
    runs: RunsOrOut = None,
    database: Database = None,
    audit: AuditUrl = None,
    quiet: Quiet = False,
) -> None:
    """Change an account; its sessions end."""
    from desk.audit import Entry
    from desk.users import change_user

    if not (role or password or close or reopen or unlock) or (close and reopen):
        raise UsageError(
            "what is to change? --role, --password, --close or --open, --unlock", rule="bad_option"
        )
    with _keys(places_of(runs, database, audit)) as (access, trail):
        changed = change_user(
            access, name, role=role, password=_password() if password else None,
            is_active=False if close else True if reopen else None, unlock=unlock,
        )  # fmt: skip
        what = {"role": role, "password": password, "close": close, "open": reopen, "unlock": unlock}
        trail.append(Entry(me(), "user_change", subject=name, detail={k: v for k, v in what.items() if v}))
    if not quiet:
        print(f"{changed.name}: {changed.role}, {'open' if changed.is_active else 'closed'}")


def token_add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The system that will hold it.")],
    scope: Annotated[
        list[str], typer.Option(metavar="SCOPE", help="ask, batch, search, history, list, audit.")
    ],
    days: Annotated[int, typer.Option(metavar="N", help="Days until it expires.")] = 90,
    runs: RunsOrOut = None,
    database: Database = None,
    audit: AuditUrl = None,
) -> None:
    """Make a token; it is printed once and stored nowhere."""
    from desk.audit import Entry
    from desk.clock import local
    from desk.tokens import add_token

    with _keys(places_of(runs, database, audit)) as (access, trail):
        token, secret = add_token(access, name, scope, days)
        detail = {"name": token.name, "scopes": sorted(token.scopes), "expires_at": token.expires_at}
        trail.append(Entry(me(), "token_add", subject=token.id, detail=detail))
    print(
        f"{token.id}: {token.name}, {' '.join(sorted(token.scopes))}, until {local(token.expires_at)}",
        file=sys.stderr,
    )
    print(secret)


def token_list(runs: RunsOrOut = None, database: Database = None, audit: AuditUrl = None) -> None:
    """List the tokens, without their secrets."""
    from desk.clock import local
    from desk.tokens import tokens
    from publish.columns import columns

    with _keys(places_of(runs, database, audit)) as (access, _):
        found = tokens(access)
    rows = [
        (
            one.id, one.name, " ".join(sorted(one.scopes)), local(one.expires_at),
            "revoked" if one.revoked_at else "valid" if one.is_valid else "expired",
        )
        for one in found
    ]  # fmt: skip
    print("\n".join(columns(("id", "name", "scopes", "expires", "state"), rows)))


def token_revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID")],
    runs: RunsOrOut = None,
    database: Database = None,
    audit: AuditUrl = None,
    quiet: Quiet = False,
) -> None:
    """End a token at once."""
    from desk.audit import Entry
    from desk.tokens import revoke_token

    with _keys(places_of(runs, database, audit)) as (access, trail):
        token = revoke_token(access, token_id)
        trail.append(Entry(me(), "token_revoke", subject=token.id))
    if not quiet:
        print(f"{token.id}: revoked")


def audit_verify(
    runs: RunsOrOut = None, database: Database = None, audit: AuditUrl = None, quiet: Quiet = False
) -> None:
    """Look at every link of the audit trail, and compare it with the heads in the manifests."""
    import os

    from desk.audit_check import check, witnesses_in
    from desk.places import ENV_OUT

    places = places_of(runs, database, audit)
    root = runs or (Path(os.environ[ENV_OUT]) if os.environ.get(ENV_OUT) else None)
    witnesses, unread = witnesses_in(root) if root else ([], [])
    try:
        with _trail(places) as trail:
            head = trail.head()
            problems = check(trail, witnesses)
    except CreditgradeError as error:
        if error.rule != "database_damaged":
            raise
        told = str(error).removesuffix(f" [{error.rule}]")
        raise PromiseBroken(f"the audit trail is not whole: {told}", rule="audit_broken") from error
    # Whoever cuts a tail may spoil its witness too.
    problems += [f"{place} cannot be read: its witness is missing" for place in unread]
    if problems:
        for problem in problems[1:]:
            print(problem, file=sys.stderr)
        raise PromiseBroken(f"the audit trail is not whole: {problems[0]}", rule="audit_broken")
    if not quiet:
        print(
            f"{head.entries:,} entries, every link holds, {len(witnesses)} witnesses agree; head {head.hash}"
        )


def audit_export(
    output: Annotated[
        Path, typer.Option("--out", metavar="FILE", help=".csv for people, .jsonl with every link exact.")
    ],
    runs: Runs = None,
    database: Database = None,
    audit: AuditUrl = None,
    quiet: Quiet = False,
) -> None:
    """Write the audit trail into a file."""
    from desk.audit import Entry
    from flows.desk import export_audit

    with _trail(places_of(runs, database, audit)) as trail:
        rows = export_audit(trail, output)
        trail.append(Entry(me(), "audit_export", detail={"rows": rows}))
    if not quiet:
        print(f"{output}: {rows:,} entries")


@contextmanager
def _keys(places: Places) -> Iterator[tuple[Engine, Audit]]:
    from desk.databases import migrate, open_engine

    with _trail(places) as trail:
        access = open_engine(places.access)
        try:
            migrate(access, "access")
            yield access, trail
        finally:
            access.dispose()


@contextmanager
def _trail(places: Places) -> Iterator[Audit]:
    from desk.audit import Audit

    trail = Audit(places)
    try:
        yield trail
    finally:
        trail.close()


def _password() -> str:
    """From a person who types it twice, or from the first line of stdin."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    answered: Any = typer.prompt("password", hide_input=True, confirmation_prompt=True)
    return str(answered)
