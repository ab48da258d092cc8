"""Code tables with their aliases, and the dated tables of lists, honours, authorities and divisions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from policy.dated import About, Cited, Day, Model, Span, Text, overlap
from policy.folding import fold
from policy.uscc import uscc_defect

CODE_TABLES = (
    "subject_kind", "entity_type", "entity_status", "target_kind", "action", "removal_reason",
    "inspection_result", "conclusion", "record_kind", "decision_status", "procedure",
)  # fmt: skip
# The canonical values that the contract and the rules name: code relies on each of them.
CANONICAL: dict[str, tuple[str, ...]] = {
    "subject_kind": ("法人及非法人组织", "个体工商户", "自然人"),
    "entity_type": ("企业", "分支机构", "个体工商户", "农民专业合作社", "其他"),
    "entity_status": ("存续", "在业", "开业", "歇业", "吊销", "注销", "撤销", "清算", "迁出"),
    "target_kind": ("行政处罚", "名录名单"),
    "action": (
        "信用修复", "撤销修复", "撤销", "确认违法", "确认无效", "变更", "复议诉讼受理", "复议诉讼终结",
    ),
    "removal_reason": ("履行", "修复", "期满", "错误列入"),
    "inspection_result": (
        "R1_OK", "R2_NOT_PUBLISHED", "R3_FALSE_INFO", "R4_UNREACHABLE", "R5_CORRECTED", "R6_REFUSED",
        "R7_NO_ACTIVITY", "R8_PENDING", "R0_EXIT",
    ),
    "conclusion": ("不涉及该主体", "属实有效", "不成立", "重新核查"),
    "record_kind": (
        "entities", "licences", "penalties", "inspections", "listings", "amendments", "honours", "rulings",
    ),
    "decision_status": ("annulled", "provisional", "in_force"),
    "procedure": ("simple", "ordinary"),
}  # fmt: skip

StatusGroup = Literal["active", "dormant", "revoked", "cancelled", "rescinded", "liquidation", "moved_out"]
Weight = Literal["serious", "general", "minor", "no_penalty", "merged_revocation"]
RedLine = Literal["SERIOUS_LIST", "JUDGMENT_DEFAULTER", "ABNORMAL_LIST"]
FINE_KIND = "罚款"
CONFISCATION_KIND = "没收违法所得"


def refuse_ambiguous(entries: dict[str, tuple[str, ...]]) -> None:
    """Refuse a spelling that stands for two canonical values once both are folded.

    Raises:
        ValueError: names the spelling and both values.
    """
    owner: dict[str, str] = {}
    for canonical, aliases in entries.items():
        for spelling in (canonical, *aliases):
            key = fold(spelling)
            if owner.setdefault(key, canonical) != canonical:
                raise ValueError(f"alias {spelling} is ambiguous: {owner[key]} or {canonical}")


def _refuse_doubled(what: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name} stands twice")
        seen.add(name)


class CodesFile(Model):
    """codes.yaml: table -> canonical value -> other spellings."""

    about: About
    tables: dict[str, dict[str, tuple[Text, ...]]]
    entity_status_groups: dict[str, StatusGroup]
    inspection_numbers: dict[str, dict[str, str]]

    @model_validator(mode="after")
    def _complete(self) -> CodesFile:
        if set(self.tables) != set(CODE_TABLES):
            odd = sorted(set(self.tables) ^ set(CODE_TABLES))
            raise ValueError(f"tables: missing or unknown table {', '.join(odd)}")
        for name, table in self.tables.items():
            if set(table) != set(CANONICAL[name]):
                odd = sorted(set(table) ^ set(CANONICAL[name]))
                raise ValueError(f"tables.{name}: missing or unknown value {', '.join(odd)}")
            try:
                refuse_ambiguous(table)
            except ValueError as error:
                raise ValueError(f"tables.{name}: {error}") from error
        if set(self.entity_status_groups) != set(CANONICAL["entity_status"]):
            raise ValueError("entity_status_groups: must name each entity_status once")
        for source, numbers in self.inspection_numbers.items():
            for number, result in numbers.items():
                if result not in CANONICAL["inspection_result"]:
                    raise ValueError(f"inspection_numbers.{source}.{number}: unknown result {result}")
        return self


class PenaltyKind(Model):
    """A kind of penalty and what it weighs in the tier (rules §2)."""

    name: Text
    weight: Weight
    aliases: tuple[Text, ...] = ()


class ContainsRule(Model):
    """An unknown kind is serious where it contains `contains` and not `unless`."""

    contains: Text
    unless: Text | None = None


class PenaltyKindsFile(Model):
    """penalty_kinds.yaml."""

    about: About
    kinds: tuple[PenaltyKind, ...]
    unknown_kind_serious: tuple[ContainsRule, ...]

    @model_validator(mode="after")
    def _unambiguous(self) -> PenaltyKindsFile:
        _refuse_doubled("kind", [k.name for k in self.kinds])
        refuse_ambiguous({k.name: k.aliases for k in self.kinds})
        for needed in (FINE_KIND, CONFISCATION_KIND):
            if needed not in {k.name for k in self.kinds}:
                raise ValueError(f"kind {needed} is missing: amounts add it (rules §2)")
        return self


class Measure(Model):
    """A measure of joint discipline that a list brings with it (联合惩戒措施)."""

    name: Text
    basis: Text


class ListValues(Cited):
    """What an entry on a list means while these values are in force."""

    is_blocking: bool
    after_list_months: Annotated[int, Field(ge=0)]
    any_removal_is_repair: bool
    red_line: RedLine | None


class ListType(Model):
    """A list (名录, 名单) that entries may stand on."""

    name: Text
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    owner: Text
    basis: Text
    aliases: tuple[Text, ...] = ()
    measures: tuple[Measure, ...] = ()
    values: Annotated[tuple[ListValues, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _no_overlap(self) -> ListType:
        if problem := overlap(self.values):
            raise ValueError(f"values {problem}")
        return self


class ListsFile(Model):
    """lists.yaml."""

    about: About
    lists: tuple[ListType, ...]

    @model_validator(mode="after")
    def _unambiguous(self) -> ListsFile:
        _refuse_doubled("list", [one.name for one in self.lists])
        _refuse_doubled("code", [one.code for one in self.lists])
        refuse_ambiguous({one.name: one.aliases for one in self.lists})
        return self


class HonourValues(Cited):
    """The term that an honour runs where its row states no end."""

    default_term_months: Annotated[int, Field(gt=0)]


class HonourType(Model):
    """A recognised honour (rules §5)."""

    name: Text
    issuer: Text
    aliases: tuple[Text, ...] = ()
    values: Annotated[tuple[HonourValues, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _no_overlap(self) -> HonourType:
        if problem := overlap(self.values):
            raise ValueError(f"values {problem}")
        return self


class HonoursFile(Model):
    """honours.yaml."""

    about: About
    honours: tuple[HonourType, ...]

    @model_validator(mode="after")
    def _unambiguous(self) -> HonoursFile:
        _refuse_doubled("honour", [one.name for one in self.honours])
        refuse_ambiguous({one.name: one.aliases for one in self.honours})
        return self


class Alias(Span):
    """Another name of an authority and the days on which it was borne."""

    name: Text


class Authority(Model):
    """An authority that decides, lists or grants. Matched by `uscc`, or by name or alias on a day."""

    id: Annotated[str, Field(pattern=r"^[0-9a-z][0-9a-z-]*$")]
    name: Text
    division_code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    uscc: str | None = None
    aliases: tuple[Alias, ...] = ()

    @model_validator(mode="after")
    def _uscc_valid(self) -> Authority:
        if self.uscc is not None and uscc_defect(self.uscc) is not None:
            raise ValueError(f"uscc {self.uscc} is not a valid code (GB 32100)")
        return self


class AuthoritiesFile(Model):
    """authorities.yaml."""

    about: About
    authorities: tuple[Authority, ...]

    @model_validator(mode="after")
    def _unambiguous(self) -> AuthoritiesFile:
        _refuse_doubled("authority", [one.id for one in self.authorities])
        _refuse_doubled("uscc", [one.uscc for one in self.authorities if one.uscc])
        borne: dict[str, list[tuple[str, Span]]] = {}
        for one in self.authorities:
            for name, span in [(one.name, Span()), *((alias.name, alias) for alias in one.aliases)]:
                borne.setdefault(fold(name), []).append((one.id, span))
        for name, bearers in borne.items():
            if len({who for who, _ in bearers}) > 1 and (problem := overlap([span for _, span in bearers])):
                whose = " or ".join(sorted({who for who, _ in bearers}))
                raise ValueError(f"alias {name} is ambiguous: {whose} ({problem})")
        return self


class Division(Span):
    """An administrative division (行政区划); `successor` is the code that replaced it."""

    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    name: Text
    aliases: tuple[Text, ...] = ()
    prefix: Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]
    successor: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None


class DivisionsFile(Model):
    """divisions.yaml."""

    about: About
    divisions: tuple[Division, ...]

    @model_validator(mode="after")
    def _consistent(self) -> DivisionsFile:
        codes = [one.code for one in self.divisions]
        _refuse_doubled("division", codes)
        refuse_ambiguous({one.code: (one.name, *one.aliases) for one in self.divisions})
        for one in self.divisions:
            if one.successor is not None and one.successor not in codes:
                raise ValueError(f"division {one.code}: successor {one.successor} is in no line")
            if not (one.successor or one.code).startswith(one.prefix):
                raise ValueError(f"division {one.code}: prefix {one.prefix} does not start its code")
        return self


class PlaceholdersFile(Model):
    """placeholders.yaml: names that stand for no name."""

    about: About
    placeholder_names: Annotated[tuple[Text, ...], Field(min_length=1)]


class PolicyFile(Model):
    """policy.yaml: the label of the whole set."""

    about: About
    label: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$")]
    issued_on: Day
