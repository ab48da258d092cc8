"""``creditgrade desk …``: thin over ``desk``; nothing heavy is imported before it is needed."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from records.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from desk.audit import Who
    from desk.places import Places

Runs = Annotated[
    Path | None,
    typer.Option("--runs", metavar="DIR", help="Output folder of the runs (DIR/desk); also CREDITGRADE_OUT."),
]
RunsOrOut = Annotated[
    Path | None,
    typer.Option("--runs", "--out", metavar="DIR", help="Output folder of the runs; also CREDITGRADE_OUT."),
]
Database = Annotated[
    str | None,
    typer.Option(metavar="URL", help="postgresql://… instead of SQLite; also CREDITGRADE_DESK_DATABASE."),
]
AuditUrl = Annotated[
    str | None, typer.Option("--audit", metavar="URL", help="The audit trail's; also CREDITGRADE_DESK_AUDIT.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")]

# Added to a load's nice value, for a system that knows no idle class.
_BEHIND_LOOK_UPS = 10
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="As the list stood on that day.")]
KnownOn = Annotated[
    str | None, typer.Option("--known-on", metavar="DATE", help="As the desk knew it on that day.")
]


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module to the command line."""
    from flows import commands_desk_keys as keys

    desk_app = typer.Typer(
        no_args_is_help=False, help="The approval desk: may this applicant be fast-tracked?"
    )
    for command in (load, check, history, serve):
        desk_app.command()(command)
    desk_app.command("list")(list_division)
    keys.add_to(desk_app)
    app.add_typer(desk_app, name="desk")


def load(
    out: RunsOrOut = None,
    snapshot: Annotated[
        Path | None, typer.Option(metavar="SNAPSHOT_DIR", help="Default: that of latest.json.")
    ] = None,
    database: Database = None,
    audit: AuditUrl = None,
    quiet: Quiet = False,
) -> None:
    """Take a snapshot's desk files into the eligibility store."""
    _give_way()  # first of all: what is imported below takes a second of a processor
    from desk.clock import now
    from desk.load import load as take_in
    from desk.places import ENV_OUT
    from flows.explain import snapshot_of

    root = out or (Path(os.environ[ENV_OUT]) if os.environ.get(ENV_OUT) else None)
    if snapshot is None and root is None:
        raise UsageError("which snapshot? --runs DIR or --snapshot SNAPSHOT_DIR", rule="missing_option")
    where = snapshot or snapshot_of(root or Path(), None, for_desk=True)
    done = take_in(where, places_of(out, database, audit), now())
    if quiet:
        return
    if not done.is_new:
        print(f"{done.snapshot}: nothing to do, the desk answers from it already")
    else:
        print(
            f"{done.snapshot}: loaded, {done.entities:,} entities: {done.added:,} new, {done.changed:,} changed,"
            f" {done.removed:,} gone"
        )


