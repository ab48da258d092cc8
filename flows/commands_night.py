"""Commands for missed nights and for the scheduled night; nothing heavy is imported before it is needed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from records.errors import UsageError

Landing = Annotated[Path, typer.Option(metavar="DIR", help="Folder of landed files, one folder a kind.")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder for snapshots, status and lake.")]
LakeDir = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the lake; default OUT/lake.")]
PolicyDir = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of policy files.")]
Engine = Annotated[str, typer.Option(metavar="duckdb|spark", help="Where the set logic runs.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")]
Host = Annotated[str, typer.Option(metavar="HOST", help="Where the Prefect server listens.")]
Port = Annotated[int, typer.Option(metavar="PORT", min=1, max=65535, help="And on which port.")]
At = Annotated[str, typer.Option(metavar="HH:MM", help="When a night begins, in Asia/Shanghai.")]
Database = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="PostgreSQL for Prefect's own store; default SQLite under OUT/.prefect."
    ),
]
OnFinish = Annotated[
    str | None, typer.Option(metavar="CMD", help="Called with the path of status.json, whatever happens.")
]
HOST, PORT, AT = "127.0.0.1", 4200, "02:00"

nightly_app = typer.Typer(no_args_is_help=False, help="The scheduled night: server, schedule, who is told.")


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module to the command line."""
    app.command()(backfill)
    app.add_typer(nightly_app, name="nightly")


def backfill(
    first: Annotated[str, typer.Argument(metavar="FROM", help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="Last day, included; before today.")],
    landing: Landing,
    out: Out,
    lake: LakeDir = None,
    policy: PolicyDir = None,
    engine: Engine = "duckdb",
    known_by: Annotated[str | None, typer.Option(metavar="DATE", help="Leave out what landed later.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also days that have a snapshot.")] = False,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Wait for another run to end.")] = 30,
    quiet: Quiet = False,
) -> None:
    """Grade nights that did not run; latest.json stays where it is."""
    from flows.backfill import backfill as grade
    from flows.console import Console
    from flows.request import Request

    request = Request(
        landing, out, lake=lake, policy=policy, engine=engine, known_by=known_by, wait_seconds=wait
    )
    with Console(quiet) as console:
        grade(
            request, first, last, again=again, now=datetime.now(UTC), environ=os.environ, show=console,
            told=console.note,
        )  # fmt: skip


@nightly_app.command()
def up(
    landing: Landing,
    out: Out,
    lake: LakeDir = None,
    policy: PolicyDir = None,
    at: At = AT,
    host: Host = HOST,
    port: Port = PORT,
    database: Database = None,
    on_finish: OnFinish = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when the run that is started at once has ended.")
    ] = False,
) -> None:
    """Start server and schedule here, run one night at once, and stay until Ctrl-C."""
    from flows.nightly.serve import up as start

    start(
        _night(landing, out, lake, policy, on_finish), at, host, port, os.environ, print, database, once=once
    )


@nightly_app.command()
def server(out: Out, host: Host = HOST, port: Port = PORT, database: Database = None) -> None:
    """Run the dedicated Prefect server in the foreground (for systemd)."""
    from flows.nightly.server import command, environment, make_home

    home = out.resolve() / ".prefect"
    make_home(home)
    words = command(host, port)
    os.execve(words[0], words, environment(os.environ, home, host, port, database))


@nightly_app.command()
def serve(
    landing: Landing,
    out: Out,
    lake: LakeDir = None,
    policy: PolicyDir = None,
    at: At = AT,
    host: Host = HOST,
    port: Port = PORT,
    on_finish: OnFinish = None,
) -> None:
    """Deploy the night to a server that runs, read its schedule back, and start its runs (for systemd)."""
    from flows.nightly.serve import serve as stay

    stay(_night(landing, out, lake, policy, on_finish), at, host, port, os.environ, print)


@nightly_app.command()
def show(out: Out, host: Host = HOST, port: Port = PORT) -> None:
    """Say what the server has: schedule, next night, last runs."""
    from flows.nightly.serve import describe

    print("\n".join(describe(out, host, port, os.environ)))


@nightly_app.command()
def automate(
    out: Out,
    webhook: Annotated[
        str | None,
        typer.Option(
            metavar="URL", envvar="CREDITGRADE_WEBHOOK", help="Is sent {subject, body} as JSON by POST."
        ),
    ] = None,
    mail: Annotated[
        str | None,
        typer.Option(
            metavar="MAILTO", envvar="CREDITGRADE_MAIL", help="mailtos://user:password@host?to=a@b (Apprise)."
        ),
    ] = None,
    silence: Annotated[
        float, typer.Option(metavar="HOURS", min=1, help="Also tell when no night ended well for so long.")
    ] = 26,
    host: Host = HOST,
    port: Port = PORT,
) -> None:
    """Let the server tell somebody when a night fails, or does not run at all."""
    from flows.nightly.automations import automate as set_up

    if not (webhook or mail):
        raise UsageError("who is told? --webhook URL or --mail MAILTO", rule="missing_option")
    for line in set_up(out, webhook=webhook, mail=mail, silence_hours=silence, host=host, port=port):
        print(line)


def _night(landing: Path, out: Path, lake: Path | None, policy: Path | None, on_finish: str | None) -> Any:
    from flows.control.notify import parse_command
    from flows.nightly.night import Night
    from flows.request import Request, stand_apart

    stand_apart(Request(landing, out, lake=lake))
    if on_finish is not None:
        parse_command(on_finish)
    return Night(landing, out, lake, policy, on_finish=on_finish)
