"""``creditgrade policy``: check, show, compare and describe the rules (law as dated data)."""

# No postponed annotations here: typer would compile each of them again at every start.

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from records.errors import UsageError

if TYPE_CHECKING:
    from flows.what_if import Effect
    from policy import Policy
    from policy.compare import Difference

policy_app = typer.Typer(no_args_is_help=False, help="The rules: check, show, compare, describe.")
DEFAULT = "default"
_SHOWN = 20

Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback with an error.")]
Folder = Annotated[
    Path | None, typer.Option("--policy", metavar="DIR", help="Folder of policy files; default our own.")
]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Day; default today.")]


@policy_app.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Folder of policy files; default our own.")
    ] = None,
    as_of: AsOf = None,
    debug: Debug = False,
) -> None:
    """Read a complete set of policy files; say what is wrong, or past its review."""
    policy = read_policy(folder)
    day = _day(as_of)
    confidence: dict[str, int] = {}
    for series in policy.series.values():
        for cited, _ in series.entries:
            confidence[cited.confidence] = confidence.get(cited.confidence, 0) + 1
    print(f"policy {policy.version}: good")
    print(
        f"{len(policy.params)} parameters, {len(policy.lists)} lists, {len(policy.honours)} honours, "
        f"{len(policy.authorities)} authorities, {len(policy.points_tables)} tables of points"
    )
    print("confidence 依据可信度: " + ", ".join(f"{name} {confidence[name]}" for name in sorted(confidence)))
    for id_ in policy.overdue(day):
        print(f"past its review 已过复核期: {id_} (review by {policy.review_by[id_]})")


@policy_app.command()
def show(
    param: Annotated[
        str, typer.Argument(metavar="PARAM", help="A parameter, lists.<name>.<field>, an indicator.")
    ],
    as_of: AsOf = None,
    folder: Folder = None,
    form: Annotated[str, typer.Option("--format", metavar="text|json", help="What to print.")] = "text",
    debug: Debug = False,
) -> None:
    """Show a parameter: values by date, source, article, confidence, review."""
    _among_formats(form)
    described = describe(read_policy(folder), param, _day(as_of))
    print(
        json.dumps(described, ensure_ascii=False, indent=1)
        if form == "json"
        else "\n".join(_described(described))
    )


@policy_app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="Folder of policy files, or 'default'.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Folder of policy files, or 'default'.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Output folder of the runs: say who would be affected, too."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Day; default that of latest.json.")
    ] = None,
    lake: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the lake; default OUT/lake.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="Entities shown as text; 0 for all.")
    ] = _SHOWN,
    form: Annotated[str, typer.Option("--format", metavar="text|json", help="What to print.")] = "text",
    debug: Debug = False,
) -> None:
    """Say which rules differ, and whose status or class would change and why (for regulators)."""
    from policy.compare import differences

    _among_formats(form)
    one, other = (read_policy(None if name == DEFAULT else Path(name)) for name in (before, after))
    changed = differences(one, other)
    day: date | None = None
    affected: list[Effect] = []
    if out is not None:
        day = _graded_day(out, as_of)
        affected = _effects(out, lake, one, other, day)
    elif as_of is not None or lake is not None:
        raise UsageError("--as-of and --lake belong to --out", rule="bad_option")
    if form == "json":
        print(_as_json(one, other, changed, day, affected))
    else:
        print("\n".join(_as_text(one, other, changed, day, affected, limit)))


@policy_app.command()
def schema(
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="Write one <file>.schema.json each, instead of printing."),
    ] = None,
    debug: Debug = False,
) -> None:
    """JSON Schema of the policy files, for editors."""
    from policy import policy_json_schema

    schemas = policy_json_schema()
    if into is None:
        print(json.dumps(schemas, ensure_ascii=False, indent=1))
        return
    into.mkdir(parents=True, exist_ok=True)
    for name, content in schemas.items():
        place = into / f"{name.removesuffix('.yaml')}.schema.json"
        place.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{into}: {len(schemas)} schemas")


