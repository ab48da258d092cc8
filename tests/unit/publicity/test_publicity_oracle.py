"""Random decisions: the engine's clocks are those of plain Python (numbers of the reference, not of the policy)."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy import Policy
from tests.unit.publicity.oracle import row
from tests.unit.publicity.world import ENTITIES, FIRM, SHOP, Penalty, clocks

KINDS = ("警告", "通报批评", "罚款", "没收违法所得", "暂扣许可证件", "吊销许可证件", "限制从业", "责令停产停业",
         "责令改正", "不予处罚", "暂扣或者吊销许可证")  # fmt: skip
# Where the rules change, ends of months, and any other day.
EDGES = [date.fromisoformat(day) for day in (
    "2014-09-30", "2014-10-01", "2019-06-30", "2019-07-01", "2021-08-31", "2021-09-01", "2023-04-30", "2023-05-01",
    "2024-02-29", "2025-04-01", "2025-04-02", "2026-03-31", "2026-04-01", "2025-11-30",
)]  # fmt: skip
DAYS = st.one_of(st.sampled_from(EDGES), st.dates(date(2014, 1, 1), date(2027, 12, 31)))
FINES = st.sampled_from([None, 0, 1, 300_000, 300_001, 9_999_999, 10_000_000, 50_000_000])


@st.composite
def penalties(draw: st.DrawFn) -> Penalty:
    kinds = set(draw(st.lists(st.sampled_from(KINDS), max_size=3)))
    fine = draw(FINES)
    if fine:
        kinds.add("罚款")  # as ingest does
    decided_on = draw(DAYS)
    person = draw(st.sampled_from(["法人及非法人组织", "法人及非法人组织", "法人及非法人组织", "自然人"]))
    return Penalty(
        decided_on,
        ";".join(sorted(kinds)),
        fine,
        linked=draw(st.sampled_from([FIRM, FIRM, SHOP, None])),
        subject_kind=person,
        procedure=draw(st.sampled_from([None, None, "普通", "简易"])),
        doc_says_simple=draw(st.booleans()),
        says_revoked=draw(st.booleans()),
        violation_type=draw(st.sampled_from(["虚假宣传", "销售过期食品", "消防设施损坏", "特种设备未检验"])),
        valid_to=draw(
            st.one_of(st.none(), st.just(date(9999, 12, 31)), st.dates(date(2020, 1, 1), date(2035, 1, 1)))
        ),
        repaired_on=draw(st.one_of(st.none(), st.none(), DAYS)),
        is_annulled=draw(st.integers(0, 9)) == 0,
        event_on=draw(st.one_of(st.none(), st.none(), st.none(), DAYS)),
    )


def expected(given_: list[Penalty], as_of: date, areas: dict[str, str | None]) -> list[dict[str, Any]]:
    names = {entity["uscc"]: entity["name"] for entity in ENTITIES}
    return [
        row(p, n, str(names[p.linked]), channel, as_of, areas[p.linked])
        for n, p in enumerate(given_, 1)
        for channel in ("gsxt", "creditchina")
        if p.linked
        and not p.is_annulled
        and p.subject_kind != "自然人"
        and (p.event_on or p.decided_on) <= as_of
    ]


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(
    st.lists(penalties(), min_size=60, max_size=120),
    st.one_of(st.sampled_from(EDGES), st.dates(date(2020, 1, 1), date(2030, 12, 31))),
    st.sampled_from([None, "食品销售", "消防"]),
)
def test_clocks_are_those_of_plain_python(
    shipped: Policy, given_: list[Penalty], as_of: date, key_area: str | None
) -> None:
    # A repair dated after as_of does not exist yet: the states of the day do not have it.
    known = [
        p if p.repaired_on is None or p.repaired_on <= as_of else Penalty(**{**vars(p), "repaired_on": None})
        for p in given_
    ]
    entities = [ENTITIES[0], {**ENTITIES[1], "key_area": key_area}]
    with tempfile.TemporaryDirectory() as folder:
        found = clocks(Path(folder), shipped, as_of, known, entities=entities)
    for one in found:
        assert one.pop("rule")
    order = ("uscc", "doc_no", "channel")
    wanted = expected(known, as_of, {FIRM: None, SHOP: key_area})
    assert sorted(found, key=lambda r: [r[k] for k in order]) == sorted(
        wanted, key=lambda r: [r[k] for k in order]
    )
