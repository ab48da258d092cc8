"""Commands for supervisors: the inspection plan, the look-up of integrity factors, reports."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.commands_night import Out, PolicyDir, Quiet
from records.errors import UsageError

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Day of a snapshot; default the newest published."),
]


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module to the command line."""
    app.command()(plan)
    app.command()(report)
    app.command()(integrity)


def plan(
    out: Out,
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="Day of the snapshot drawn from.")],
    seed: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Seed of the draw; kept secret until it is revealed.")
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Inspectors, .csv or .xlsx, with their conflicts.")
    ] = None,
    policy: PolicyDir = None,
    commit: Annotated[
        bool, typer.Option("--commit", help="Only put the commitment to the seed on record, before the draw.")
    ] = False,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Put the seed on record, after the visits.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Draw again from the revealed seed and compare.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Draw the random-inspection plan 双随机 from a snapshot: reproducible, with its proof."""
    from flows.supervise import plan_command

    if sum((commit, reveal, check)) > 1:
        raise UsageError("--commit, --reveal and --check exclude each other", rule="bad_option")
    if seed is None and not check:
        raise UsageError("--seed TEXT is missing", rule="missing_option")
    lines = plan_command(
        out, as_of, seed, roster, policy, commits=commit, reveals=reveal, checks=check, now=datetime.now(UTC)
    )
    if not quiet:
        print("\n".join(lines))


def report(
    out: Out,
    as_of: AsOf = None,
    no_workbooks: Annotated[bool, typer.Option("--no-workbooks", help="Leave the workbooks out.")] = False,
    no_pdf: Annotated[bool, typer.Option("--no-pdf", help="Leave the PDF out.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write the workbooks, the report as PDF and the data package of a snapshot, for supervisors alone."""
    from flows.supervise import report_command

    lines = report_command(
        out, as_of, with_books=not no_workbooks, with_pdf=not no_pdf, now=datetime.now(UTC)
    )
    if not quiet:
        print("\n".join(lines))


def integrity(
    out: Out,
    applicants: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Applicants, .csv or .xlsx, with 统一社会信用代码."),
    ],
    to: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the answers go, .csv or .xlsx; must not exist.")
    ],
    as_of: AsOf = None,
    policy: PolicyDir = None,
    quiet: Quiet = False,
) -> None:
    """Answer the integrity factor 诚信系数 of applicants for fiscal funds or investment support; no class in it."""
    from flows.supervise import integrity_command

    lines = integrity_command(out, applicants, to, as_of, policy)
    if not quiet:
        print("\n".join(lines))
