"""The same classes and statuses as a hand-written pandas program."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.baselines.inputs import (
    ACTIONS,
    ANNULLING,
    COLUMNS,
    INVALID_LICENCE,
    KEYS,
    ROWS_PER_FILE,
    WORST_FIRST,
    Inputs,
)

Frame = pd.DataFrame
_TARGET = ["target_kind", "authority_key", "doc_norm", "subject"]
_KEY = ["authority_key", "doc_norm", "subject"]
_RECORD = [
    "linked", "kind", "event_on", "removed_on", "tier", "is_provisional", "repaired_on", "list_type", "fine_fen",
    "person",
]  # fmt: skip


def run(given: Inputs, target: Path) -> None:
    """Writes uscc, risk_class (null where none), status, eligible as Parquet."""
    _Program(given).answers().to_parquet(target, index=False)


def later(days: pd.Series, months: int) -> pd.Series:
    """The same day so many months later, the month's last where there is none."""
    return days + pd.DateOffset(months=months)


def yes(value: pd.Series) -> pd.Series:
    return value.fillna(False).astype(bool)


def inner(left: Frame, right: Frame, left_on: list[str], right_on: list[str] | None = None) -> Frame:
    """An equal join in which null equals nothing; right's names get `_r` where both have them."""
    right_on = right_on or left_on
    return left.dropna(subset=left_on).merge(
        right.dropna(subset=right_on), left_on=left_on, right_on=right_on, suffixes=("", "_r")
    )


def outer(left: Frame, right: Frame, on: list[str]) -> Frame:
    """A left join in which null equals nothing."""
    return left.merge(right.dropna(subset=on), on=on, how="left", suffixes=("", "_r"))


def among(frame: Frame, keys: Frame, on: list[str]) -> pd.Series:
    """Whether each row's key is one of some keys."""
    if len(on) == 1:
        return frame[on[0]].isin(keys[on[0]].dropna())
    marked = frame[on].merge(keys[on].drop_duplicates().assign(_in=True), on=on, how="left")
    return pd.Series(marked["_in"].notna().to_numpy(), index=frame.index)


