"""A small city whose every answer is known: one entity for each thing that an explanation must tell."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.days import ZONE
from flows.pipeline import Answered
from flows.request import Request
from flows.run import run
from tests.reference.cells import uscc_check_sign
from tests.spec.vocabulary import DEFAULTS, FIELDS, uscc_of

AS_OF = "2026-06-30"
FIRST_NIGHT = datetime(2026, 7, 1, 3, 0, tzinfo=ZONE)
SECOND_NIGHT = datetime(2026, 7, 2, 3, 0, tzinfo=ZONE)
NAMES = {
    "clean": "宣城清白有限公司",
    "general": "宣城一般处罚有限公司",
    "serious": "宣城较重处罚有限公司",
    "held": "宣城待定有限公司",
    "model": "宣城典型有限公司",
    "listed": "宣城异常有限公司",
    "young": "宣城新设有限公司",
    "closed": "宣城注销有限公司",
    "repaired": "宣城修复有限公司",
    "shop": "宣城小店",
}
CODES = {name: uscc_of(7_000 + place) for place, name in enumerate(NAMES)}
# A shop whose code holds the organisation code of another entity: that code alone is ambiguous.
_TWIN = "92341802" + CODES["clean"][8:17]
CODES["shop"] = _TWIN + uscc_check_sign(_TWIN)


class Nobody:
    """Shows nothing to nobody."""

    def stage(self, name: str) -> None: ...

    def note(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...


def row(kind: str, whose: str, **cells: Any) -> dict[str, Any]:
    """A delivered row with the defaults of the spec cases."""
    made = {**dict.fromkeys(FIELDS[kind]), **DEFAULTS[kind], "uscc": CODES[whose]}
    if kind == "entities":
        made["name"] = NAMES[whose]
    elif kind != "rulings":
        made["subject_name"] = NAMES[whose]
    return {**made, **cells}


def write(landing: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """A file under the landing folder; ``name`` begins with its kind."""
    place = landing / f"{name}.jsonl"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")


def first_delivery(landing: Path) -> None:
    """What is known on the first night."""
    changes = {
        "young": {"established_on": "2025-01-10"},
        "closed": {"status": "注销", "cancelled_on": "2026-02-01"},
        "shop": {"entity_type": "个体工商户"},
    }
    write(landing, "entities/all", [row("entities", name, **changes.get(name, {})) for name in NAMES])
    write(
        landing,
        "penalties/all",
        [
            row("penalties", "general", doc_no="宣市监罚〔2024〕1号", fine_fen="500000"),
            row("penalties", "serious", doc_no="宣市监罚〔2026〕2号", decided_on="2026-01-20",
                penalty_kinds="责令停产停业"),
            row("penalties", "held", doc_no="宣市监罚〔2025〕3号", decided_on="2025-03-03", fine_fen="-5"),
            row("penalties", "model", doc_no="宣市监罚〔2024〕4号", fine_fen="500000"),
            row("penalties", "repaired", doc_no="宣市监罚〔2024〕5号", fine_fen="500000"),
            row("penalties", "clean", doc_no="宣市监罚〔2025〕6号", penalty_kinds="警告", decided_on="2025-09-01"),
        ],
    )  # fmt: skip
    write(landing, "listings/all", [row("listings", "listed", doc_no="宣列〔2024〕1号")])
    write(landing, "honours/all", [row("honours", "model", valid_from="2025-01-01", valid_to="2027-12-31")])
    write(
        landing,
        "amendments/all",
        [row("amendments", "repaired", doc_no="宣市监罚〔2024〕5号", effective_on="2025-06-01")],
    )


def grade(folder: Path, now: datetime = FIRST_NIGHT, **options: Any) -> Answered:
    """One run over ``folder/landing`` into ``folder/out``."""
    request = Request(folder / "landing", folder / "out", wait_seconds=0, **{"as_of": AS_OF, **options})
    return run(request, now=now, environ={}, show=Nobody())


def status(snapshot: Path, name: str) -> str | None:
    """The status of an entity; None where it has no row."""
    from publish.lookup import look_up

    answer = look_up(snapshot, CODES[name], for_desk=True).eligibility
    return None if answer is None else str(answer["status"])
