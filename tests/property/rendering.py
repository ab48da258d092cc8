"""Renders a batch of abstract histories: as rows for the reference, as Parquet in the lake's schemas for the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from records.intake import EVENT_DATE, Delivery, Intake
from records.schema import ACCEPTED, KINDS, QUARANTINE
from tests.property.drawing import PLACEHOLDER, SLOTS, Happening, History
from tests.reference import Row, World
from tests.spec.vocabulary import org_code_of, reg_no_of, uscc_of

TOKENS_PER_HISTORY = 10
_CODE_FIELDS = ("uscc", "parent_uscc", "predecessor_uscc")


def file_name(kind: str, slot: int) -> str:
    """Path under the landing folder."""
    return f"{kind}/{SLOTS[slot][1]}"


@dataclass(frozen=True)
class Rendered:
    """One history with codes, names and numbers of its own."""

    world: World
    codes: dict[str, str]


class _Names:
    """What the abstract tokens of one history stand for."""

    def __init__(self, history: History, number: int) -> None:
        self.number = number
        individual = {
            one.fields["uscc"]
            for one in history.happenings
            if one.kind == "entities" and one.fields.get("entity_type") == "个体工商户"
        }
        self.serial = {
            token: number * TOKENS_PER_HISTORY + n
            for n, token in enumerate(("E0", "E1", "E2", "E3", "X", "F"))
        }
        self.codes = {
            token: uscc_of(serial, "个体工商户" if token in individual else "企业")
            for token, serial in self.serial.items()
        }

    def named(self, name: str | None) -> str | None:
        """Names and numbers of a history are its own; a placeholder is everybody's."""
        return name if name in (None, "", PLACEHOLDER) else f"{name}#{self.number}".upper()

    def field(self, name: str, value: Any) -> Any:
        """A field's abstract value made concrete."""
        if name in _CODE_FIELDS:
            return self.codes.get(value)
        if name == "reg_no":
            return value and reg_no_of(self.serial[value])
        if name == "org_code":
            return value and org_code_of(self.serial[value])
        if name in ("name_norm", "doc_norm", "doc_no", "task_no"):
            return self.named(value)
        if name == "cells":
            return [self.codes.get(cell) or self.named(cell) for cell in value]
        return value


def render(histories: Sequence[History]) -> list[Rendered]:
    """Every history with its own names, all in the same few files."""
    next_row: dict[tuple[str, int], int] = {}
    rendered = []
    for number, history in enumerate(histories, start=1):
        names = _Names(history, number)
        rows = [_row(one, names, next_row) for one in history.happenings]
        for one, row in zip(history.happenings, rows, strict=True):
            if one.ruled is not None:
                row["source_sha256"], row["ruled_row"] = (
                    rows[one.ruled]["sha256"],
                    rows[one.ruled]["source_row"],
                )
            if one.is_accepted and one.kind in ("amendments", "rulings"):
                content = {key: value for key, value in row.items() if key not in _ORIGIN}
                row["row_key"] = repr(sorted((key, str(value)) for key, value in content.items()))
        accepted: dict[str, list[Row]] = {}
        for one, row in zip(history.happenings, rows, strict=True):
            if one.is_accepted:
                accepted.setdefault(one.kind, []).append(row)
        held = [row for one, row in zip(history.happenings, rows, strict=True) if not one.is_accepted]
        rendered.append(Rendered(World(accepted, held), names.codes))
    return rendered


_ORIGIN = ("sha256", "source_row", "path", "landed_on", "order", "slot", "updated_on", "flags", "row_key")


def _row(one: Happening, names: _Names, next_row: dict[tuple[str, int], int]) -> Row:
    schema = ACCEPTED[one.kind] if one.is_accepted else QUARANTINE
    landed_on, _, order = SLOTS[one.slot]
    place = (one.kind, one.slot)
    next_row[place] = next_row.get(place, 0) + 1
    row: Row = dict.fromkeys(schema.names)
    row |= {name: names.field(name, value) for name, value in one.fields.items() if name in schema.names}
    if "flags" in schema.names:
        row["flags"] = []
    if not one.is_accepted:
        row["kind"], row["raw"] = one.kind, "{}"
    for shown, field in (("name", "name_norm"), ("subject_name", "name_norm"), ("name_seen", "name_norm")):
        if shown in schema.names:
            row[shown] = row[field]
    return row | {
        "sha256": f"{one.kind}-{one.slot}", "source_row": next_row[place], "path": file_name(one.kind, one.slot),
        "landed_on": landed_on, "order": order, "slot": one.slot,
    }  # fmt: skip


def write_intake(rendered: Sequence[Rendered], folder: Path) -> Intake:
    """Parquet files in the lake's schemas, one delivery for each kind and slot."""
    deliveries = []
    for kind in KINDS:
        for slot in range(len(SLOTS)):
            accepted = [
                row for one in rendered for row in one.world.accepted.get(kind, []) if row["slot"] == slot
            ]
            held = [
                row for one in rendered for row in one.world.quarantined
                if row["kind"] == kind and row["slot"] == slot
            ]  # fmt: skip
            if accepted or held:
                deliveries.append(_delivery(kind, slot, accepted, held, folder))
    return Intake(tuple(_ranked(deliveries)))


def _delivery(kind: str, slot: int, accepted: list[Row], held: list[Row], folder: Path) -> Delivery:
    landed_on, _, order = SLOTS[slot]
    event = EVENT_DATE[kind]
    record = {
        "rows_read": len(accepted) + len(held), "accepted": len(accepted), "quarantined": len(held), "duplicates": 0,
        "encoding": "utf-8", "layout": "jsonl", "warnings": [], "unknown_columns": [],
        "newest_event": max((str(row[event]) for row in accepted if row[event]), default=None),
    }  # fmt: skip
    return Delivery(
        kind, file_name(kind, slot), f"{kind}-{slot}", landed_on, order, 0, False, False, None, record,
        _write(accepted, ACCEPTED[kind], folder / f"{kind}-{slot}.parquet"),
        _write(held, QUARANTINE, folder / f"{kind}-{slot}-quarantine.parquet"),
    )  # fmt: skip


def _write(rows: list[Row], schema: Any, path: Path) -> Path | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not rows:
        return None
    pq.write_table(
        pa.table({f.name: pa.array([r[f.name] for r in rows], f.type) for f in schema}, schema), path
    )
    return path


def _ranked(deliveries: list[Delivery]) -> list[Delivery]:
    """`file_ord`: dense rank by day of receipt, path by code point, order of receipt."""
    ordered = sorted(deliveries, key=lambda d: (d.landed_on, d.path, d.order))
    return [Delivery(**{**vars(d), "file_ord": rank}) for rank, d in enumerate(ordered, start=1)]
