"""Small histories: a family of entities and everything that happens to it.

`histories(as_of)` is the Hypothesis strategy, for `@given` with shrinking; `history(random, as_of)` makes one from
any source of randomness, for batches of thousands. A history is abstract: entities are E0, E1 …, names n0, n1 …,
numbers d0, d1 …; `rendering` gives each history of a batch its own codes, names and numbers.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.property.drawing import (
    ACTIONS,
    CONCLUSIONS,
    HONOURS,
    KINDS_OF_PENALTY,
    LISTS,
    OLD,
    PLACEHOLDER,
    RESULTS,
    STATUSES,
    VIOLATIONS,
    Drawer,
    History,
)
from tests.reference.dates import add_months

MOST = {"penalties": 4, "listings": 2, "amendments": 2, "inspections": 2, "honours": 2, "licences": 1}


def histories(as_of: date) -> st.SearchStrategy[History]:
    """Whole histories, for `@given`."""
    return st.randoms(use_true_random=False).map(lambda random: history(random, as_of))


def history(random: Random, as_of: date) -> History:
    """A whole history. Some of it is delivered again, changed a little: the same key, another content."""
    maker = _Maker(random, as_of)
    maker.make_family()
    for kind, most in MOST.items():
        for _ in range(random.randint(0, most)):
            maker.add(kind, getattr(maker, kind)())
    for _ in range(random.choice((0, 1, 1, 2))):
        maker.add_quarantined()
    maker.deliver_again()
    for _ in range(random.choice((0, 0, 1, 2, 3))):
        maker.add_ruling()
    return History(maker.rows)


class _Maker(Drawer):
    """Draws one history."""

    # -- entities ------------------------------------------------------------------------------------------------

    def make_family(self) -> None:
        """E0, perhaps its branch E1, its predecessor E2, a namesake E3; X is a code without a row, F nobody's."""
        self.tokens = ("E0", *(token for token in ("E1", "E2", "E3") if self.chance(45)))
        type_0 = self.pick("企业", "企业", "企业", "企业", "个体工商户", "农民专业合作社", "其他")
        if type_0 == "个体工商户":
            self.individuals.add("E0")
        types = {"E0": type_0, "E1": "分支机构", "E2": self.pick("企业", "企业", "个体工商户"), "E3": "企业"}
        if types["E2"] == "个体工商户":
            self.individuals.add("E2")
        for token in self.tokens:
            # An entity stays in its division: see NOTES.md on names inside a division.
            division = self.pick("341802", "341881") if token == "E3" else "341802"
            name = {"E0": "n0", "E1": "n1", "E2": "n2"}.get(token) or self.pick("n0", "n3")
            for _ in range(self.pick(1, 1, 1, 2, 3)):
                self.add("entities", self._entity(token, types[token], division, name))

    def _entity(self, token: str, entity_type: str, division: str, name: str) -> dict[str, Any]:
        return {
            "uscc": token, "name_norm": name if self.chance(85) else "n4", "entity_type": entity_type,
            "status": self.pick(*STATUSES), "established_on": self.day() if self.chance(12) else OLD,
            "division_code": division, "reg_no": self.pick(token, token, token, "E0"),
            "parent_uscc": "E0" if token == "E1" and self.chance(90) else None,
            "predecessor_uscc": self.maybe(45, lambda: self._predecessor(token)),
            "cancelled_on": self.maybe(15, self.day), "updated_on": self.maybe(80, self.day),
            "registered_capital_wan": self.pick(None, Decimal(5), Decimal(500), Decimal(5000)),
            "industry_code": self.pick(None, "C13", "A01", "F515"),
            "key_area": self.pick(None, None, "食品生产", "其他"),
        }  # fmt: skip

    def _predecessor(self, token: str) -> str:
        others = {"E0": ("E2", "E2", "E2", "X"), "E2": ("X", "E0", "E3"), "E1": ("E2",), "E3": ("E2",)}[token]
        return str(self.pick(*[one for one in others if one in self.tokens or one == "X"] or ["X"]))

    # -- accepted rows ----------------------------------------------------------------------

    def penalties(self) -> dict[str, Any]:
        """A penalty."""
        kinds = self.pick(*KINDS_OF_PENALTY)
        fine = self.pick(None, None, 0, 20_000, 20_100, 300_000, 300_001, 5_000_000, 9_999_999, 10_000_000)
        confiscated = self.pick(None, None, None, 0, 100)
        named = {
            *kinds.split(";"),
            *(["罚款"] if fine else []),
            *(["没收违法所得"] if confiscated else []),
        } - {""}
        return {
            **self.accepted_subject(has_numbers=True, may_be_natural=True), **self.authority(), **self.doc(),
            "kinds": ";".join(sorted(named)), "fine_fen": fine, "confiscated_fen": confiscated,
            "says_revoked": self.chance(30), "procedure_code": self.pick(None, None, "simple", "ordinary"),
            "doc_says_simple": self.chance(30), "decided_on": self.day(),
            "status_code": self.pick(*["in_force"] * 6, "annulled", "provisional", "provisional"),
            "violation_type": self.pick(*VIOLATIONS),
            "valid_to": self.maybe(25, lambda: self.pick(date(9999, 12, 31), self.as_of, add_months(self.day(), 48))),
        }  # fmt: skip

    def listings(self) -> dict[str, Any]:
        """An entry. Few days, so that closing rows find entries."""
        listed_on = self.pick(add_months(self.as_of, -20), add_months(self.as_of, -36), self.day())
        removed_on = self.maybe(65, self.day)
        if removed_on is not None and removed_on < listed_on:
            removed_on = listed_on
        return {
            **self.accepted_subject(has_numbers=False, may_be_natural=True), **self.authority(), **self.doc("", ""),
            "list_type": self.pick(*LISTS), "listed_on": listed_on, "removed_on": removed_on,
            "removal_code": self.pick(None, "履行", "修复", "期满", "期满", "错误列入"),
        }  # fmt: skip

    def amendments(self) -> dict[str, Any]:
        """An amendment, mostly of a record that is there."""
        fields = {
            **self.subject(has_numbers=False, may_be_natural=False), **self.authority(), **self.doc(),
            "target_kind": self.pick("penalties", "listings"),
        }  # fmt: skip
        targets = [row for row in self.rows if row.kind in ("penalties", "listings")]
        if targets and self.chance(75):
            target = self.pick(*targets)
            names = (
                "uscc",
                "name_norm",
                "authority",
                "authority_key",
                "authority_division",
                "doc_norm",
                "doc_no",
            )
            fields |= {name: target.fields[name] for name in names} | {"target_kind": target.kind}
            if not fields["doc_norm"]:
                fields |= self.doc()
            if self.chance(20):
                fields["uscc"] = None
        if self.chance(15):
            fields |= {"uscc": None, "name_norm": None}
        return fields | {
            "action": self.pick(*ACTIONS), "effective_on": self.day(), "amendment_no": self.pick(None, None, "1", "2"),
        }  # fmt: skip

    def inspections(self) -> dict[str, Any]:
        """An item of a visit. Few days and tasks, so that visits have several items."""
        return {
            **self.accepted_subject(has_numbers=False, may_be_natural=False), **self.authority(),
            "task_no": self.pick("t0", "t1"), "item": self.pick("i0", "i1"), "result_code": self.pick(*RESULTS),
            "inspected_on": self.pick(add_months(self.as_of, -5), add_months(self.as_of, -12), self.day()),
        }  # fmt: skip

    def honours(self) -> dict[str, Any]:
        """An honour."""
        code = self.pick(*HONOURS)
        return {
            **self.accepted_subject(has_numbers=False, may_be_natural=False), **self.authority(), **self.doc(),
            "honour_type": code or "文明单位", "honour_code": code, "valid_from": self.day(),
            "valid_to": self.pick(None, date(9999, 12, 31), self.day()),
        }  # fmt: skip

    def licences(self) -> dict[str, Any]:
        """A licence."""
        valid_from = self.day()
        return {
            **self.accepted_subject(has_numbers=True, may_be_natural=False), **self.authority(), **self.doc(),
            "licence_norm": "", "decided_on": valid_from, "valid_from": valid_from,
            "valid_to": self.maybe(50, self.day), "state": self.pick(None, "1", "2", "有效"),
        }  # fmt: skip

    def deliver_again(self) -> None:
        """The same key once more, with another content."""
        again_of = ("penalties", "listings", "inspections")
        for row in [row for row in self.rows if row.is_accepted and row.kind in again_of]:
            if self.chance(30):
                again = {name: value for name, value in row.fields.items() if name != "updated_on"}
                self.add(row.kind, again | self._change(row.kind))

    def _change(self, kind: str) -> dict[str, Any]:
        match kind:
            case "penalties" if self.chance(50):
                kinds = self.pick("警告", "罚款", "责令停产停业")
                return {"kinds": kinds, "fine_fen": None, "confiscated_fen": None}
            case "penalties":
                return {"decided_on": self.day()}
            case "listings":
                closing = {"removed_on": self.as_of, "removal_code": "期满"} if self.chance(70) else {}
                return {"removed_on": None, "removal_code": None, "doc_norm": "", "doc_no": None} | closing
        return {"result_code": self.pick(*RESULTS)}

    # -- what failed, and what people say of it ------------------------------------------------------------------------

    def add_quarantined(self) -> None:
        """A row that failed: what could be read of it, or cells only."""
        others = ("inspections", "honours", "licences")  # hold nobody, whatever they carry
        kind = self.pick(
            *["penalties"] * 6,
            *["listings"] * 4,
            *["amendments", "entities", "rulings"] * 2,
            self.pick(*others),
        )
        if self.chance(10):
            cells = [self.pick(*self.tokens, "F", "n0", "n1", PLACEHOLDER) for _ in range(self.pick(1, 2))]
            fields = {
                "is_row_shape": True, "cells": cells, "doc_norm": "", "rules": ["row_shape"], "updated_on": None,
                "has_date_failure": False, "is_natural_person": False,
            }  # fmt: skip
            self.add(kind, fields, is_accepted=False)
            return
        fields = self.subject(has_numbers=kind in ("penalties", "entities"), may_be_natural=kind in MOST)
        fields |= {**self.authority(), **self.doc("", "")}
        if self.chance(35):
            fields["uscc"] = None
        rules = [
            "missing_mandatory:facts",
            "date_unreadable:x",
            "date_range:x",
            "uscc_check:uscc",
            "enum_unknown:x",
        ]
        own = {"listings": ["date_order:removed_on"], "penalties": ["amount_unreadable:fine_fen"]}
        rule = self.pick(*rules, *own.get(kind, []))
        fields |= {
            "rules": [rule], "has_date_failure": rule.startswith("date_"), "is_row_shape": False, "cells": [],
            "event_on": self.maybe(80, self.day), "updated_on": self.maybe(50, self.day),
        }  # fmt: skip
        self.add(kind, fields | self._kind_fields(kind), is_accepted=False)

    def _kind_fields(self, kind: str) -> dict[str, Any]:
        match kind:
            case "listings":
                return {
                    "list_type": self.pick(*LISTS, None), "removed_on": self.maybe(50, self.day),
                    "removal_code": self.pick(None, "期满", "履行"),
                }  # fmt: skip
            case "amendments":
                target = self.pick("penalties", "listings", None)
                action = self.pick(None, "撤销修复", "变更", "信用修复")
                nobody = {"uscc": None, "name_norm": None} if self.chance(20) else {}
                return {"target_kind": target, "action": action, **nobody}
            case "rulings":
                return {"conclusion": self.pick(None, "重新核查", "不成立"), "name_norm": None}
            case "entities":
                return {
                    "event_on": None, "org_code": None, "subject_kind": None, "doc_norm": "", "doc_no": None,
                    "authority": None, "authority_key": None, "authority_division": None, "is_natural_person": False,
                }  # fmt: skip
        return {}

    def add_ruling(self) -> None:
        """A ruling, by authority and number or by delivery and row, mostly about something that is held."""
        held = [n for n, row in enumerate(self.rows) if not row.is_accepted]
        kinds = ("penalties", "listings", "amendments", "inspections")
        others = [n for n, row in enumerate(self.rows) if row.kind in kinds]
        place = self.pick(*(held if held and self.chance(70) else others or held or [0]))
        about = self.rows[place]
        fields = {
            "uscc": about.fields.get("uscc") if self.chance(60) else self.pick(*self.tokens, *self.tokens, "X", "F"),
            **self.authority(), **self.doc(), "kind": about.kind, "conclusion": self.pick(*CONCLUSIONS),
            "event_on": self.day() if self.chance(80) else None,
            "kinds": self.pick("罚款", "警告", "责令停产停业", "罚款;警告"), "decided_on": self.day(),
            "source_sha256": None, "ruled_row": None,
        }  # fmt: skip
        fields["uscc"] = fields["uscc"] or "E0"
        by_row = not about.fields.get("doc_norm") or self.chance(30)
        if by_row:
            fields |= {"doc_norm": "", "doc_no": None, "authority": None, "authority_key": None}
        elif self.chance(85):
            fields |= {
                name: about.fields.get(name) for name in ("authority", "authority_key", "doc_norm", "doc_no")
            }
        if fields["conclusion"] == "属实有效" and about.kind == "penalties" and fields["event_on"] is None:
            fields["event_on"] = self.as_of
        self.add("rulings", fields).ruled = place if by_row else None
