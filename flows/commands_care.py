"""Commands that look after an installation; nothing heavy is imported before it is needed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.commands_night import HOST, PORT, Host, LakeDir, Out, PolicyDir, Port, Quiet
from records.errors import CreditgradeError

_OutOfLake = Annotated[Path | None, typer.Option(metavar="DIR", help="Output folder, for the lake OUT/lake.")]
_LakeOnly = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the lake.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")]


def add_to(app: typer.Typer, lake_app: typer.Typer) -> None:
    """Adds the commands of this module to the command line."""
    app.command()(doctor)
    app.command()(prune)
    lake_app.command()(status)
    lake_app.command()(compact)


def doctor(
    out: Out,
    landing: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of landed files.")] = None,
    lake: LakeDir = None,
    policy: PolicyDir = None,
    no_server: Annotated[
        bool, typer.Option("--no-server", help="Nights are started by cron or systemd alone.")
    ] = False,
    host: Host = HOST,
    port: Port = PORT,
    quiet: Quiet = False,
) -> None:
    """Say whether tonight's run would go well: schedule, folders, space, clock, key, policy, feeds."""
    from flows.control.folder import OutFolder
    from flows.doctor import Place, examine
    from flows.nightly.settings import quiet_settings
    from records.lake import Lake

    # Before Prefect is imported; its own home is not touched by a look.
    for name, value in quiet_settings(out.resolve() / ".prefect").items():
        os.environ.setdefault(name, value)
    os.environ["PREFECT_API_URL"] = f"http://{host}:{port}/api"
    place = Place(
        landing, OutFolder(out), Lake(lake or OutFolder(out).lake), policy, datetime.now(UTC), os.environ, host,
        port, has_server=not no_server,
    )  # fmt: skip
    found = examine(place)
    if not quiet:
        print("\n".join(finding.line() for finding in found))
    bad = [finding for finding in found if finding.level == "bad"]
    if bad:
        raise CreditgradeError(
            f"{len(bad)} of {len(found)} findings are bad, first {bad[0].what}: {bad[0].told}", rule="doctor"
        )


def prune(
    out: Out,
    policy: PolicyDir = None,
    dry_run: _DryRun = False,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Wait for a run to end.")] = 30,
    quiet: Quiet = False,
) -> None:
    """Remove what the policy no longer keeps; manifests, eligibility and the lake always stay."""
    import sys

    from flows.prune import lines
    from flows.prune import prune as remove

    plan = remove(
        out, policy, now=datetime.now(UTC), dry_run=dry_run, wait_seconds=wait,
        note=lambda text: None if quiet else print(text, file=sys.stderr),
    )  # fmt: skip
    if not quiet:
        print("\n".join(lines(plan, out, dry_run=dry_run)))


def status(
    lake: _LakeOnly = None,
    out: _OutOfLake = None,
    read_all: Annotated[
        bool, typer.Option("--read-all", help="Decompress and hash all that was received.")
    ] = False,
) -> None:
    """Say what a lake holds, and whether all that was received is there."""
    from flows.lake_care import existing_lake, status_lines
    from records.lake.compact import lake_status

    place = existing_lake(lake, out)
    found = lake_status(place, reads_all=read_all)
    print("\n".join(status_lines(found)))
    if broken := [*found.missing, *found.damaged]:
        raise CreditgradeError(
            f"{len(broken)} deliveries are lost or damaged, first {broken[0]}: restore received/ from the backup",
            rule="received_bytes_lost" if found.missing else "received_bytes_damaged",
        )


def compact(
    lake: _LakeOnly = None,
    out: _OutOfLake = None,
    policy: PolicyDir = None,
    dry_run: _DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Remove tables that an older reader made; what was received stays, and every answer with it."""
    from flows.lake_care import compact_lake, existing_lake

    done = compact_lake(existing_lake(lake, out), policy, os.environ, dry_run=dry_run)
    if not quiet:
        print(f"{done.files} files, {done.bytes / (1 << 20):.1f} MiB {'would go' if dry_run else 'removed'}")
