"""Loads and checks the spec cases; `delivering` makes files and rows of them.

A case is written in `cases/*.yaml`:

    - title: 一般处罚三年窗口
      basis: rules §3
      as_of: 2026-06-30
      entities: {主体: {成立日期: 2012-05-01}}       # alias -> row, list of rows, or null (a code without a row)
      records:
      - 行政处罚: {决定日期: $决定日, 罚款元: 5000}   # subject: the first entity, or 主体: alias
      table:                                        # each line is a case of its own
      - {决定日: 2023-06-30, expect: {status: NOT_BAD_RECORD}}

`policy` changes parameters for this case alone: `{large_fine_yuan: 1000000}`, `{lists.<名录>.<field>: …}` or
`{feeds: […]}`.
`$别名.代码`, `$别名.名称`, `$别名.注册号`, `$别名.机构代码` stand for what an entity bears, `$i` for the number of the
case, `$列` for a cell of the line of `table`. Codes, names and document numbers are made from the number of the
case, so that all cases can be delivered and graded together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from policy.publicity import CHANNELS
from tests.spec.vocabulary import (
    DEFAULTS,
    EXTRAS,
    FIELDS,
    KIND_OF,
    YUAN,
    columns_of,
    org_code_of,
    reg_no_of,
    uscc_of,
)

CASES = Path(__file__).parent / "cases"
ENTITIES_PER_CASE = 100
CASE_KEYS = {"title", "basis", "as_of", "note", "policy", "entities", "records", "table", "expect"}
EXPECT_KEYS = {
    "status", "grounds", "eligible_on", "clean_since", "blockers", "red_lines", "class_floor", "risk_class", "points",
    "unmatched", "quarantined", "absent", "in_grades", "gsxt", "creditchina",
}  # fmt: skip
ABOUT_ROWS = {"unmatched", "quarantined"}
DAYS = {"event_on", "blocks_until", "decided_on", "publish_from", "earliest_repair_on", "publish_until"}
BLOCKER_KEYS = {"reason", "kind", "doc", "event_on", "blocks_until"}
# Lines of `disclosure` in one channel: a mapping where there is one, a list where there are others.
CLOCK_KEYS = {
    "kind", "doc", "decided_on", "is_published", "publish_from", "earliest_repair_on", "publish_until", "rule",
}  # fmt: skip
_BORNE = re.compile(r"\$(\w+)\.(代码|名称|注册号|机构代码)")


class CaseError(ValueError):
    """A case that cannot be read; the message names file and case."""


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):
    """Dates stay text, so that a defect can be written as it would arrive."""


_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Delivered:
    """One delivered row of a case: cells under canonical columns, or the cells of a broken CSV line."""

    kind: str
    batch: int
    cells: dict[str, Any]
    extra_cells: tuple[str, ...] = ()
    mark: str | None = None
    names_mark: str | None = None

    @property
    def path(self) -> str:
        """Path under the landing folder; a later batch has the greater path."""
        end = "-shape.csv" if self.extra_cells else ".jsonl"
        return f"{self.kind}/spec-{self.batch}{end}"


@dataclass(frozen=True)
class Case:
    """One case: rows, day and what is expected of each entity."""

    id: str
    number: int
    as_of: date
    rows: tuple[Delivered, ...]
    codes: Mapping[str, str]
    expect: Mapping[str, Mapping[str, Any]]  # alias -> expectations
    counts: Mapping[str, Mapping[str, int]] = field(
        default_factory=dict
    )  # unmatched, quarantined -> kind -> rows
    policy: Mapping[str, Any] = field(
        default_factory=dict
    )  # changes to the policy; such a case is graded alone

    def doc_no(self, label: str) -> str:
        """The document number behind a label."""
        return full_doc_no(label, self.number)


# -- reading -----------------------------------------------------------------------------------------------------


@cache
def load_cases(folder: Path = CASES) -> list[Case]:
    """Every case of every file, in order of file and place; read once in a process.

    Raises:
        CaseError: a case that is not well formed.
    """
    cases: list[Case] = []
    for path in sorted(folder.rglob("*.yaml")):
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        except yaml.YAMLError as error:
            raise CaseError(f"{path.name}: {error}") from error
        if not isinstance(content, list):
            raise CaseError(f"{path.name}: must be a list of cases")
        for place, raw in enumerate(content, start=1):
            where = f"{path.stem}-{place:02d}"
            _check_shape(raw, where)
            lines = raw.get("table") or [{}]
            for line_no, line in enumerate(lines, start=1):
                id_ = f"{where}-{line_no}" if raw.get("table") else where
                try:
                    cases.append(_CaseReader(raw, line, f"{id_} {raw['title']}", len(cases) + 1).case())
                except (CaseError, KeyError, ValueError, TypeError, AttributeError) as error:
                    raise CaseError(f"{path.name}: {id_} {raw['title']}: {error}") from error
    return cases


def _check_shape(raw: Any, where: str) -> None:
    if not isinstance(raw, dict):
        raise CaseError(f"{where}: must be a mapping")
    for needed in ("title", "basis"):
        if not raw.get(needed):
            raise CaseError(f"{where}: {needed} is missing")
    if unknown := set(raw) - CASE_KEYS:
        raise CaseError(f"{where} {raw['title']}: unknown key {', '.join(map(str, unknown))}")


class _CaseReader:
    """Fills in one case."""

    def __init__(self, raw: Mapping[str, Any], line: Mapping[str, Any], id_: str, number: int) -> None:
        self.line = {key: value for key, value in line.items() if key not in ("expect", "as_of")}
        self.id, self.number = id_, number
        self.raw = {**raw, **{key: line[key] for key in ("as_of",) if key in line}}
        self.expected = {**(raw.get("expect") or {}), **(line.get("expect") or {})}
        self.used: set[str] = set()
        entities = self.raw.get("entities") or {"主体": {}}
        self.aliases = list(entities)
        self.versions = {
            alias: rows if isinstance(rows, list) else [] if rows is None else [rows]
            for alias, rows in entities.items()
        }
        self.codes = {alias: uscc_of(self._serial(alias), self._type(alias)) for alias in self.aliases}

    def case(self) -> Case:
        if not self.expected:
            raise CaseError("expect is missing")
        rows = [
            self._entity_row(alias, version) for alias in self.aliases for version in self.versions[alias]
        ]
        for record in self.raw.get("records") or []:
            ((kind_name, fields),) = record.items()
            if kind_name not in KIND_OF:
                raise CaseError(f"unknown kind {kind_name}")
            rows.append(self._row(KIND_OF[kind_name], fields or {}))
        expect, counts = self._expectations()
        as_of = date.fromisoformat(str(self._filled(self.raw["as_of"])))
        changes = self._filled_deeply(self.raw.get("policy") or {})
        if unused := set(self.line) - self.used - {"说明"}:
            raise CaseError(f"table cell {', '.join(unused)} is used nowhere")
        return Case(self.id, self.number, as_of, tuple(rows), self.codes, expect, counts, changes)

    def _serial(self, alias: str) -> int:
        return self.number * ENTITIES_PER_CASE + self.aliases.index(alias)

    def _type(self, alias: str) -> str:
        for version in self.versions[alias]:
            stated = self._filled(version.get("主体类型") or version.get("entity_type"))
            if stated:
                return str(stated)
        return "个体工商户" if alias.startswith("个体") else "企业"

    def name_of(self, alias: str) -> str:
        """Default name of an entity."""
        return f"宣城示例{self.number}{alias}有限公司"

    # -- cells ---------------------------------------------------------------------------------------------------

    def _filled(self, value: Any) -> Any:
        """A cell with its variables replaced."""
        if not isinstance(value, str):
            return value
        if value.startswith("$") and value[1:] in self.line:
            self.used.add(value[1:])
            return self._filled(self.line[value[1:]])
        for cell in sorted(self.line, key=len, reverse=True):
            if f"${cell}" in value:
                self.used.add(cell)
                value = value.replace(f"${cell}", str(self.line[cell]))
        return _BORNE.sub(self._borne, value).replace("$i", str(self.number))

    def _filled_deeply(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled_deeply(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._filled_deeply(one) for one in value]
        return self._filled(value)

    def _borne(self, match: re.Match[str]) -> str:
        alias, what = match.groups()
        if alias not in self.aliases:
            raise CaseError(f"no entity {alias}")
        borne: dict[str, Callable[[], str]] = {
            "代码": lambda: self.codes[alias],
            "名称": lambda: self._name_borne(alias),
            "注册号": lambda: reg_no_of(self._serial(alias)),
            "机构代码": lambda: org_code_of(self._serial(alias)),
        }
        return borne[what]()

    def _name_borne(self, alias: str) -> str:
        names = [version.get("名称") for version in self.versions[alias] if version.get("名称")]
        return str(self._filled(names[-1])) if names else self.name_of(alias)

    def _entity_row(self, alias: str, version: Mapping[str, Any]) -> Delivered:
        return self._row("entities", {"主体": alias, **version})

    def _row(self, kind: str, fields: Mapping[str, Any]) -> Delivered:
        names = columns_of(kind)
        cells: dict[str, Any] = dict.fromkeys(FIELDS[kind])
        cells |= DEFAULTS[kind]
        extras = {key: self._filled(value) for key, value in fields.items() if key in EXTRAS}
        alias = extras.get("主体", self.aliases[0])
        if alias is not None:
            cells |= self._subject_cells(kind, str(alias))
        if "来源" in extras and kind == "rulings":
            cells["authority"] = cells["doc_no"] = None  # named by delivery and row instead
        for key, value in fields.items():
            if key in EXTRAS:
                continue
            if key not in names:
                raise CaseError(f"{kind} has no field {key}")
            filled = self._filled(value)
            cells[names[key]] = str(int(filled) * 100) if key in YUAN and isinstance(filled, int) else filled
        for number in ("doc_no", "task_no"):
            if cells.get(number) is not None:
                cells[number] = full_doc_no(cells[number], self.number)
        extra_cells = tuple(str(self._filled(c)) for c in fields.get("多余单元格") or ())
        return Delivered(
            kind, int(extras.get("批次", 1)), cells, extra_cells, extras.get("标记"), extras.get("来源")
        )

    def _subject_cells(self, kind: str, alias: str) -> dict[str, Any]:
        if alias not in self.aliases:
            raise CaseError(f"no entity {alias}")
        cells: dict[str, Any] = {"uscc": self.codes[alias]}
        if kind == "entities":
            cells |= {"name": self._name_borne(alias), "reg_no": reg_no_of(self._serial(alias))}
            cells["entity_type"] = self._type(alias)
        elif kind != "rulings":
            cells["subject_name"] = self._name_borne(alias)
        return cells

    # -- expectations ----------------------------------------------------------------------------------------------

    def _expectations(self) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, int]]]:
        counts = {key: self.expected[key] for key in ABOUT_ROWS if key in self.expected}
        for kinds in counts.values():
            if unknown := set(kinds) - set(FIELDS):
                raise CaseError(f"unknown kind {', '.join(unknown)} in expect")
        rest = {key: value for key, value in self.expected.items() if key not in ABOUT_ROWS}
        per_entity = rest if rest and set(rest) <= set(self.aliases) else {self.aliases[0]: rest}
        expect = {}
        for alias, wanted in per_entity.items():
            if unknown := set(wanted) - EXPECT_KEYS:
                raise CaseError(f"unknown expectation {', '.join(unknown)}")
            expect[alias] = {key: self._expectation(key, value) for key, value in wanted.items()}
        return expect, counts

    def _expectation(self, key: str, value: Any) -> Any:
        if key == "blockers":
            return [self._line(line, BLOCKER_KEYS, "a blocker") for line in value]
        if key in CHANNELS:
            lines = value if isinstance(value, list) else [value]
            return [self._line(line, CLOCK_KEYS, key) for line in lines]
        value = self._filled(value)
        return date.fromisoformat(value) if key in ("eligible_on", "clean_since") and value else value

    def _line(self, line: Mapping[str, Any], known: set[str], what: str) -> dict[str, Any]:
        if unknown := set(line) - known:
            raise CaseError(f"unknown key {', '.join(unknown)} of {what}")
        filled = {key: self._filled(value) for key, value in line.items()}
        for key in DAYS & filled.keys():
            if filled[key]:
                filled[key] = date.fromisoformat(filled[key])
        if "doc" in filled:
            filled["doc_no"] = full_doc_no(filled.pop("doc"), self.number)
        return filled


def full_doc_no(label: Any, number: int) -> Any:
    """A short label becomes a number of the case; a whole number gets the case behind it; empty stays empty."""
    if not isinstance(label, str) or not label.strip():
        return label
    if re.search(r"[〔【\[(（号字]", label):
        return f"{label}之{number}"
    return f"宣市监〔2024〕{number}-{label}号"
