"""The command line (contract §1). It imports nothing heavy: ``--help`` and ``explain`` start at once."""

# No postponed annotations here: typer would compile each of them again at every start.

import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data.sample import CITIZEN_PENALTIES
from flows import commands_care, commands_desk, commands_model, commands_night, commands_supervise
from flows.commands_holds import holds
from flows.commands_policy import policy_app
from records.errors import PromiseBroken, UsageError

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
    help="Risk classes for supervisors and fast-track eligibility for the approval desk, from what departments report.",
)
lake_app = typer.Typer(no_args_is_help=False, help="What was received, and taking a delivery out of it.")
app.add_typer(lake_app, name="lake")
app.add_typer(policy_app, name="policy")
app.command()(holds)
commands_night.add_to(app)
commands_care.add_to(app, lake_app)
commands_supervise.add_to(app)
commands_desk.add_to(app)
commands_model.add_to(app)

Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback with an error.")]
_state = {"debug": False}


def _debugging(is_on: bool) -> None:
    _state["debug"] = _state["debug"] or is_on


@app.callback()
def _options(debug: Debug = False) -> None:
    _debugging(debug)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write; made if missing.")],
    entities: Annotated[int, typer.Option(metavar="N", help="How many market entities.")] = 2_000,
    seed: Annotated[int, typer.Option(metavar="S", help="Same seed, same bytes.")] = 2021,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Newest day in it; default today.")
    ] = None,
    citizen_penalties: Annotated[
        float,
        typer.Option(
            metavar="R", help="Penalties of natural persons for each entity; a city's whole flow: 17."
        ),
    ] = CITIZEN_PENALTIES,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write synthetic landing files in every official layout."""
    _debugging(debug)
    from data.sample import generate
    from flows.days import read_day

    day = None if as_of is None else read_day("--as-of", as_of)
    made = generate(folder, entities, seed, day, citizen_penalties)
    if not quiet:
        print(f"{folder}: {made.total_rows:,} rows in {len(made.files)} files, as of {made.as_of}")


@app.command()
def run(
    landing: Annotated[Path, typer.Option(metavar="DIR", help="Folder of landed files, one folder a kind.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for snapshots, status and lake.")],
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Day asked about; default today.")] = None,
    lake: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the lake; default OUT/lake.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of policy files.")] = None,
    engine: Annotated[str, typer.Option(metavar="duckdb|spark", help="Where the set logic runs.")] = "duckdb",
    runner: Annotated[str, typer.Option(metavar="inline|prefect", help="Who calls the stages.")] = "inline",
    publish: Annotated[
        bool, typer.Option("--publish", help="Move latest.json to a day that is not today.")
    ] = False,
    known_by: Annotated[str | None, typer.Option(metavar="DATE", help="Leave out what landed later.")] = None,
    accept_stale: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Go on though this feed is missing or late.")
    ] = None,
    accept_refused: Annotated[
        list[str] | None, typer.Option(metavar="PATH-UNDER-LANDING", help="Go on without this refused file.")
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why a gap is accepted.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="With --reason: keep the acceptance until then.")
    ] = None,
    on_finish: Annotated[
        str | None, typer.Option(metavar="CMD", help="Called with the path of status.json, whatever happens.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Wait for another run to end.")] = 30,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether it would pass; change nothing.")
    ] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Grade what has landed and publish a snapshot."""
    _debugging(debug)
    from flows.console import Console
    from flows.control.failures import told_when_terminated
    from flows.control.folder import OutFolder
    from flows.request import Request
    from flows.run import run as run_once

    request = Request(
        landing=landing,
        out=out,
        as_of=as_of,
        lake=lake,
        policy=policy,
        engine=engine,
        runner=runner,
        does_publish=publish,
        known_by=known_by,
        accept_stale=tuple(accept_stale or ()),
        accept_refused=tuple(accept_refused or ()),
        reason=reason,
        until=until,
        on_finish=on_finish,
        wait_seconds=wait,
    )
    if check:
        from flows.check import check as try_out

        with told_when_terminated(), Console(quiet) as console:
            answered = try_out(request, now=datetime.now(UTC), environ=os.environ, show=console)
        console.would_pass(answered)
        return
    with told_when_terminated(), Console(quiet) as console:
        answered = run_once(request, now=datetime.now(UTC), environ=os.environ, show=console)
    console.finished(answered, OutFolder(out))