class _Program:
    def __init__(self, given: Inputs) -> None:
        self.given, self.p, self.day = given, given.numbers, pd.Timestamp(given.as_of)
        self.rows = {kind: self._load(kind) for kind in COLUMNS}
        self.quarantine = self._quarantine()
        self._entities()
        self.won: dict[str, Frame] = {}
        for kind, key in KEYS.items():
            linked = self._link(kind)
            self.won[kind] = _ranked(_closed(linked) if kind == "listings" else linked, list(key))
        for kind in ("amendments", "rulings"):
            self.won[kind] = _ranked(self.rows[kind], ["row_key"])
        self._force()
        self._held()
        self._visits_and_rulings()
        self._records()
        self._holds()

    # -- resolve ----------------------------------------------------------------------------------------------

    def _ranks(self) -> Frame:
        return pd.DataFrame(self.given.deliveries, columns=["kind", "sha256", "ord"])

    def _read(self, files: Iterable[Path], columns: list[str] | None) -> Frame:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.concat_tables([pq.read_table(file, columns=columns) for file in files])
        integers = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        return table.to_pandas(date_as_object=False, types_mapper=integers.get)

    def _load(self, kind: str) -> Frame:
        ranks = self._ranks().query("kind == @kind").drop(columns="kind")
        rows = self._read(self.given.accepted[kind], list(COLUMNS[kind])).merge(ranks, on="sha256")
        return _with_rid(rows)

    def _quarantine(self) -> Frame:
        rows = self._read([path for _, path in self.given.quarantine], None)
        return _with_rid(rows.merge(self._ranks(), on=["kind", "sha256"]))

    def _entities(self) -> None:
        rows = self.rows["entities"]
        rows["known_on"] = rows["updated_on"].fillna(pd.Timestamp("0001-01-01").as_unit("s"))
        self.versions = rows.sort_values("rid").drop_duplicates(["uscc", "known_on"], keep="last")
        used = self.versions.assign(is_later=self.versions["known_on"] > self.day)
        used["distance"] = (used["known_on"] - self.day.as_unit("s")).abs()
        used = used.sort_values(["is_later", "distance"], kind="stable").drop_duplicates("uscc")
        not_yet = used["is_later"] & (used["status"] == "注销") & (used["cancelled_on"] > self.day)
        used["status"] = used["status"].mask(not_yet, "存续")
        used["has_row"] = used["established_on"] <= self.day
        self.used = used
        self.here = used[used["has_row"]]
        self.names = rows.loc[
            rows["name_norm"].notna(), ["name_norm", "uscc", "division_code"]
        ].drop_duplicates()
        known = pd.concat([rows["uscc"], rows["predecessor_uscc"].dropna()]).drop_duplicates()
        self.usccs = pd.DataFrame({"uscc": known})
        self.reg_nos = _one_bearer(rows["reg_no"], rows["uscc"])
        self.org_codes = _one_bearer(rows["uscc"].str.slice(8, 17), rows["uscc"])
        step = used.loc[used["predecessor_uscc"].notna(), ["uscc", "predecessor_uscc"]]
        step = step.set_axis(["uscc", "ancestor"], axis=1).query("uscc != ancestor")
        lines, fresh = step, step
        while len(fresh):
            more = fresh.merge(step.set_axis(["ancestor", "next"], axis=1), on="ancestor")
            more = more[["uscc", "next"]].set_axis(["uscc", "ancestor"], axis=1).query("uscc != ancestor")
            more = more.drop_duplicates()
            fresh = more[~among(more, lines, ["uscc", "ancestor"])]
            lines = pd.concat([lines, fresh])
        self.lineage = lines.drop_duplicates()
        branches = used.loc[(used["entity_type"] == "分支机构") & used["parent_uscc"].notna()]
        self.branches = branches[["uscc", "parent_uscc"]].set_axis(["branch", "parent"], axis=1)

    def _bearers(self, asked: Frame) -> Frame:
        """(name_norm, div, uscc) of the names asked for, those of the authority's division first."""
        asked = asked[["name_norm", "div"]].dropna().drop_duplicates()
        found = asked.merge(self.names, on="name_norm")
        pairs = zip(found["division_code"].fillna(""), found["div"], strict=True)
        found["inside"] = [bool(div) and code.startswith(div) for code, div in pairs]
        found = found.groupby(["name_norm", "div", "uscc"], as_index=False)["inside"].any()
        best = found.groupby(["name_norm", "div"])["inside"].transform("any")
        return found.loc[found["inside"] == best, ["name_norm", "div", "uscc"]]

    def _by_number(self, bare: Frame) -> pd.Series:
        by_reg = bare["reg_no"].map(self.reg_nos)
        return by_reg.fillna(bare["org_code"].map(self.org_codes))

    def _link(self, kind: str) -> Frame:
        rows = self.rows[kind]
        numbered = "reg_no" in rows
        known = rows["uscc"].isin(self.usccs["uscc"])
        rows["linked"] = rows["uscc"].where(known)
        is_bare = rows["uscc"].isna() & ~yes(rows["is_natural_person"])
        bare = rows[is_bare]
        bare = bare.assign(div=bare["authority_division"].fillna(""))
        found = self._bearers(bare)
        found = found[~found.duplicated(["name_norm", "div"], keep=False)]
        by_name = outer(bare[["name_norm", "div"]], found, ["name_norm", "div"])["uscc"].to_numpy()
        linked = pd.Series(by_name, index=bare.index, dtype="str")
        if numbered:
            linked = self._by_number(bare).fillna(linked)
        rows.loc[is_bare, "linked"] = linked
        subject = rows["linked"].fillna(rows["uscc"])
        if numbered:
            subject = subject.fillna("reg:" + rows["reg_no"]).fillna("org:" + rows["org_code"])
        rows["subject"] = subject.fillna("name:" + rows["name_norm"]).fillna("none")
        if kind == "licences":
            rows["licence_key"] = rows["doc_norm"].mask(
                rows["doc_norm"] == "", rows["licence_norm"].fillna("")
            )
        if kind == "honours":
            rows["honour_key"] = rows["honour_code"].fillna("raw:" + rows["honour_type"])
        return rows

    # -- force, tiers, held rows ------------------------------------------------------------------------------

    def _force(self) -> None:
        columns = ["target_kind", "authority_key", "doc_norm", "subject", "linked", "name_norm"]

        def keys(kind: str) -> Frame:
            rows = self.won[kind]
            return rows[rows["doc_norm"] != ""].assign(target_kind=kind)[columns]

        won = self.won["rulings"].query("is_winner")
        ruled = won[
            (won["conclusion"] == "属实有效") & (won["kind"] == "penalties") & (won["doc_norm"].fillna("") != "")
            & won["authority_key"].notna()
        ]  # fmt: skip
        ruled = ruled.assign(
            subject=ruled["uscc"], linked=ruled["uscc"], name_norm=None, target_kind="penalties"
        )
        self.targets = pd.concat([keys("penalties"), keys("listings"), ruled[columns]]).drop_duplicates()
        asked = self.won["amendments"].query("is_winner")[
            ["rid", "target_kind", "action", "authority_key", "doc_norm", "effective_on", "amendment_no", "updated_on",
             "uscc", "name_norm"]
        ].rename(columns={"uscc": "asked_uscc", "name_norm": "asked_name"})  # fmt: skip
        found = inner(asked, self.targets, ["target_kind", "authority_key", "doc_norm"])
        nameless = found[found["asked_uscc"].isna()]
        bearers = self.names[["uscc", "name_norm"]].set_axis(["linked", "asked_name"], axis=1).dropna()
        named = nameless[nameless["asked_name"].notna() & nameless["linked"].notna()]
        bare = nameless[nameless["asked_name"].isna()]
        alone = bare.groupby("rid")["subject"].transform("nunique") == 1
        parts = [
            found[found["asked_uscc"] == found["subject"]],
            nameless[nameless["asked_name"].notna() & (nameless["asked_name"] == nameless["name_norm"])],
            named[among(named, bearers, ["linked", "asked_name"])],
            bare[alone],
        ]
        pairs = pd.concat(parts).drop(columns=["asked_uscc", "asked_name", "name_norm"])
        self.pairs = pairs.drop_duplicates()
        order = {action: n for n, action in enumerate(ACTIONS)}
        known = self.pairs[self.pairs["effective_on"] <= self.day]
        known = known.assign(place=known["action"].map(order).fillna(99))
        known = known.sort_values(["effective_on", "amendment_no", "place", "rid"], na_position="first")
        known["step"] = known.groupby(_TARGET).cumcount()
        keys_of = [known[column] for column in _TARGET]
        for name, action in (
            ("repair", "信用修复"), ("unrepair", "撤销修复"), ("opened", "复议诉讼受理"), ("ended", "复议诉讼终结"),
        ):  # fmt: skip
            steps = known["step"].where(known["action"] == action)
            known[name] = steps.groupby(keys_of).transform("max").fillna(-1)
        stands = (known["action"] == "信用修复") & (known["step"] > known["unrepair"])
        undone = (known["step"] == known["unrepair"]) & (known["unrepair"] > known["repair"])
        known = known.assign(
            is_annulled=known["action"].isin(ANNULLING),
            is_changed=known["action"] == "变更",
            is_under_review=known["opened"] > known["ended"],
            is_review_ended=known["ended"] >= 0,
            repaired_on=known["effective_on"].where(stands),
            unrepaired_on=known["effective_on"].where(undone & (known["action"] == "撤销修复")),
        )
        self.states = known.groupby(_TARGET, as_index=False).agg(
            is_annulled=("is_annulled", "any"),
            is_changed=("is_changed", "any"),
            is_under_review=("is_under_review", "any"),
            is_review_ended=("is_review_ended", "any"),
            repaired_on=("repaired_on", "min"),
            unrepaired_on=("unrepaired_on", "max"),
        )

    def _with_force(self, rows: Frame, kind: str) -> Frame:
        own = self.states[self.states["target_kind"] == kind].drop(columns="target_kind")
        rows = outer(rows, own, _KEY)
        for flag in ("is_annulled", "is_changed", "is_under_review", "is_review_ended"):
            rows[flag] = yes(rows[flag])
        return rows

    def _with_tier(self, rows: Frame) -> Frame:
        p = self.p
        rows = rows.assign(kinds=rows["kinds"].fillna(""))
        said = pd.DataFrame([p["classify"](text) for text in rows["kinds"].unique()])
        if rows.empty:
            return rows.assign(tier=1)
        rows = rows.merge(said, on="kinds")
        natural, legal = p["simple_fine_limit_natural_yuan"] * 100, p["simple_fine_limit_legal_yuan"] * 100
        limit = np.where(rows["subject_kind"] == "自然人", natural, legal)
        serious = rows["has_serious"] | (rows["has_merged"] & yes(rows["says_revoked"]))
        if p["large_fine_yuan"] is not None:
            serious = serious | yes(rows["fine_fen"] >= p["large_fine_yuan"] * 100)
        amount = yes(rows["fine_fen"] > 0) | yes(rows["confiscated_fen"] > 0)
        within = yes(rows["fine_fen"] <= limit)
        simple = (
            (rows["procedure_code"] == "simple") & rows["simple_only"] & (rows["fine_fen"].isna() | within)
        )
        inferred = (
            rows["procedure"].isna() & rows["procedure_code"].isna() & rows["inferable"] & yes(rows["fine_fen"] > 0)
            & within & yes(rows["doc_says_simple"])
        )  # fmt: skip
        minor = rows["all_minor"] | (rows["all_no_penalty"] & ~amount) | simple | inferred
        return rows.assign(tier=np.select([serious, minor], [2, 0], 1))

    def _held(self) -> None:
        columns = [
            "kind", "sha256", "source_row", "rid", "updated_on", "uscc", "reg_no", "org_code", "name_norm",
            "is_natural_person", "authority_key", "authority_division", "doc_norm", "event_on", "removed_on",
            "list_type", "target_kind", "action", "conclusion", "has_date_failure", "is_row_shape", "removal_code",
            "cells", "is_quarantined",
        ]  # fmt: skip
        holding = ["penalties", "listings", "amendments", "entities", "rulings"]
        rejected = self.quarantine[self.quarantine["kind"].isin(holding)]
        parts = [rejected.assign(is_quarantined=True)[columns]]
        for kind, day in (
            ("penalties", "decided_on"),
            ("listings", "listed_on"),
            ("amendments", "effective_on"),
        ):
            rows = self.won[kind].query("is_winner")
            if kind == "amendments":
                rows = rows[~rows["rid"].isin(self.pairs["rid"])]
            else:
                rows = rows[rows["linked"].isna()]
            rows = rows.assign(
                kind=kind,
                event_on=rows[day],
                has_date_failure=False,
                is_row_shape=False,
                is_quarantined=False,
            )
            parts.append(rows.reindex(columns=columns))
        held = pd.concat(parts, ignore_index=True)
        held["person"] = yes(held["is_natural_person"])
        for flag in ("has_date_failure", "is_row_shape"):
            held[flag] = yes(held[flag])
        self.held = held

    def _visits_and_rulings(self) -> None:
        items = self.won["inspections"]
        items = items.assign(task=items["task_no"].fillna(""))
        order = {code: n for n, code in enumerate(WORST_FIRST)}
        mine = items[items["is_winner"] & items["linked"].notna()]
        mine = mine.assign(place=mine["result_code"].map(order))
        visits = mine.groupby(["linked", "task", "inspected_on"], as_index=False, dropna=False).agg(
            place=("place", "min"), v_rid=("rid", "min")
        )
        self.visits = visits.assign(result=visits["place"].map(dict(enumerate(WORST_FIRST))))
        event = ["event_id", "kind", "authority_key", "doc_norm", "sha256", "source_row"]

        def named(rows: Frame, prefix: str, rid: str, **own: Any) -> Frame:
            return rows.assign(event_id=prefix + rows[rid].astype(str), **own)[event]

        old = self.won["penalties"]
        old = old[~old["is_winner"] & old["linked"].notna()]
        seen = inner(items, self.visits, ["linked", "task", "inspected_on"])
        happened = pd.concat(
            [
                named(self.quarantine, "row:", "rid"),
                named(self.held[~self.held["is_quarantined"].astype(bool)], "row:", "rid"),
                named(old, "version:", "rid", kind="penalties"),
                named(seen, "visit:", "v_rid", kind="inspections", doc_norm=seen["task"]),
            ]
        )
        won = self.won["rulings"].query("is_winner")
        said = won[
            ["kind", "authority_key", "doc_norm", "conclusion", "decided_on", "uscc", "rid", "updated_on",
             "source_sha256", "ruled_row"]
        ].rename(columns={"rid": "r_rid", "updated_on": "r_updated"})  # fmt: skip
        columns = ["event_id", "uscc", "r_rid", "r_updated", "decided_on", "conclusion"]
        numbered = said[said["doc_norm"].fillna("") != ""]
        by_row = said.drop(columns=["authority_key", "doc_norm"])
        found = pd.concat(
            [
                inner(happened, numbered, ["kind", "authority_key", "doc_norm"])[columns],
                inner(
                    happened, by_row, ["kind", "sha256", "source_row"], ["kind", "source_sha256", "ruled_row"]
                )[columns],
            ]
        ).drop_duplicates()
        found = found[found["decided_on"] <= self.day]
        found = found.sort_values(["decided_on", "r_updated", "r_rid"], na_position="first")
        self.last = found.drop_duplicates(["event_id", "uscc"], keep="last")
        upheld = self.last[self.last["conclusion"] == "属实有效"]
        ruled = won[(won["kind"] == "penalties") & won["event_on"].notna() & won["rid"].isin(upheld["r_rid"])]
        self.ruled_penalties = ruled.assign(
            linked=ruled["uscc"], subject=ruled["uscc"], decided_on=ruled["event_on"], says_revoked=False,
            procedure=None, procedure_code=None, doc_says_simple=False, subject_kind=None,
            fine_fen=pd.array([pd.NA] * len(ruled), dtype="Int64"),
            confiscated_fen=pd.array([pd.NA] * len(ruled), dtype="Int64"),
        )[["authority_key", "doc_norm", "kinds", "linked", "subject", "decided_on", "says_revoked", "procedure",
           "procedure_code", "doc_says_simple", "subject_kind", "fine_fen", "confiscated_fen"]]  # fmt: skip
        held = self.held[(self.held["kind"] == "listings") & self.held["list_type"].notna()]
        held = held.assign(event_id="row:" + held["rid"].astype(str))
        held = held[["event_id", "list_type", "removed_on", "removal_code", "event_on"]]
        made = inner(upheld[["event_id", "r_rid"]], held, ["event_id"])
        by = won[["authority_key", "event_on", "uscc", "rid"]].set_axis(
            ["authority_key", "on", "linked", "r_rid"], axis=1
        )
        made = inner(made, by, ["r_rid"])
        made["listed_on"] = made["on"].fillna(made["event_on"])
        made = made[made["listed_on"].notna()]
        self.ruled_listings = made[
            ["linked", "authority_key", "listed_on", "removed_on", "removal_code", "list_type"]
        ].drop_duplicates()

    # -- records, holds -----------------------------------------------------------------------------------------

    def _freed(self, rows: Frame) -> pd.Series:
        return rows["repaired_on"] <= self.day

    def _records(self) -> None:
        rows = self._with_force(self._with_tier(self.won["penalties"]), "penalties")
        changed = rows[rows["is_changed"]].sort_values(["updated_on", "rid"], na_position="first")
        first = changed.drop_duplicates(_KEY)[[*_KEY, "decided_on"]].rename(
            columns={"decided_on": "first_day"}
        )
        rows = outer(rows, first, _KEY)
        rows = rows.assign(
            own_annulled=rows["status_code"] == "annulled",
            is_provisional=rows["is_under_review"]
            | ((rows["status_code"] == "provisional") & ~rows["is_review_ended"]),
            event_on=rows["first_day"].where(rows["is_changed"], rows["decided_on"]),
            person=yes(rows["is_natural_person"]),
        )
        self.penalty_versions = rows
        nothing = {"removed_on": pd.NaT, "list_type": None, "kind": "penalties"}
        own = rows[rows["is_winner"] & rows["linked"].notna() & ~rows["is_annulled"] & ~rows["own_annulled"]]
        ruled = self._with_force(self._with_tier(self.ruled_penalties), "penalties")
        ruled = ruled[~ruled["is_annulled"]]
        ruled = ruled.assign(
            **nothing, event_on=ruled["decided_on"], is_provisional=ruled["is_under_review"], person=False
        )
        parts = [t[_RECORD] for t in (own.assign(**nothing), ruled, self._entries()) if len(t)]
        for part in parts:
            part["removed_on"] = part["removed_on"].astype("datetime64[ms]")
            part["list_type"] = part["list_type"].astype("str")
            part["fine_fen"] = part["fine_fen"].astype("Int64")
        whole = pd.concat(parts, ignore_index=True)
        whole = whole[whole["event_on"] <= self.day]
        inherited = inner(whole, self.lineage, ["linked"], ["ancestor"])
        inherited = inherited[~inherited["person"] | inherited["uscc"].str.startswith("92")]
        columns = [*_RECORD, "uscc", "held_as"]
        self.records = pd.concat(
            [
                whole.assign(uscc=whole["linked"], held_as="own")[columns],
                inherited.assign(held_as="predecessor")[columns],
            ]
        )
        serious = self.records.query("kind == 'penalties' and tier == 2 and not person")
        of_branch = inner(serious, self.branches.query("branch != parent"), ["uscc"], ["branch"])
        of_branch = of_branch.assign(uscc=of_branch["parent"], held_as="branch")
        judged = pd.concat([self.records, of_branch[columns]])
        judged = judged[(judged["kind"] == "penalties") | judged["list_type"].isin(self.p["blocking"])]
        active = (judged["kind"] == "listings") & judged["removed_on"].isna()
        inside = later(judged["event_on"], self.p["clean_window_months"]) >= self.day
        counts = ~active & (judged["tier"] >= 1) & ~self._freed(judged) & inside
        self.judged = judged.assign(is_active=active, counts=counts)

    def _entries(self) -> Frame:
        columns = [
            "linked", "subject", "authority_key", "doc_norm", "listed_on", "removed_on", "removal_code", "list_type",
            "person",
        ]  # fmt: skip
        rows = self.won["listings"]
        rows = rows[rows["is_winner"] & rows["linked"].notna()]
        rows = rows.assign(person=yes(rows["is_natural_person"]))[columns]
        ruled = self.ruled_listings.assign(
            subject=self.ruled_listings["linked"], doc_norm=pd.Series(dtype="str"), person=False
        )
        t = self._with_force(pd.concat([rows, ruled[columns]], ignore_index=True), "listings")
        is_error = t["removal_code"] == "错误列入"
        repairs = t["removal_code"].isin(["修复", "履行"]) | (
            t["list_type"].isin(self.p["any_removal_is_repair"]) & ~is_error
        )
        read, fixed = t["removed_on"].where(t["removed_on"] <= self.day), t["repaired_on"]
        own = read.where(repairs)
        stays = t["unrepaired_on"].notna() & (read <= t["unrepaired_on"])
        least = pd.concat([read, fixed], axis=1).min(axis=1)
        least_own = pd.concat([own, fixed], axis=1).min(axis=1)
        t = t.assign(
            kind="listings", event_on=t["listed_on"], tier=1, fine_fen=pd.NA, is_provisional=t["is_under_review"],
            removed_on=least.where(fixed.notna(), read),
            repaired_on=least_own.where(fixed.notna(), own.mask(stays)),
        )  # fmt: skip
        return t[~t["is_annulled"] & ~(read.notna() & is_error)]

    def _carried(self) -> Frame:
        held, no_name = self.held, self.p["placeholders"]
        coded = held[
            held["uscc"].notna() & ~held["is_row_shape"]
            & (~held["person"] | yes(held["uscc"].str.startswith("92"))) & held["uscc"].isin(self.usccs["uscc"])
        ]  # fmt: skip
        bare = held[
            held["uscc"].isna() & ~held["person"] & ~held["is_row_shape"] & (held["kind"] != "rulings")
        ]
        bare = bare.assign(via=self._by_number(bare), div=bare["authority_division"].fillna(""))
        named = bare[bare["via"].isna() & bare["name_norm"].notna() & ~bare["name_norm"].isin(no_name)]
        named = named.drop(columns="via").merge(
            self._bearers(named).rename(columns={"uscc": "via"}), on=["name_norm", "div"]
        )
        cells = held.loc[held["is_row_shape"], ["rid", "cells"]].explode("cells").dropna()
        cells = cells[~cells["cells"].isin(no_name)].rename(columns={"cells": "cell"})
        coded_cells = cells[cells["cell"].isin(self.usccs["uscc"])]
        bearers = self.names[["name_norm", "uscc"]].set_axis(["cell", "via"], axis=1)
        blank = held[
            (held["kind"] == "amendments") & held["uscc"].isna() & held["name_norm"].isna() & ~held["is_row_shape"]
            & (held["doc_norm"].fillna("") != "")
        ]  # fmt: skip
        owned = self.targets.loc[
            self.targets["linked"].notna(), ["authority_key", "doc_norm", "target_kind", "linked"]
        ]
        owned = inner(blank, owned.drop_duplicates(), ["authority_key", "doc_norm"])
        owned = owned[owned["target_kind"].isna() | (owned["target_kind"] == owned["target_kind_r"])]
        parts = [
            coded.assign(via=coded["uscc"]), bare[bare["via"].notna()], named,
            coded_cells.assign(via=coded_cells["cell"]), inner(cells, bearers, ["cell"]),
            owned.assign(via=owned["linked"]),
        ]  # fmt: skip
        return pd.concat([part[["rid", "via"]] for part in parts if len(part)]).drop_duplicates()

    def _hold_pairs(self) -> Frame:
        base = self._carried().merge(self.held[["rid", "kind", "target_kind", "person"]], on="rid")
        after = inner(base.query("kind != 'entities' and not person"), self.lineage, ["via"], ["ancestor"])
        holders = pd.concat([base.assign(uscc=base["via"]), after.drop(columns="ancestor")])
        penal = (holders["kind"] == "penalties") | (
            (holders["kind"] == "amendments")
            & (holders["target_kind"].isna() | (holders["target_kind"] == "penalties"))
        )
        parents = inner(holders[penal & ~holders["person"]], self.branches, ["uscc"], ["branch"])
        parents = parents.assign(uscc=parents["parent"])
        columns = ["rid", "via", "uscc"]
        return pd.concat([holders[columns], parents[columns]]).drop_duplicates()

    def _settled(self, pairs: Frame) -> Frame:
        about = ["rid", "kind", "authority_key", "doc_norm", "list_type", "event_on", "action", "updated_on"]
        wanted = pairs.merge(self.held[about].rename(columns={"updated_on": "h_updated"}), on="rid")
        numbered = wanted[wanted["doc_norm"].fillna("") != ""]
        found = []

        def take(
            asked: Frame, rows: Frame, linked: str, on: list[str], their: list[str] | None = None
        ) -> None:
            their = their or on
            right = rows[list(dict.fromkeys([*their, linked, "updated_on", "rid"]))].copy()
            right["r_linked"] = right[linked]
            right = right[right["r_linked"].notna()].rename(
                columns={"updated_on": "r_updated", "rid": "r_rid"}
            )
            t = inner(asked, right, on, their)
            differ = t["h_updated"].notna() & t["r_updated"].notna() & (t["h_updated"] != t["r_updated"])
            newer = (t["r_updated"] > t["h_updated"]).where(differ, t["r_rid"] > t["rid"])
            mine = (t["r_linked"] == t["uscc"]) | (t["r_linked"] == t["via"])
            found.append(t.loc[newer & mine, ["rid", "via", "uscc"]])

        number = ["authority_key", "doc_norm"]
        for kind, linked in (("penalties", "linked"), ("listings", "linked"), ("rulings", "uscc")):
            take(numbered[numbered["kind"] == kind], self.won[kind], linked, number)
        bare = wanted[(wanted["kind"] == "listings") & (wanted["doc_norm"].fillna("") == "")]
        take(bare, self.won["listings"], "linked", ["authority_key", "list_type", "event_on"],
             ["authority_key", "list_type", "listed_on"])  # fmt: skip
        take(numbered[numbered["kind"] == "amendments"], self.pairs, "linked", [*number, "action"])
        take(wanted[wanted["kind"] == "entities"], self.rows["entities"], "uscc", ["uscc"])
        return pd.concat(found).drop_duplicates()

    def _holds(self) -> None:
        day, window = self.day, self.p["clean_window_months"]
        pairs = self._hold_pairs()
        left = pairs[~among(pairs, self._settled(pairs), ["rid", "via", "uscc"])]
        t = left.merge(self.held.rename(columns={"uscc": "row_uscc"}), on="rid")
        t = t.merge(self.here[["uscc", "known_on"]], on="uscc", how="left")
        proves = ~t["has_date_failure"] & t["event_on"].notna()
        future, past = t["event_on"] > day, later(t["event_on"], window) < day
        kind = t["kind"]
        harmless = (
            ((kind == "penalties") & proves & (future | past))
            | ((kind == "listings") & proves & (future | ((t["removed_on"] <= day) & past)))
            | (kind.isin(["amendments", "rulings"]) & proves & future)
        )
        newer = t["updated_on"].isna() | ((t["updated_on"] > t["known_on"]) & (t["updated_on"] <= day))
        applies = (
            kind.isin(["penalties", "listings"])
            | ((kind == "amendments") & (t["action"].isna() | t["action"].isin(["撤销修复", "变更"])))
            | ((kind == "entities") & t["known_on"].notna() & newer)
            | ((kind == "rulings") & (t["conclusion"].isna() | (t["conclusion"] == "重新核查")))
        )
        can = (kind == "penalties") | ((kind == "listings") & t["list_type"].notna())
        rows = t.assign(event_id="row:" + t["rid"].astype(str), can=can)[applies & ~harmless]
        columns = ["via", "uscc", "event_id", "can"]
        holds = pd.concat(
            [rows[columns], self._conflicts()[columns], self._bad_visits()[columns]]
        ).drop_duplicates()
        last = self.last[["event_id", "uscc", "conclusion"]]
        holds = holds.merge(
            last.set_axis(["event_id", "uscc", "own"], axis=1), on=["event_id", "uscc"], how="left"
        )
        holds = holds.merge(
            last.set_axis(["event_id", "via", "through"], axis=1), on=["event_id", "via"], how="left"
        )
        free = holds["own"].isin(["不涉及该主体", "不成立"]) | ((holds["own"] == "属实有效") & holds["can"])
        freed = (holds["through"] == "不成立") | ((holds["through"] == "属实有效") & holds["can"])
        self.held_usccs = holds.loc[~(free | (holds["own"].isna() & freed)), ["uscc"]].drop_duplicates()

    def _conflicts(self) -> Frame:
        rows = self.penalty_versions
        several = rows[
            rows["has_others"] & rows["linked"].notna() & ~rows["is_changed"] & ~rows["is_annulled"]
        ]
        counts = (
            ~several["own_annulled"] & (several["tier"] >= 1) & (several["decided_on"] <= self.day)
            & (later(several["decided_on"], self.p["clean_window_months"]) >= self.day) & ~self._freed(several)
        )  # fmt: skip
        several = several.assign(counts=counts)
        winner = several[several["is_winner"] & ~several["own_annulled"]][
            [*_KEY, "counts", "tier", "decided_on"]
        ]
        old = inner(several[~several["is_winner"] & counts], winner, _KEY)
        lowered = ~old["counts_r"] | (old["tier_r"] < old["tier"]) | (old["decided_on_r"] < old["decided_on"])
        own = old.loc[lowered, ["rid", "tier", "person", "linked"]].rename(columns={"linked": "via"})
        after = inner(own[~own["person"]], self.lineage, ["via"], ["ancestor"]).drop(columns="ancestor")
        both = pd.concat([own.assign(uscc=own["via"]), after])
        serious = both[(both["tier"] == 2) & ~both["person"]]
        parents = inner(serious, self.branches, ["uscc"], ["branch"])
        both = pd.concat([both, parents.assign(uscc=parents["parent"])])
        return both.assign(event_id="version:" + both["rid"].astype(str), can=True)

    def _bad_visits(self) -> Frame:
        known = self.visits[self.visits["inspected_on"] <= self.day]
        after = inner(known, self.lineage, ["linked"], ["ancestor"]).drop(columns="ancestor")
        known = pd.concat([known.assign(uscc=known["linked"]), after])
        good = known[known["result"] == "R1_OK"].groupby("uscc")["inspected_on"].max().rename("ok")
        bad = known[known["result"].isin(["R3_FALSE_INFO", "R6_REFUSED"])]
        bad = bad[later(bad["inspected_on"], self.p["inspection_hold_months"]) >= self.day]
        bad = bad.merge(good, on="uscc", how="left")
        bad = bad[bad["ok"].isna() | (bad["ok"] <= bad["inspected_on"])]
        return bad.assign(via=bad["linked"], event_id="visit:" + bad["v_rid"].astype(str), can=False)

    # -- features, points, answers --------------------------------------------------------------------------------

    def _honours(self) -> Frame:
        rows = self.won["honours"]
        rows = rows[
            rows["is_winner"]
            & rows["linked"].notna()
            & rows["honour_code"].notna()
            & (rows["valid_from"] <= self.day)
        ]
        ends = rows["valid_to"].copy()
        terms = rows["honour_code"].map(self.p["honour_months"]).fillna(0)
        for months in terms.unique():
            mine = rows["valid_to"].isna() & (terms == months)
            ends[mine] = later(rows.loc[mine, "valid_from"], int(months))
        rows = rows.assign(uscc=rows["linked"], valid_to=ends)
        return rows[["uscc", "valid_from", "valid_to"]].drop_duplicates()

    def _features(self, honours: Frame) -> Frame:
        p, day = self.p, self.day
        known = self.versions[self.versions["known_on"] <= day].sort_values(["uscc", "known_on"])
        watched = ["name_norm", "entity_type", "division_code", "registered_capital_wan"]
        before = known.groupby("uscc")[watched].shift()
        changed = ((before != known[watched]) & before.notna() & known[watched].notna()).sum(axis=1)
        known = known.assign(n=changed)[later(known["updated_on"], p["changes_window_months"]) >= day]
        lic = self.won["licences"]
        lic = lic[lic["is_winner"] & lic["linked"].notna() & (lic["decided_on"] <= day)]
        invalid, ended = lic["state"].isin(INVALID_LICENCE), lic["valid_to"] < day
        fresh = later(lic["valid_to"].where(ended), p["licences_expired_window_months"]) >= day
        records = self.records
        fines = records[
            (records["kind"] == "penalties") & (records["held_as"] == "own") & records["fine_fen"].notna()
            & (later(records["event_on"], p["fine_total_window_months"]) >= day) & ~self._freed(records)
        ]  # fmt: skip
        branches = self.branches[self.branches["branch"].isin(self.here["uscc"])]
        counts = {
            "changes_12m": known.groupby("uscc")["n"].sum(),
            "licences_valid": lic[~invalid & ~ended & (lic["valid_from"] <= day)].groupby("linked").size(),
            "licences_expired_12m": lic[~invalid & ended & fresh].groupby("linked").size(),
            "licences_revoked": lic[invalid].groupby("linked").size(),
            "fine_total_yuan_60m": fines.groupby("uscc")["fine_fen"].sum() // 100,
            "branches": branches.groupby("parent").size(),
            "honours_valid": honours[honours["valid_to"] >= day].groupby("uscc").size(),
        }
        t = self.here.copy()
        for name, counted in counts.items():
            t[name] = t["uscc"].map(counted).fillna(0).astype("int64")
        t["status_group"] = t["status"].map(p["status_groups"]).fillna("other")
        start = t["established_on"]
        months = (day.year - start.dt.year) * 12 + day.month - start.dt.month
        # The day of the month decides, or the month's last day where it has none such.
        last = day.days_in_month
        t["age_months"] = months - (np.minimum(start.dt.day, last) > day.day).astype("int64")
        return t

    def _streams(self, honours: Frame) -> Frame:
        live = self.records[~self._freed(self.records)]
        pens = live[live["kind"] == "penalties"]
        pens = pens.assign(name="penalty_" + pens["tier"].map({2: "serious", 1: "general", 0: "minor"}))
        firms = pens[~pens["person"]]
        branch = inner(firms, self.branches, ["uscc"], ["branch"])
        parent = inner(firms, self.branches, ["uscc"], ["parent"])
        entries = live[live["kind"] == "listings"]
        seen = self.visits[self.visits["inspected_on"] <= self.day]
        given = honours[honours["valid_to"] >= self.day]
        whose = pens["held_as"].map({"predecessor": "predecessor_"}).fillna("")
        ended = np.where(entries["removed_on"].isna(), "listing_active", "listing_ended")
        columns = ["uscc", "event_on", "stream"]
        events = pd.concat(
            [
                pens.assign(stream=whose + pens["name"])[columns],
                branch.assign(uscc=branch["parent"], stream="branch_" + branch["name"])[columns],
                parent.assign(uscc=parent["branch"], stream="parent_" + parent["name"])[columns],
                entries.assign(stream=ended)[columns],
                seen.assign(
                    uscc=seen["linked"], event_on=seen["inspected_on"], stream="inspection_" + seen["result"]
                )[columns],
                given.assign(event_on=given["valid_from"], stream="honour")[columns],
            ]
        )
        recent = [later(events["event_on"], months) >= self.day for months, _ in self.p["decay"]]
        events["weight"] = np.select(recent, [part for _, part in self.p["decay"]], 0)
        return events.groupby(["uscc", "stream"], as_index=False).agg(
            seen=("weight", "size"), weight=("weight", "sum")
        )

    def _points(self, features: Frame, streams: Frame) -> pd.Series:
        """Hundredths by USCC."""
        unit = self.p["decay_unit"]
        classed = features[features["entity_type"].isin(self.p["scope_classed_types"])]
        total = pd.Series(0, index=classed.index)
        of_events = pd.Series(0, index=streams.index)
        for one in self.p["indicators"]:
            if one.event_points is not None:
                mine = streams["stream"] == one.feature
                weight = streams.loc[mine, "weight"] if one.decay else streams.loc[mine, "seen"] * unit
                points = one.event_points_h
                if points >= 0:
                    amount = (weight * (2 * points) + unit) // (2 * unit)
                else:
                    amount = -((weight * (-2 * points) + unit - 1) // (2 * unit))
                if one.cap_h is not None:
                    amount = amount.clip(upper=one.cap_h) if one.cap_h >= 0 else amount.clip(lower=one.cap_h)
                of_events[mine] = amount
                continue
            x = classed[one.feature]
            if one.bands is not None:
                x = x.astype("float64")
                tests = [
                    x.notna() & (True if b.ge is None else x >= b.ge) & (True if b.lt is None else x < b.lt)
                    for b in one.bands
                ]
                total += np.select(tests, [b.points_h for b in one.bands], one.missing_h)
            else:
                keys = sorted(one.map_h, key=lambda key: (-len(key), key))
                tests = [x.isna(), *(yes(x.str.startswith(k) if one.prefix else x == k) for k in keys)]
                total += np.select(tests, [one.missing_h, *(one.map_h[k] for k in keys)], one.default_h)
        sums = of_events.groupby(streams["uscc"]).sum()
        total = total + classed["uscc"].map(sums).fillna(0).astype("int64")
        return pd.Series(total.clip(0, 100_000).to_numpy(), index=classed["uscc"])

    def answers(self) -> Frame:
        p, day = self.p, self.day
        honours = self._honours()
        features = self._features(honours)
        points = self._points(features, self._streams(honours))
        judged = self.judged
        counting = judged[judged["counts"]]
        bad = counting.loc[~counting["is_provisional"], "uscc"]
        pending = counting.loc[counting["is_provisional"], "uscc"]
        serious = counting.loc[(counting["tier"] == 2) & (counting["kind"] == "penalties"), "uscc"]
        last_on = counting.groupby("uscc")["event_on"].max()
        held = self.held_usccs["uscc"]
        model = honours[(honours["valid_to"] >= day) & ~honours["uscc"].isin(held)]
        last = model["uscc"].map(last_on)
        model = model[last.isna() | ((last <= model["valid_from"]) & ~model["uscc"].isin(serious))]
        uscc = features["uscc"]
        off = ~features["status_group"].isin(p["eligible_status_groups"])
        young = later(features["established_on"], p["min_history_months"]) >= day
        tests = [uscc.isin(bad), uscc.isin(pending), uscc.isin(held), young]
        hindered = tests[0] | tests[1] | tests[2] | tests[3]
        status = np.select(
            [off, uscc.isin(judged.loc[judged["is_active"], "uscc"]), uscc.isin(model["uscc"]) & hindered, *tests],
            ["NOT_STATUS", "NOT_ACTIVE_LIST", "ELIGIBLE_MODEL", "NOT_BAD_RECORD", "HOLD_PROVISIONAL", "HOLD_REVIEW",
             "INSUFFICIENT_HISTORY"],
            "ELIGIBLE_CLEAN3Y",
        )  # fmt: skip
        mine = uscc.map(points)
        cuts = sorted(p["class_cut_points"].items(), reverse=True)
        letters = np.select([mine >= int(cut) * 100 for _, cut in cuts], [name for name, _ in cuts], "")
        floors = uscc.map(self._floors(features)).fillna("")
        classed = mine.notna() & features["status_group"].isin(p["scope_status_groups"])
        worst = pd.Series(np.maximum(letters.astype(object), floors.to_numpy(dtype=object)), index=uscc.index)
        answered = pd.DataFrame({"uscc": uscc, "risk_class": worst.where(classed, None), "status": status})
        answered["eligible"] = answered["status"].str.startswith("ELIGIBLE")
        return answered.sort_values("uscc")

    def _floors(self, features: Frame) -> pd.Series:
        floors, listed = self.p["red_line_classes"], self.p["list_red_lines"]
        own = self.judged[self.judged["held_as"] != "branch"]
        pens = own[own["counts"] & (own["kind"] == "penalties")]
        found = [(features.loc[features["status_group"] == "revoked", "uscc"], floors["STATUS_REVOKED"])]
        for tier, line, param in (
            (2, "SERIOUS_12M", "serious_red_line_months"), (1, "GENERAL_12M", "general_red_line_months"),
        ):  # fmt: skip
            recent = (pens["tier"] == tier) & (later(pens["event_on"], self.p[param]) >= self.day)
            found.append((pens.loc[recent, "uscc"], floors[line]))
        active = own[own["is_active"]]
        found += [
            (active.loc[active["list_type"] == name, "uscc"], floors[line]) for name, line in listed.items()
        ]
        rows = pd.concat([pd.DataFrame({"uscc": usccs, "floor": floor}) for usccs, floor in found])
        return rows.groupby("uscc")["floor"].max()


def _with_rid(rows: Frame) -> Frame:
    rows["rid"] = rows["ord"].astype("int64") * ROWS_PER_FILE + rows["source_row"].astype("int64")
    return rows.drop(columns="ord")


def _one_bearer(numbers: pd.Series, usccs: pd.Series) -> pd.Series:
    """Number → USCC, where one entity alone carries it."""
    pairs = pd.DataFrame({"number": numbers, "uscc": usccs}).dropna().drop_duplicates()
    pairs = pairs[~pairs.duplicated("number", keep=False)]
    return pairs.set_index("number")["uscc"]


def _closed(rows: Frame) -> Frame:
    """A removal without a number takes that of the one entry that it closes."""
    same = ["list_type", "authority_key", "subject", "listed_on"]
    closing = (rows["doc_norm"] == "") & rows["removed_on"].notna()
    entries = rows[~closing].groupby(same, as_index=False)["doc_norm"].agg(low="min", high="max")
    entries = entries[(entries["low"] == entries["high"]) & (entries["low"] != "")]
    low = rows[same].merge(entries, on=same, how="left")["low"].to_numpy()
    found = pd.Series(low, index=rows.index, dtype="str")
    rows["doc_norm"] = rows["doc_norm"].mask(closing & found.notna(), found)
    return rows


def _ranked(rows: Frame, key: list[str]) -> Frame:
    """Adds is_winner (last in delivery order of its key) and has_others."""
    rows = rows.sort_values(["updated_on", "rid"], na_position="first")
    return rows.assign(
        is_winner=~rows.duplicated(key, keep="last"), has_others=rows.duplicated(key, keep=False)
    )
