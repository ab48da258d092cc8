"""``creditgrade holds``: the queue of held rows, and the workbook in which a supervisor settles them."""

# No postponed annotations here: typer would compile each of them again at every start.

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from records.errors import UsageError

if TYPE_CHECKING:
    from publish.held import HeldRow

FORMATS = ("text", "json", "csv")


def holds(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Output folder of the runs.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Day; default the newest published.")
    ] = None,
    division: Annotated[
        str | None, typer.Option(metavar="D", help="Only divisions whose code begins with this.")
    ] = None,
    authority: Annotated[str | None, typer.Option(metavar="TEXT", help="Only authorities named so.")] = None,
    uscc: Annotated[str | None, typer.Option(metavar="USCC", help="Only this entity.")] = None,
    xlsx: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a workbook to fill in; it must not exist.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="text|json|csv", help="What to print; csv: the rulings alone.")
    ] = "text",
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback with an error.")] = False,
) -> None:
    """Say what is held for review, by authority, age and reason, and the ruling that would settle each."""
    from flows.days import read_day
    from flows.explain import read_uscc, snapshot_of
    from publish.held import held_rows

    if form not in FORMATS:
        raise UsageError(f"--format {form!r} is unknown: {' or '.join(FORMATS)}", rule="bad_option")
    if division is not None and not (division.isascii() and division.isdigit() and len(division) <= 6):
        raise UsageError(f"--division {division!r} is no division code", rule="bad_option")
    if xlsx is not None and (xlsx.suffix.lower() != ".xlsx" or xlsx.exists()):
        what = "exists; it may have been filled in" if xlsx.exists() else "is not named .xlsx"
        raise UsageError(f"--xlsx {xlsx} {what}", rule="bad_option")
    path = snapshot_of(out, None if as_of is None else read_day("--as-of", as_of))
    wanted = None if uscc is None else read_uscc(uscc)
    rows = held_rows(path, division=division, authority=authority, uscc=wanted)
    if xlsx is not None:
        print(_write(rows, xlsx, path))
        return
    print("\n".join({"text": _text, "json": _json, "csv": _csv}[form](rows)))


def _write(rows: "Sequence[HeldRow]", xlsx: Path, snapshot: Path) -> str:
    from policy import load_policy
    from publish.held_workbook import write_workbook

    # The day stands in the folder's name: as_of=YYYY-MM-DD, perhaps with a revision.
    as_of = snapshot.name.removeprefix("as_of=").partition(".")[0]
    kinds = [kind.name for kind in load_policy().penalty_kinds]
    written = write_workbook(rows, xlsx, as_of, kinds)
    left = len(rows) - written
    more = f"; {left} wait for deliveries of a late source, no ruling settles them" if left else ""
    return f"{xlsx}: {written} rows to settle{more}"


def _text(rows: "Sequence[HeldRow]") -> Iterator[str]:
    from publish.columns import columns
    from publish.held import by_authority
    from publish.story.words import KINDS, rule_words, settled_by

    entities = len({row.uscc for row in rows})
    yield f"held rows 待复核事项: {len(rows)}, entities 主体: {entities}"
    if not rows:
        return
    head = ("authority 机关", "rows 事项", "entities 主体", "oldest 最早收到")
    groups = [
        (name or "— (not read 未读出)", str(count), str(held), str(oldest or "—"))
        for name, count, held, oldest in by_authority(rows)
    ]
    yield ""
    yield from _printable(columns(head, groups, right=(1, 2)))
    for row in rows:
        waits = "" if row.waits_days is None else f", waits 等待 {row.waits_days} days"
        why = f" ({', '.join(row.why)})" if row.why else ""
        named = " · ".join(
            str(part) for part in (row.authority, row.doc_no, row.event_on) if part is not None
        )
        lines = [
            "",
            f"{row.uscc}  {row.name}  {row.division_code}",
            f"  {KINDS[row.kind].within(None)}  {named or '—'}{waits}",
            f"  {row.hold_rule}: {rule_words(row.hold_rule).within(None)}{why}",
        ]
        if row.via != row.uscc:
            lines.append(f"  through 经由 {row.via}")
        if row.can_be_ruled:
            lines.append(f"  delivered in 报送文件 {row.source_file}, row 行 {row.source_row}")
            filled = "; ".join(f"{header}={value}" for header, value in _ruling(row).items() if value)
            lines.append(f"  ruling 复核结论: {filled}; 复核结论={'|'.join(row.conclusions)}")
        else:
            lines.append(f"  until 待 {settled_by(row.hold_rule).within(None)}")
        yield from _printable(lines)


def _ruling(row: "HeldRow") -> dict[str, str | None]:
    from publish.held import RULING

    ruling = row.ruling()
    return {header: ruling[name] for name, header in RULING.items()}


def _json(rows: "Sequence[HeldRow]") -> Iterator[str]:
    from dataclasses import asdict

    made = [
        {**asdict(row), "ruling": row.ruling() if row.can_be_ruled else None}
        for row in rows
    ]  # fmt: skip
    yield json.dumps(made, ensure_ascii=False, indent=1, default=str)


def _csv(rows: "Sequence[HeldRow]") -> Iterator[str]:
    from publish.held import RULING

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(RULING.values())
    writer.writerows(_ruling(row).values() for row in rows if row.can_be_ruled)
    yield text.getvalue().rstrip("\n")


def _printable(lines: Sequence[str]) -> Iterator[str]:
    """A name may hold anything that a file could: nothing in it may steer the terminal."""
    for line in lines:
        yield "".join(char if char.isprintable() else "·" for char in line)
