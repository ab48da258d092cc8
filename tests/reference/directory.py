"""Who is who: entities, their rows, names, numbers, parents and predecessors; linking of subjects."""

from __future__ import annotations

from datetime import date

from policy import Policy
from tests.reference.world import Row, World, delivery_order

BRANCH = "分支机构"
NATURAL = "自然人"
INDIVIDUAL_BUSINESS = "92"  # first two characters of the USCC of a 个体工商户


def is_natural(row: Row) -> bool:
    """Whether the row speaks of a natural person (§3, O-23)."""
    return bool(row.get("is_natural_person")) or row.get("subject_kind") == NATURAL


class Directory:
    """The register as it stands on `as_of`, and the search for the subject of a row."""

    def __init__(self, world: World, policy: Policy, as_of: date) -> None:
        self.as_of = as_of
        self.policy = policy
        self.rows_of: dict[str, list[Row]] = {}
        for row in world.rows("entities"):
            self.rows_of.setdefault(row["uscc"], []).append(row)
        self.used: dict[str, Row] = {uscc: self._row_used(rows) for uscc, rows in self.rows_of.items()}
        # Entities, and predecessors that have no row of their own: those of the rows used.
        before = {row["predecessor_uscc"] for row in self.used.values()} - {None}
        self.known = set(self.rows_of) | before

    def _row_used(self, rows: list[Row]) -> Row:
        """The row with the greatest `updated_on` ≤ as_of; if all are later, the earliest (rules.md, head)."""
        versions: dict[date | None, Row] = {}
        for row in sorted(rows, key=delivery_order):  # the same (uscc, updated_on) again: the last wins
            versions[row["updated_on"]] = row
        known = [row for day, row in versions.items() if day is None or day <= self.as_of]
        if known:
            return max(known, key=lambda row: row["updated_on"] or date.min)
        earliest = min(versions.values(), key=lambda row: row["updated_on"])
        cancelled = self.policy.entity_status_group(earliest["status"]) == "cancelled"
        if cancelled and earliest["cancelled_on"] and earliest["cancelled_on"] > self.as_of:
            return {**earliest, "status": "存续"}
        return earliest

    # -- relations -------------------------------------------------------------------------------------------

    def exists_on_as_of(self, uscc: str) -> bool:
        """An entity with `established_on` > as_of has no row in any output."""
        return uscc in self.used and self.used[uscc]["established_on"] <= self.as_of

    def chain(self, uscc: str) -> list[str]:
        """The entity, its predecessor, the predecessor of that … ; a cycle is cut."""
        chain = [uscc]
        while chain[-1] in self.used:
            before = self.used[chain[-1]]["predecessor_uscc"]
            if not before or before in chain:
                break
            chain.append(before)
        return chain

    def is_branch(self, uscc: str) -> bool:
        """Whether the entity is a 分支机构."""
        return uscc in self.used and self.used[uscc]["entity_type"] == BRANCH

    def parent(self, uscc: str) -> str | None:
        """The enterprise that a branch belongs to, which is not itself; None for any other entity."""
        parent = self.used[uscc]["parent_uscc"] if self.is_branch(uscc) else None
        return parent if parent != uscc else None

    def branches(self, uscc: str) -> list[str]:
        """The branches of an enterprise, by code."""
        return sorted(b for b in self.used if self.parent(b) == uscc)

    def names(self, uscc: str) -> set[str]:
        """Every name that any row of the entity bears, former names too."""
        return {row["name_norm"] for row in self.rows_of.get(uscc, []) if row["name_norm"]}

    # -- linking (contract §2, Subjects) -----------------------------------------------------------------------

    def with_reg_no(self, reg_no: str | None) -> set[str]:
        """Entities of which a row bears this 注册号."""
        return {u for u, rows in self.rows_of.items() if reg_no and any(r["reg_no"] == reg_no for r in rows)}

    def with_org_code(self, org_code: str | None) -> set[str]:
        """Entities whose USCC contains this organisation code (characters 9 to 17)."""
        return {u for u in self.rows_of if org_code and u[8:17] == org_code}

    def with_name(self, name: str | None, division: str | None = None) -> set[str]:
        """Entities of which a row bears this name, inside the division where one is given."""
        return {
            uscc
            for uscc, rows in self.rows_of.items()
            if name
            and any(
                r["name_norm"] == name and (r["division_code"] or "").startswith(division or "") for r in rows
            )
        }

    def candidates(self, row: Row) -> tuple[set[str], str]:
        """Entities that the subject rules would link a row to, and by what (uscc, reg_no, org_code, name).

        More than one only by name: those inside the authority's division first, else all that bear it.
        """
        if is_natural(row):
            # Never by number or name, and only the USCC of a 个体工商户 (§3).
            own = row["uscc"] if row["uscc"] and row["uscc"].startswith(INDIVIDUAL_BUSINESS) else None
            return ({own} if own in self.known else set()), "uscc"
        if row["uscc"]:
            # A valid USCC of no entity and no predecessor ends the search.
            return ({row["uscc"]} if row["uscc"] in self.known else set()), "uscc"
        by_reg_no = self.with_reg_no(row.get("reg_no"))
        if len(by_reg_no) == 1:
            return by_reg_no, "reg_no"
        by_org_code = self.with_org_code(row.get("org_code"))
        if len(by_org_code) == 1:
            return by_org_code, "org_code"
        division = row.get("authority_division")
        inside = self.with_name(row["name_norm"], division) if division else set()
        return inside or self.with_name(row["name_norm"]), "name"

    def link(self, row: Row) -> str | None:
        """The one entity that a row is linked to, None where there is none or the name is of several."""
        found, _ = self.candidates(row)
        return next(iter(found)) if len(found) == 1 else None

    def is_linked_by_name(self, row: Row) -> bool:
        """Whether the name alone made the link."""
        found, how = self.candidates(row)
        return len(found) == 1 and how == "name"