# -- what the commands say ---------------------------------------------------------------------------------------


def read_policy(folder: Path | None) -> "Policy":
    """A policy from a folder, or our own.

    Raises:
        UsageError: ``policy_missing``.
        PolicyError: it cannot be used (exit 2).
    """
    from policy import load_policy

    if folder is not None and not folder.is_dir():
        raise UsageError(f"policy folder {folder} does not exist", rule="policy_missing")
    return load_policy(folder)


def describe(policy: "Policy", param: str, on: date) -> dict[str, Any]:
    """A parameter with all its values; ``in_force`` marks the one of a day.

    Raises:
        UsageError: ``unknown_parameter``, with names like it.
    """
    if param in policy.series:
        series = policy.series[param]
        known = policy.params.get(param)
        review_by = policy.review_by.get(param) or policy.review_by.get(series.file.removesuffix(".yaml"))
        return {
            "id": param,
            "label": known.label if known else param,
            "description": known.description if known else "",
            "unit": known.unit if known else "",
            "file": series.file,
            "review_by": str(review_by) if review_by else None,
            "is_overdue": bool(review_by and review_by < on),
            "values": [
                {
                    "value": value,
                    **{key: _iso(getattr(cited, key)) for key in ("valid_from", "valid_to")},
                    **{key: getattr(cited, key) for key in ("source", "article", "confidence")},
                    "reviewed_on": str(cited.reviewed_on),
                    "in_force": cited.covers(on),
                }
                for cited, value in series.entries
            ],
        }
    for table in policy.points_tables:
        for indicator in table.indicators:
            if indicator.id == param:
                return _indicator(table, indicator, on)
    raise UsageError(f"no parameter {param!r}{_like(policy, param)}", rule="unknown_parameter")


def _indicator(table: Any, indicator: Any, on: date) -> dict[str, Any]:
    value = indicator.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    kept = {
        key: value[key]
        for key in value
        if key not in ("id", "category", "title", "title_en", "reason", "reason_en")
    }
    return {
        "id": indicator.id,
        "label": f"{indicator.category} {indicator.title}",
        "description": f"{indicator.title_en}. {indicator.reason_en}",
        "unit": "points",
        "file": "points.yaml",
        "review_by": str(table.review_by),
        "is_overdue": table.review_by < on,
        "values": [
            {
                "value": kept,
                "valid_from": _iso(table.valid_from),
                "valid_to": _iso(table.valid_to),
                "source": table.source,
                "article": table.article,
                "confidence": table.confidence,
                "reviewed_on": str(table.reviewed_on),
                "in_force": table.covers(on),
            }
        ],
    }


def _like(policy: "Policy", param: str) -> str:
    from difflib import get_close_matches

    indicators = [one.id for table in policy.points_tables for one in table.indicators]
    known = [*policy.series, *indicators]
    near = get_close_matches(param, known, n=3) or [name for name in known if param in name][:3]
    return f"; is it {' or '.join(near)}?" if near else ""


def _described(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['id']}  {found['label']}"
    if found["description"]:
        yield f"  {found['description']}"
    overdue = " — past its review 已过复核期" if found["is_overdue"] else ""
    unit = f"unit 单位 {found['unit']}, " if found["unit"] else ""
    yield f"  {unit}file {found['file']}, review by 复核期限 {found['review_by']}{overdue}"
    for value in found["values"]:
        days = f"{value['valid_from'] or '…'} – {value['valid_to'] or '…'}"
        mark = "*" if value["in_force"] else " "
        shown = json.dumps(value["value"], ensure_ascii=False)
        yield f" {mark} {shown}  ({days})"
        yield f"     {value['source']}; {value['article']}"
        yield f"     confidence 依据可信度 {value['confidence']}, reviewed on 复核日 {value['reviewed_on']}"
    if not any(value["in_force"] for value in found["values"]):
        yield "   no value is in force on that day 该日无有效值"