def check(
    applicants: Annotated[list[str] | None, typer.Argument(metavar="USCC|NAME…", help="Whom.")] = None,
    item: Annotated[str, typer.Option(metavar="ITEM", help="Licence item 许可事项.")] = "",
    input_: Annotated[
        Path | None, typer.Option("--in", metavar="FILE", help="CSV with a column uscc or name, and item.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="CSV for the answers.")] = None,
    form: Annotated[str, typer.Option("--format", metavar="text|json", help="What to print.")] = "text",
    on: On = None,
    known_on: KnownOn = None,
    runs: Runs = None,
    database: Database = None,
    audit: AuditUrl = None,
    quiet: Quiet = False,
) -> None:
    """Say whether applicants may be fast-tracked, and why; each answer is in the audit trail."""
    if bool(applicants) == (input_ is not None) or (input_ is None) != (output is None):
        raise UsageError("either USCC or NAME, or both --in FILE and --out FILE", rule="bad_option")
    if form not in ("text", "json"):
        raise UsageError(f"--format {form!r} is unknown: text or json", rule="bad_option")
    from desk.audit import Audit
    from desk.store import Store
    from flows.desk import answer_file, print_answers

    days = _day("--on", on), _day("--known-on", known_on)
    places = places_of(runs, database, audit)
    store = Store(places)
    store.edition(*days)  # a desk without a list is told before anything is made
    trail = Audit(places)
    try:
        if input_ is not None and output is not None:
            rows = answer_file(places, trail, me(), input_, output, item, *days)
            if not quiet:
                print(f"{output}: {rows:,} answers")
        else:
            print_answers(store, trail, me(), applicants or [], item, *days, as_json=form == "json")
    finally:
        trail.close()
        store.close()


def history(
    uscc: Annotated[str, typer.Argument(metavar="USCC", help="Unified social credit code 统一社会信用代码.")],
    form: Annotated[str, typer.Option("--format", metavar="text|json", help="What to print.")] = "text",
    runs: RunsOrOut = None,
    database: Database = None,
    audit: AuditUrl = None,
) -> None:
    """Say what was ever said of an entity, list by list."""
    from desk.audit import Audit
    from desk.store import Store
    from flows.desk import print_history

    places = places_of(runs, database, audit)
    store = Store(places)
    store.edition()
    trail = Audit(places)
    try:
        print_history(store, trail, me(), uscc, as_json=form == "json")
    finally:
        trail.close()
        store.close()


def list_division(
    output: Annotated[Path, typer.Option("--out", metavar="FILE", help="CSV to write.")],
    division: Annotated[
        str, typer.Option(metavar="D", help="Beginning of the division code 行政区划代码.")
    ] = "",
    status: Annotated[
        list[str] | None, typer.Option(metavar="S", help="Status code; may be repeated.")
    ] = None,
    on: On = None,
    known_on: KnownOn = None,
    runs: Runs = None,
    database: Database = None,
    audit: AuditUrl = None,
    quiet: Quiet = False,
) -> None:
    """Write the list of a division, by status."""
    from desk.audit import Audit
    from desk.store import Store
    from flows.desk import write_list

    days = _day("--on", on), _day("--known-on", known_on)
    places = places_of(runs, database, audit)
    store = Store(places)
    store.edition(*days)
    trail = Audit(places)
    try:
        rows = write_list(store, trail, me(), output, division, status or [], *days)
    finally:
        trail.close()
        store.close()
    if not quiet:
        print(f"{output}: {rows:,} entities")


def serve(
    runs: RunsOrOut = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; a proxy brings TLS.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="0 for a free one.")] = 8440,
    workers: Annotated[int, typer.Option(min=1, max=64, metavar="N", help="Processes.")] = 1,
    rulings: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for rulings on objections, e.g. LANDING/rulings."),
    ] = None,
    policy: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of policy files.")] = None,
    proxy: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The proxy whose X-Forwarded-For is believed.")
    ] = "127.0.0.1",
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Let the cookie travel without TLS (tests, one machine).")
    ] = False,
    database: Database = None,
    audit: AuditUrl = None,
    quiet: Quiet = False,
) -> None:
    """Serve the web page and the HTTP API."""
    import uvicorn

    from desk.http.settings import ENV, Desk, Settings
    from desk.http.wire import PromptProtocol

    settings = Settings(places_of(runs, database, audit), policy, rulings, plain_http)
    Desk.open(settings).close()  # what is wrong with the set-up is said here, once, in one line
    os.environ[ENV] = settings.to_text()
    if plain_http and host not in ("127.0.0.1", "::1", "localhost") and not quiet:
        print(
            "warning: --plain-http on an address that others reach sends passwords in clear", file=sys.stderr
        )
    uvicorn.run(
        "desk.http.app:app_from_environment", factory=True, host=host, port=port, workers=workers,
        http=PromptProtocol, log_level="warning" if quiet else "info", access_log=False, server_header=False,
        proxy_headers=True, forwarded_allow_ips=proxy, timeout_graceful_shutdown=10,
    )  # fmt: skip


def _give_way() -> None:
    """Who asks at the counter goes before a load.

    However nice, a thread keeps its processor for some milliseconds when another one wakes, and a question wakes half a
    dozen, one after the other. Of the idle class, it is put aside at once.
    """
    os.nice(_BEHIND_LOOK_UPS)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def places_of(runs: Path | None, database: str | None, audit: str | None) -> Places:
    """The desk's databases, from options and environment."""
    from desk.places import Places

    return Places.of(runs, database, audit, os.environ)


def me() -> Who:
    """The operating system's user, as the audit trail names whoever works at the command line."""
    import pwd

    from desk.audit import Who

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return Who(f"os:{name}", "operator", "cli")


def _day(option: str, text: str | None) -> date | None:
    from flows.days import read_day

    return None if text is None else read_day(option, text)