@app.command()
def explain(
    uscc: Annotated[str, typer.Argument(metavar="USCC", help="Unified social credit code 统一社会信用代码.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Output folder of the runs.")],
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Day; default the newest published.")
    ] = None,
    desk: Annotated[
        bool, typer.Option("--desk", help="The eligibility alone, from the desk's files.")
    ] = False,
    form: Annotated[str, typer.Option("--format", metavar="text|json|html", help="What to print.")] = "text",
    lang: Annotated[str | None, typer.Option(metavar="zh|en", help="One language; default both.")] = None,
    debug: Debug = False,
) -> None:
    """Say why an entity has this class and status, rule by rule."""
    _debugging(debug)
    from flows.explain import explain_entity

    print(explain_entity(out, uscc, as_of, for_desk=desk, form=form, lang=lang))


@app.command()
def verify(
    snapshot: Annotated[
        Path, typer.Argument(metavar="SNAPSHOT_DIR", help="Folder that holds manifest.json.")
    ],
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Check a snapshot against its manifest: files, hashes, order, conservation, sums."""
    _debugging(debug)
    from publish.verify import verify as look

    problems = look(snapshot)
    if problems:
        for problem in problems[1:]:
            print(f"{problem.message} [{problem.rule}]", file=sys.stderr)
        raise PromiseBroken(
            f"{problems[0].message}; problems in all: {len(problems)}",
            rule=problems[0].rule,
            file=str(snapshot),
        )
    if not quiet:
        from publish.pruned import read_pruned

        pruned = read_pruned(snapshot)
        print(
            f"{snapshot}: good"
            + (f", pruned on {pruned.on}: {len(pruned.files)} files are gone" if pruned else "")
        )


@lake_app.command()
def withdraw(
    sha256: Annotated[
        str, typer.Argument(metavar="SHA256", help="Of the delivered bytes, as in the manifest.")
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it stands on the record.")],
    lake: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the lake.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Output folder, for the lake OUT/lake.")
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Take a delivery out of the lake, on the record, from the next run on."""
    _debugging(debug)
    from flows.control.folder import OutFolder
    from records.lake import withdraw as take_out

    if lake is None and out is None:
        raise UsageError("which lake? --lake DIR or --out DIR", rule="missing_option")
    done = take_out(lake or OutFolder(Path(out or "")).lake, sha256, reason, datetime.now(UTC))
    if not quiet:
        print(f"{done.sha256}: taken out on {done.withdrawn_on}; the next run grades without it")


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and ends the process with the exit code of contract §1."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    # typer's own errors: the class is private to it, its place differs between versions.
    usage_error: Any = typer.BadParameter.__mro__[1]
    _state["debug"] = False
    if isinstance(sys.stdout, io.TextIOWrapper):
        # In a locale without Chinese a name is shown escaped, as on stderr: it must not end a run that went well.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        result = app(args=arguments, prog_name="creditgrade", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except usage_error as error:
        command = error.ctx.command_path if error.ctx else "creditgrade"
        print(f"creditgrade: {error.format_message()} (see {command} --help)", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read our output has had enough; Python must not complain again at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (whatever it is becomes one line and a code)
        from flows.control.failures import as_failure

        if _state["debug"] or "--debug" in (arguments or sys.argv):
            import traceback

            traceback.print_exception(error)
        failure = as_failure(error)
        print(f"creditgrade: {str(failure).replace(chr(10), ' ')}", file=sys.stderr)
        return failure.exit_code


if __name__ == "__main__":
    main()
