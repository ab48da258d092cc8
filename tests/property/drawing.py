"""What every history is drawn from: vocabulary, abstract rows, and the columns that many kinds share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

from tests.reference.dates import add_months

# Deliveries of each kind: (landed_on, name, order of receipt of that path).
SLOTS = (
    (date(2024, 3, 1), "a.jsonl", 1), (date(2024, 3, 1), "b.jsonl", 1), (date(2026, 7, 1), "B.jsonl", 1),
    (date(2026, 7, 1), "a.jsonl", 2),
)  # fmt: skip
AUTHORITIES = (("341800-scjg", "3418"), ("341802-scjg", "341802"), ("某协会", None))
DOCS = ("d0", "d1", "d2")
KINDS_OF_PENALTY = (
    "罚款", "罚款", "警告", "责令停产停业", "罚款;警告", "没收违法所得", "不予处罚", "责令改正", "警告;责令改正",
    "暂扣或者吊销许可证", "?吊销某种证书", "?公开道歉", "通报批评", "", "吊销许可证件", "限制从业", "首违不罚;警告",
    "通报批评;罚款", "警告;通报批评", "降低资质等级;罚款",
)  # fmt: skip
LISTS = (
    "经营异常名录", "严重违法失信名单", "失信被执行人", "海关失信企业名单", "经营异常名录", "严重违法失信名单",
    "重大税收违法失信主体", "拖欠农民工工资失信联合惩戒对象",
)  # fmt: skip
STATUSES = (*["存续"] * 12, "歇业", "歇业", "吊销", "注销", "清算", "撤销", "迁出")
HONOURS = (
    "诚信典型", "诚信典型", "诚信典型", "纳税信用A级", "海关AEO高级认证企业", "守合同重信用企业", "政府质量奖", None,
)  # fmt: skip
VIOLATIONS = (
    None,
    "虚假宣传",
    "经营超过保质期的食品",
    "使用未经检验的特种设备",
    "消防设施未保持完好",
    "未落实安全生产责任",
)
ACTIONS = (
    "信用修复",
    "信用修复",
    "撤销修复",
    "撤销",
    "确认违法",
    "确认无效",
    "变更",
    "复议诉讼受理",
    "复议诉讼终结",
)
RESULTS = (
    "R1_OK",
    "R1_OK",
    "R3_FALSE_INFO",
    "R6_REFUSED",
    "R4_UNREACHABLE",
    "R5_CORRECTED",
    "R7_NO_ACTIVITY",
    "R2_NOT_PUBLISHED",
    "R8_PENDING",
    "R0_EXIT",
)
CONCLUSIONS = ("不涉及该主体", "属实有效", "属实有效", "不成立", "重新核查")
PLACEHOLDER = "无字号"
OLD = date(2010, 1, 1)


@dataclass
class Happening:
    """One delivered row, abstract.

    Attributes:
        kind: record kind.
        fields: what the row says; other columns of the schema stay null.
        slot: which delivery brings it.
        is_accepted: accepted, or quarantined.
        ruled: for a ruling that names a row by delivery and number: its place in the history.
    """

    kind: str
    fields: dict[str, Any]
    slot: int
    is_accepted: bool = True
    ruled: int | None = None


@dataclass
class History:
    """All rows of one family."""

    happenings: list[Happening] = field(default_factory=list)

    def without(self, place: int) -> History:
        """The history without one row; a ruling on it names nothing any more."""
        kept = []
        for n, one in enumerate(self.happenings):
            if n == place:
                continue
            ruled = one.ruled
            if ruled is not None:
                ruled = None if ruled == place else ruled - (ruled > place)
            kept.append(Happening(one.kind, one.fields, one.slot, one.is_accepted, ruled))
        return History(kept)


@cache
def _near_edges(as_of: date) -> tuple[date, ...]:
    edges = [add_months(as_of, -months) for months in (0, 1, 12, 24, 36, 60)]
    return _around(*edges, date(2026, 4, 1), date(2024, 2, 29))


@cache
def _near_publicity_edges(as_of: date) -> tuple[date, ...]:
    """Where a publicity clock begins under another rule, or ends on the day."""
    rules = (date(2014, 10, 1), date(2016, 4, 1), date(2019, 7, 1), date(2021, 9, 1), date(2023, 5, 1))
    return _around(*rules, *(add_months(as_of, -months) for months in (3, 6)), date(2025, 4, 1))


def _around(*days: date) -> tuple[date, ...]:
    return tuple(sorted({day + timedelta(days=n) for day in days for n in (-1, 0, 1)}))


class Drawer:
    """Draws values, and keeps the rows."""

    def __init__(self, random: Random, as_of: date) -> None:
        self.random, self.as_of = random, as_of
        self.rows: list[Happening] = []
        self.tokens: tuple[str, ...] = ("E0",)
        self.individuals: set[str] = set()

    # -- small things ------------------------------------------------------------------------------------------

    def pick(self, *values: Any) -> Any:
        return self.random.choice(values)

    def chance(self, percent: int) -> bool:
        return self.random.randint(1, 100) <= percent

    def maybe(self, percent: int, make: Callable[[], Any]) -> Any:
        return make() if self.chance(percent) else None

    def day(self) -> date:
        """Around every boundary mostly, else any."""
        if self.chance(55):
            return self.pick(*_near_edges(self.as_of))
        if self.chance(15):
            return self.pick(*_near_publicity_edges(self.as_of))
        first = add_months(self.as_of, -42)
        return first + timedelta(days=self.random.randint(0, (add_months(self.as_of, 3) - first).days))

    def add(self, kind: str, fields: dict[str, Any], *, is_accepted: bool = True) -> Happening:
        fields.setdefault("updated_on", self.maybe(30, self.day))
        row = Happening(kind, fields, self.random.randint(0, len(SLOTS) - 1), is_accepted)
        self.rows.append(row)
        return row

    # -- columns that many kinds share ------------------------------------------------------------

    def subject(self, *, has_numbers: bool, may_be_natural: bool) -> dict[str, Any]:
        """The subject columns."""
        uscc = self.pick(*["E0"] * 5, *self.tokens, *self.tokens, *self.tokens, "X", "F", None, None, None)
        fields = {"uscc": uscc, "name_norm": self.pick("n0", "n0", "n1", "n2", "n4", "n9", PLACEHOLDER)}
        if has_numbers:
            fields["reg_no"] = self.maybe(20, lambda: self.pick(*self.tokens, "F"))
            fields["org_code"] = self.maybe(15, lambda: self.pick(*self.tokens, "F"))
            fields["subject_kind"] = "个体工商户" if uscc in self.individuals else "法人及非法人组织"
        fields["is_natural_person"] = False
        if may_be_natural and self.chance(8):
            fields |= {"subject_kind": "自然人", "is_natural_person": True}
        return fields

    def accepted_subject(self, *, has_numbers: bool, may_be_natural: bool) -> dict[str, Any]:
        """As accepted: a natural person bears no code but that of a 个体工商户.

        A name that all histories share must not make one natural key of rows of several: rows without a number of
        their own bear it only where a code stands beside it.
        """
        fields = self.subject(has_numbers=has_numbers, may_be_natural=may_be_natural)
        if fields["name_norm"] == PLACEHOLDER and fields["uscc"] is None and not has_numbers:
            fields["name_norm"] = "n9"
        if fields["is_natural_person"] and fields["uscc"] not in self.individuals:
            fields |= {
                "uscc": None,
                "name_norm": "n9" if fields["name_norm"] == PLACEHOLDER else fields["name_norm"],
            }
        return fields

    def authority(self) -> dict[str, Any]:
        """The authority columns."""
        key, division = self.pick(*[AUTHORITIES[0]] * 4, *AUTHORITIES[1:])
        return {"authority_key": key, "authority": key, "authority_division": division}

    def doc(self, *empty: str) -> dict[str, Any]:
        """The document number."""
        number = self.pick(*DOCS, *DOCS, *empty)
        return {"doc_norm": number, "doc_no": number or None}