def _effects(out: Path, lake: Path | None, one: "Policy", other: "Policy", day: date) -> "list[Effect]":
    from flows.control.folder import existing_out
    from flows.what_if import effects

    folder = existing_out(out)
    place = lake or folder.lake
    if not (place / "received.jsonl").is_file():
        raise UsageError(f"{place} is no lake; creditgrade run makes one", rule="lake_missing")
    return effects(folder, place, one, other, day, datetime.now(UTC))


def _graded_day(out: Path, as_of: str | None) -> date:
    from flows.control.folder import existing_out
    from flows.control.latest import read_latest

    if as_of is not None:
        return _day(as_of)
    standing = read_latest(existing_out(out))
    return date.fromisoformat(standing["as_of"]) if standing else _day(None)


def _as_text(
    one: "Policy",
    other: "Policy",
    changed: "list[Difference]",
    day: date | None,
    affected: "list[Effect]",
    limit: int,
) -> Iterator[str]:
    yield f"A {one.version}"
    yield f"B {other.version}"
    if not changed:
        yield "no value differs 规则相同"
    for item in changed:
        note = " (citation only 仅依据不同)" if item.is_citation_only else ""
        yield f"  {item.id}: {item.before or '—'} → {item.after or '—'}{note}"
    if day is None:
        return
    statuses = sum(effect.status[0] != effect.status[1] for effect in affected)
    classes = sum(effect.risk_class[0] != effect.risk_class[1] for effect in affected)
    yield ""
    yield f"as of 截至 {day}: status of {statuses} and class of {classes} entities would change"
    for effect in affected[: limit or None]:
        yield from _effect(effect)
    if limit and len(affected) > limit:
        yield f"  … and {len(affected) - limit} more (--limit 0 or --format json shows all)"


def _effect(effect: "Effect") -> Iterator[str]:
    yield f"  {effect.uscc}  {effect.name}"
    if effect.status[0] != effect.status[1]:
        yield f"     status 状态 {_move(effect.status)}, eligible on 预计符合日 {_move(effect.eligible_on)}"
    if effect.risk_class[0] != effect.risk_class[1]:
        points = _move(tuple(None if p is None else f"{p:.2f}" for p in effect.risk_points))
        yield f"     class 等级 {_move(effect.risk_class)}, points 分值 {points}"
    if effect.red_lines[0] != effect.red_lines[1]:
        lines = tuple(", ".join(names) or "none" for names in effect.red_lines)
        yield f"     red lines 红线 {_move(lines)}"
    for word, rows in (("no longer 不再", effect.only_before), ("now 新增", effect.only_after)):
        for row in rows:
            named = " · ".join(str(row[key]) for key in ("authority", "doc_no", "event_on") if row[key])
            until = row["blocks_until"] or "open 未定"
            yield f"     {word}: {row['reason']} {named} [{row['rule']}] through 至 {until}"
    for indicator, (was, would) in effect.points.items():
        yield f"     {indicator}: {was:.2f} → {would:.2f}"


def _move(pair: Iterable[Any]) -> str:
    return " → ".join("—" if value is None else str(value) for value in pair)


def _as_json(
    one: "Policy", other: "Policy", changed: "list[Difference]", day: date | None, affected: "list[Effect]"
) -> str:
    from dataclasses import asdict

    value = {
        "a": one.version,
        "b": other.version,
        "differences": [asdict(item) for item in changed],
        "as_of": _iso(day),
        "effects": None if day is None else [asdict(effect) for effect in affected],
    }
    return json.dumps(value, ensure_ascii=False, indent=1)


def _day(text: str | None) -> date:
    from flows.days import ZONE, read_day

    return datetime.now(ZONE).date() if text is None else read_day("--as-of", text)


def _among_formats(form: str) -> None:
    if form not in ("text", "json"):
        raise UsageError(f"--format {form!r} is unknown: text or json", rule="bad_option")


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
