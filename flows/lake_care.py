"""``creditgrade lake status`` and ``lake compact``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from records.errors import CreditgradeError, UsageError
from records.lake import Lake, id_key, read_receipts
from records.lake.compact import Compacted, LakeStatus, compact, lake_status


def existing_lake(lake: Path | None, out: Path | None) -> Lake:
    """The lake that two options name.

    Raises:
        UsageError: ``missing_option``, ``lake_missing``.
    """
    if lake is None and out is None:
        raise UsageError("which lake? --lake DIR or --out DIR", rule="missing_option")
    place = Lake(lake if lake is not None else Path(out or "") / "lake")
    if not place.journal.is_file():
        raise UsageError(f"{place.root} is no lake: it has no {place.journal.name}", rule="lake_missing")
    return place


def compact_lake(lake: Lake, policy: Path | None, environ: Mapping[str, str], *, dry_run: bool) -> Compacted:
    """Removes tables that the present reader (code, policy, key) does not ask for.

    Raises:
        CreditgradeError: ``lake_busy``, ``received_bytes_lost`` where the record itself is not whole: then
            nothing is removed.
        UsageError: ``id_key_other``.
        PolicyError: the policy cannot be used.
    """
    from flows.stages.ingest_artifacts import artifacts_of
    from flows.stages.ingest_workers import reader_digest, source_finder
    from policy import load_policy

    rules = load_policy(policy)
    with lake.locked():
        found = lake_status(lake, reads_all=not dry_run)
        if broken := [*found.missing, *found.damaged]:
            raise CreditgradeError(
                f"{len(broken)} deliveries cannot be read again, first {broken[0]}: restore received/ from the "
                "backup first; nothing was removed",
                rule="received_bytes_lost",
            )
        digest = reader_digest(rules, id_key(lake, environ))
        artifacts = artifacts_of(lake, read_receipts(lake.journal), digest, source_finder(rules))
        return compact(lake, {one.stem.name for one in artifacts.values()}, dry_run=dry_run)


def status_lines(found: LakeStatus) -> list[str]:
    """The look at a lake as text."""
    lines = [f"{'kind':<12} {'files':>8} {'MiB':>10}  newest"]
    for kind, one in found.kinds.items():
        lines.append(f"{kind:<12} {one.deliveries:>8,} {one.bytes / (1 << 20):>10.1f}  {one.newest or '—'}")
    lines += [
        "",
        f"received, compressed  {found.received_bytes / (1 << 20):.1f} MiB",
        f"tables read from them {found.table_bytes / (1 << 20):.1f} MiB",
        f"withdrawn             {found.withdrawn}",
    ]
    if found.unrecorded:
        lines.append(
            f"not in the journal    {found.unrecorded} files of a run that was killed; they do no harm"
        )
    return lines
