"""The same classes and statuses as a hand-written polars program."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from polars import col, lit, when

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

Frame = pl.DataFrame
_TARGET = ["target_kind", "authority_key", "doc_norm", "subject"]
_RECORD = [
    "linked", "kind", "event_on", "removed_on", "tier", "is_provisional", "repaired_on", "list_type", "fine_fen",
    "person",
]  # fmt: skip


def run(given: Inputs, target: Path) -> None:
    """Writes uscc, risk_class (null where none), status, eligible as Parquet."""
    _Program(given).answers().write_parquet(target)


def later(days: str | pl.Expr, months: int) -> pl.Expr:
    """The same day so many months later, the month's last where there is none."""
    return (col(days) if isinstance(days, str) else days).dt.offset_by(f"{months}mo")


def yes(value: pl.Expr) -> pl.Expr:
    return value.fill_null(False)


class _Program:
    def __init__(self, given: Inputs) -> None:
        self.given, self.p, self.day = given, given.numbers, given.as_of
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
        return pl.DataFrame(self.given.deliveries, schema=["kind", "sha256", "ord"], orient="row")

    def _load(self, kind: str) -> Frame:
        ranks = self._ranks().filter(col("kind") == kind).drop("kind")
        rows = (
            pl.scan_parquet(self.given.accepted[kind])
            .select(COLUMNS[kind])
            .collect()
            .join(ranks, on="sha256")
        )
        return rows.with_columns(rid=col("ord") * ROWS_PER_FILE + col("source_row")).drop("ord")

    def _quarantine(self) -> Frame:
        rows = pl.scan_parquet([path for _, path in self.given.quarantine]).collect()
        rows = rows.join(self._ranks(), on=["kind", "sha256"])
        return rows.with_columns(rid=col("ord") * ROWS_PER_FILE + col("source_row")).drop("ord")

    def _entities(self) -> None:
        rows = self.rows["entities"].with_columns(known_on=col("updated_on").fill_null(date(1, 1, 1)))
        self.versions = rows.sort("rid").unique(["uscc", "known_on"], keep="last")
        is_later = col("known_on") > self.day
        distance = (col("known_on") - lit(self.day)).dt.total_days().abs()
        used = self.versions.with_columns(is_later=is_later, distance=distance)
        used = used.sort("is_later", "distance").unique("uscc", keep="first", maintain_order=True)
        not_yet = col("is_later") & (col("status") == "注销") & yes(col("cancelled_on") > self.day)
        self.used = used.with_columns(
            status=when(not_yet).then(lit("存续")).otherwise(col("status")),
            has_row=col("established_on") <= self.day,
        )
        self.names = (
            rows.filter(col("name_norm").is_not_null()).select("name_norm", "uscc", "division_code").unique()
        )
        before = rows.select(uscc="predecessor_uscc").drop_nulls()
        self.usccs = pl.concat([rows.select("uscc"), before]).unique()
        self.reg_nos = _one_bearer(rows.select("uscc", number="reg_no").drop_nulls())
        self.org_codes = _one_bearer(rows.select("uscc", number=col("uscc").str.slice(8, 9)))
        step = self.used.select("uscc", ancestor="predecessor_uscc").filter(col("ancestor") != col("uscc"))
        lines, fresh = step, step
        while fresh.height:
            more = fresh.join(step.rename({"uscc": "ancestor", "ancestor": "next"}), on="ancestor")
            more = more.select("uscc", ancestor="next").filter(col("uscc") != col("ancestor")).unique()
            fresh = more.join(lines, on=["uscc", "ancestor"], how="anti")
            lines = pl.concat([lines, fresh])
        self.lineage = lines.unique()
        self.branches = self.used.filter(
            (col("entity_type") == "分支机构") & col("parent_uscc").is_not_null()
        ).select(branch="uscc", parent="parent_uscc")

    def _bearers(self, asked: Frame) -> Frame:
        """(name_norm, div, uscc) of the names asked for, those of the authority's division first."""
        asked = asked.select("name_norm", div=col("authority_division").fill_null("")).drop_nulls().unique()
        found = asked.join(self.names, on="name_norm")
        inside = (col("div") != "") & yes(col("division_code").str.starts_with(col("div")))
        found = found.group_by("name_norm", "div", "uscc").agg(inside=inside.any())
        return found.filter(col("inside") == col("inside").any().over("name_norm", "div")).drop("inside")

    def _link(self, kind: str) -> Frame:
        rows = self.rows[kind]
        numbered = "reg_no" in rows.columns
        coded = col("uscc").is_not_null()
        person = yes(col("is_natural_person"))
        sure = rows.filter(coded).join(self.usccs.with_columns(linked="uscc"), on="uscc", how="left")
        people = rows.filter(~coded & person).with_columns(linked=lit(None, pl.String))
        bare = rows.filter(~coded & ~person).with_columns(div=col("authority_division").fill_null(""))
        single = self._bearers(bare).group_by("name_norm", "div").agg(by_name=col("uscc").min(), n=pl.len())
        bare = bare.join(single.filter(col("n") == 1).drop("n"), on=["name_norm", "div"], how="left")
        by = [col("by_name")]
        if numbered:
            bare = bare.join(
                self.reg_nos.rename({"number": "reg_no", "uscc": "by_reg"}), on="reg_no", how="left"
            )
            bare = bare.join(
                self.org_codes.rename({"number": "org_code", "uscc": "by_org"}), on="org_code", how="left"
            )
            by = [col("by_reg"), col("by_org"), *by]
        bare = bare.with_columns(linked=pl.coalesce(by))
        whole = pl.concat([sure, people, bare.select(sure.columns)])
        numbers = [lit("reg:") + col("reg_no"), lit("org:") + col("org_code")] if numbered else []
        whole = whole.with_columns(
            subject=pl.coalesce("linked", "uscc", *numbers, lit("name:") + col("name_norm"), lit("none"))
        )
        if kind == "licences":
            number = (
                when(col("doc_norm") == "").then(col("licence_norm").fill_null("")).otherwise(col("doc_norm"))
            )
            whole = whole.with_columns(licence_key=number)
        if kind == "honours":
            whole = whole.with_columns(
                honour_key=pl.coalesce("honour_code", lit("raw:") + col("honour_type"))
            )
        return whole

    # -- force, tiers, held rows ------------------------------------------------------------------------------

    def _force(self) -> None:
        def keys(kind: str) -> Frame:
            rows = self.won[kind].filter(col("doc_norm") != "")
            return rows.select(
                "authority_key", "doc_norm", "subject", "linked", "name_norm", target_kind=lit(kind)
            )

        won = self.won["rulings"].filter(col("is_winner"))
        ruled = won.filter(
            (col("conclusion") == "属实有效") & (col("kind") == "penalties") & yes(col("doc_norm") != "")
            & col("authority_key").is_not_null()
        ).select(
            "authority_key", "doc_norm", subject="uscc", linked="uscc", name_norm=lit(None, pl.String),
            target_kind=lit("penalties"),
        )  # fmt: skip
        self.targets = pl.concat([keys("penalties"), keys("listings"), ruled]).unique()
        asked = self.won["amendments"].filter(col("is_winner")).select(
            "rid", "target_kind", "action", "authority_key", "doc_norm", "effective_on", "amendment_no", "updated_on",
            asked_uscc="uscc", asked_name="name_norm",
        )  # fmt: skip
        found = asked.join(self.targets, on=["target_kind", "authority_key", "doc_norm"])
        nameless = found.filter(col("asked_uscc").is_null())
        bearers = self.names.select(linked="uscc", asked_name="name_norm").unique()
        bare = nameless.filter(col("asked_name").is_null())
        parts = [
            found.filter(col("asked_uscc") == col("subject")),
            nameless.filter(col("asked_name") == col("name_norm")),
            nameless.join(bearers, on=["linked", "asked_name"], how="semi"),
            bare.filter(col("subject").min().over("rid") == col("subject").max().over("rid")),
        ]
        self.pairs = pl.concat(parts).drop("asked_uscc", "asked_name", "name_norm").unique()
        order = {action: n for n, action in enumerate(ACTIONS)}
        known = self.pairs.filter(col("effective_on") <= self.day).with_columns(
            place=col("action").replace_strict(order, default=99)
        )
        known = known.sort("effective_on", "amendment_no", "place", "rid", nulls_last=False)
        known = known.with_columns(step=pl.int_range(pl.len()).over(_TARGET))
        for name, action in (
            ("repair", "信用修复"), ("unrepair", "撤销修复"), ("opened", "复议诉讼受理"), ("ended", "复议诉讼终结"),
        ):  # fmt: skip
            last = col("step").filter(col("action") == action).max().over(_TARGET).fill_null(-1)
            known = known.with_columns(last.alias(name))
        stands = (col("action") == "信用修复") & (col("step") > col("unrepair"))
        undone = (
            (col("action") == "撤销修复")
            & (col("step") == col("unrepair"))
            & (col("unrepair") > col("repair"))
        )
        self.states = known.group_by(_TARGET).agg(
            is_annulled=col("action").is_in(ANNULLING).any(),
            is_changed=(col("action") == "变更").any(),
            is_under_review=(col("opened") > col("ended")).any(),
            is_review_ended=(col("ended") >= 0).any(),
            repaired_on=col("effective_on").filter(stands).min(),
            unrepaired_on=col("effective_on").filter(undone).max(),
        )

    def _with_force(self, rows: Frame, kind: str) -> Frame:
        own = self.states.filter(col("target_kind") == kind).drop("target_kind")
        rows = rows.join(own, on=["authority_key", "doc_norm", "subject"], how="left")
        flags = ("is_annulled", "is_changed", "is_under_review", "is_review_ended")
        return rows.with_columns(yes(col(flag)) for flag in flags)

    def _with_tier(self, rows: Frame) -> Frame:
        p = self.p
        rows = rows.with_columns(kinds=col("kinds").fill_null(""))
        said = pl.DataFrame([p["classify"](text) for text in rows["kinds"].unique().to_list()])
        if not said.height:
            return rows.with_columns(tier=lit(1))
        rows = rows.join(said, on="kinds")
        limit = when(yes(col("subject_kind") == "自然人")).then(p["simple_fine_limit_natural_yuan"] * 100)
        limit = limit.otherwise(p["simple_fine_limit_legal_yuan"] * 100)
        large = p["large_fine_yuan"]
        serious = col("has_serious") | (col("has_merged") & yes(col("says_revoked")))
        if large is not None:
            serious = serious | yes(col("fine_fen") >= large * 100)
        amount = yes(col("fine_fen") > 0) | yes(col("confiscated_fen") > 0)
        within = yes(col("fine_fen") <= limit)
        simple = (
            yes(col("procedure_code") == "simple") & col("simple_only") & (col("fine_fen").is_null() | within)
        )
        inferred = (
            col("procedure").is_null() & col("procedure_code").is_null() & col("inferable") & yes(col("fine_fen") > 0)
            & within & yes(col("doc_says_simple"))
        )  # fmt: skip
        minor = col("all_minor") | (col("all_no_penalty") & ~amount) | simple | inferred
        return rows.with_columns(tier=when(serious).then(2).when(minor).then(0).otherwise(1))

    def _held(self) -> None:
        columns = [
            "kind", "sha256", "source_row", "rid", "updated_on", "uscc", "reg_no", "org_code", "name_norm",
            "is_natural_person", "authority_key", "authority_division", "doc_norm", "event_on", "removed_on",
            "list_type", "target_kind", "action", "conclusion", "has_date_failure", "is_row_shape", "removal_code",
            "cells",
        ]  # fmt: skip
        holding = ["penalties", "listings", "amendments", "entities", "rulings"]
        parts = [
            self.quarantine.filter(col("kind").is_in(holding)).select(*columns, is_quarantined=lit(True))
        ]
        for kind, day in (
            ("penalties", "decided_on"),
            ("listings", "listed_on"),
            ("amendments", "effective_on"),
        ):
            rows = self.won[kind].filter(col("is_winner"))
            if kind == "amendments":
                rows = rows.join(self.pairs, on="rid", how="anti")
            else:
                rows = rows.filter(col("linked").is_null())
            rows = rows.with_columns(
                kind=lit(kind), event_on=col(day), has_date_failure=lit(False), is_row_shape=lit(False),
                cells=lit([], pl.List(pl.String)), is_quarantined=lit(False),
            )  # fmt: skip
            missing = {c: self.quarantine.schema[c] for c in columns if c not in rows.columns}
            rows = rows.with_columns(lit(None, kind_).alias(c) for c, kind_ in missing.items())
            parts.append(rows.select(*columns, "is_quarantined"))
        self.held = pl.concat(parts)

    def _visits_and_rulings(self) -> None:
        items = self.won["inspections"].with_columns(task=col("task_no").fill_null(""))
        order = {code: n for n, code in enumerate(WORST_FIRST)}
        mine = items.filter(col("is_winner") & col("linked").is_not_null())
        mine = mine.with_columns(
            place=col("result_code").replace_strict(order, default=None, return_dtype=pl.Int32)
        )
        visits = mine.group_by("linked", "task", "inspected_on").agg(
            col("place").min(), v_rid=col("rid").min()
        )
        codes = dict(enumerate(WORST_FIRST))
        self.visits = visits.with_columns(
            result=col("place").replace_strict(codes, default=None, return_dtype=pl.String)
        )
        event = ["event_id", "kind", "authority_key", "doc_norm", "sha256", "source_row"]

        def named(rows: Frame, prefix: str, rid: str, **own: pl.Expr) -> Frame:
            rows = rows.with_columns(event_id=lit(prefix) + col(rid).cast(pl.String), **own)
            return rows.select(event)

        superseded = self.won["penalties"].filter(~col("is_winner") & col("linked").is_not_null())
        happened = pl.concat(
            [
                named(self.quarantine, "row:", "rid"),
                named(self.held.filter(~col("is_quarantined")), "row:", "rid"),
                named(superseded, "version:", "rid", kind=lit("penalties")),
                named(
                    items.join(self.visits, on=["linked", "task", "inspected_on"]), "visit:", "v_rid",
                    kind=lit("inspections"), doc_norm=col("task"),
                ),
            ]
        )  # fmt: skip
        won = self.won["rulings"].filter(col("is_winner"))
        said = won.select(
            "kind", "authority_key", "doc_norm", "conclusion", "decided_on", "uscc", r_rid="rid",
            r_updated="updated_on", sha256="source_sha256", source_row="ruled_row",
        )  # fmt: skip
        columns = ["event_id", "uscc", "r_rid", "r_updated", "decided_on", "conclusion"]
        found = pl.concat(
            [
                happened.join(
                    said.filter(yes(col("doc_norm") != "")), on=["kind", "authority_key", "doc_norm"]
                ).select(columns),
                happened.join(said, on=["kind", "sha256", "source_row"]).select(columns),
            ]
        ).unique()
        found = found.filter(col("decided_on") <= self.day)
        found = found.sort("decided_on", "r_updated", "r_rid", nulls_last=False)
        self.last = found.unique(["event_id", "uscc"], keep="last", maintain_order=True)
        upheld = self.last.filter(col("conclusion") == "属实有效")
        self.ruled_penalties = (
            won.filter((col("kind") == "penalties") & col("event_on").is_not_null())
            .join(upheld, left_on="rid", right_on="r_rid", how="semi")
            .select(
                "authority_key", "doc_norm", "kinds", linked="uscc", subject="uscc", decided_on="event_on",
                says_revoked=lit(False), procedure=lit(None, pl.String), procedure_code=lit(None, pl.String),
                doc_says_simple=lit(False), subject_kind=lit(None, pl.String), fine_fen=lit(None, pl.Int64),
                confiscated_fen=lit(None, pl.Int64),
            )
        )  # fmt: skip
        entries = self.held.filter((col("kind") == "listings") & col("list_type").is_not_null()).select(
            "list_type", "removed_on", "removal_code", h_on="event_on",
            event_id=lit("row:") + col("rid").cast(pl.String),
        )  # fmt: skip
        made = upheld.select("event_id", "r_rid").join(entries, on="event_id")
        made = made.join(won.select("authority_key", "event_on", linked="uscc", r_rid="rid"), on="r_rid")
        self.ruled_listings = (
            made.with_columns(listed_on=pl.coalesce("event_on", "h_on"))
            .filter(col("listed_on").is_not_null())
            .select("linked", "authority_key", "listed_on", "removed_on", "removal_code", "list_type")
            .unique()
        )

    # -- records, holds -----------------------------------------------------------------------------------------

    def _records(self) -> None:
        rows = self._with_force(self._with_tier(self.won["penalties"]), "penalties")
        key = ["authority_key", "doc_norm", "subject"]
        changed = rows.filter(col("is_changed")).sort("updated_on", "rid", nulls_last=False)
        first = changed.group_by(key, maintain_order=True).agg(first_day=col("decided_on").first())
        rows = rows.join(first, on=key, how="left").with_columns(
            own_annulled=yes(col("status_code") == "annulled"),
            is_provisional=col("is_under_review")
            | (yes(col("status_code") == "provisional") & ~col("is_review_ended")),
            event_on=when(col("is_changed")).then(col("first_day")).otherwise(col("decided_on")),
            person=yes(col("is_natural_person")),
        )
        self.penalty_versions = rows
        nothing = {
            "removed_on": lit(None, pl.Date),
            "list_type": lit(None, pl.String),
            "kind": lit("penalties"),
        }
        own = rows.filter(
            col("is_winner") & col("linked").is_not_null() & ~col("is_annulled") & ~col("own_annulled")
        ).with_columns(**nothing)
        ruled = self._with_force(self._with_tier(self.ruled_penalties), "penalties").filter(
            ~col("is_annulled")
        )
        ruled = ruled.with_columns(
            **nothing, event_on=col("decided_on"), is_provisional=col("is_under_review"), person=lit(False)
        )
        whole = pl.concat([t.select(_RECORD) for t in (own, ruled, self._entries())], how="vertical_relaxed")
        whole = whole.filter(col("event_on") <= self.day)
        heirs = self.lineage.rename({"ancestor": "linked"})
        inherited = whole.join(heirs, on="linked").filter(~col("person") | col("uscc").str.starts_with("92"))
        self.records = pl.concat(
            [
                whole.with_columns(uscc="linked", held_as=lit("own")),
                inherited.with_columns(held_as=lit("predecessor")).select(*whole.columns, "uscc", "held_as"),
            ]
        )
        serious = self.records.filter((col("kind") == "penalties") & (col("tier") == 2) & ~col("person"))
        of_branch = serious.join(self.branches, left_on="uscc", right_on="branch")
        of_branch = of_branch.filter(col("parent") != col("uscc")).with_columns(
            uscc="parent", held_as=lit("branch")
        )
        judged = pl.concat([self.records, of_branch.select(self.records.columns)])
        judged = judged.filter((col("kind") == "penalties") | col("list_type").is_in(self.p["blocking"]))
        judged = judged.with_columns(is_active=(col("kind") == "listings") & col("removed_on").is_null())
        self.judged = judged.with_columns(
            counts=~col("is_active") & (col("tier") >= 1) & ~self._freed()
            & (later("event_on", self.p["clean_window_months"]) >= self.day)
        )  # fmt: skip

    def _freed(self) -> pl.Expr:
        return yes(col("repaired_on") <= self.day)

    def _entries(self) -> Frame:
        columns = [
            "linked", "subject", "authority_key", "doc_norm", "listed_on", "removed_on", "removal_code", "list_type",
            "person",
        ]  # fmt: skip
        rows = self.won["listings"].filter(col("is_winner") & col("linked").is_not_null())
        rows = rows.with_columns(person=yes(col("is_natural_person"))).select(columns)
        ruled = self.ruled_listings.with_columns(
            subject="linked", doc_norm=lit(None, pl.String), person=lit(False)
        )
        t = self._with_force(pl.concat([rows, ruled.select(columns)]), "listings")
        is_error = yes(col("removal_code") == "错误列入")
        repairs = yes(col("removal_code").is_in(["修复", "履行"])) | (
            col("list_type").is_in(self.p["any_removal_is_repair"]) & ~is_error
        )
        t = t.with_columns(
            read=when(col("removed_on") <= self.day).then(col("removed_on")), fixed=col("repaired_on")
        )
        t = t.with_columns(own=when(repairs).then(col("read")))
        has_fixed = col("fixed").is_not_null()
        stays = col("unrepaired_on").is_not_null() & yes(col("read") <= col("unrepaired_on"))
        return t.filter(~col("is_annulled") & ~(col("read").is_not_null() & is_error)).with_columns(
            kind=lit("listings"), event_on="listed_on", tier=lit(1), fine_fen=lit(None, pl.Int64),
            is_provisional=col("is_under_review"),
            removed_on=when(has_fixed).then(pl.min_horizontal("read", "fixed")).otherwise(col("read")),
            repaired_on=when(has_fixed).then(pl.min_horizontal("own", "fixed")).when(stays).then(None)
            .otherwise(col("own")),
        )  # fmt: skip

    def _carried(self) -> Frame:
        no_name = self.p["placeholders"]
        held = self.held.with_columns(person=yes(col("is_natural_person")))
        coded = held.filter(
            col("uscc").is_not_null()
            & ~col("is_row_shape")
            & (~col("person") | col("uscc").str.starts_with("92"))
        ).join(self.usccs, on="uscc", how="semi")
        bare = held.filter(
            col("uscc").is_null() & ~col("person") & ~col("is_row_shape") & (col("kind") != "rulings")
        )
        bare = bare.join(self.reg_nos.rename({"number": "reg_no", "uscc": "by_reg"}), on="reg_no", how="left")
        bare = bare.join(
            self.org_codes.rename({"number": "org_code", "uscc": "by_org"}), on="org_code", how="left"
        )
        bare = bare.with_columns(via=pl.coalesce("by_reg", "by_org"))
        named = bare.filter(
            col("via").is_null() & col("name_norm").is_not_null() & ~col("name_norm").is_in(no_name)
        ).with_columns(div=col("authority_division").fill_null("")).drop("via")  # fmt: skip
        named = named.join(self._bearers(named).rename({"uscc": "via"}), on=["name_norm", "div"])
        cells = held.filter(col("is_row_shape")).select("rid", cell="cells").explode("cell").drop_nulls()
        cells = cells.filter(~col("cell").is_in(no_name))
        bearers = self.names.select(cell="name_norm", via="uscc").unique()
        blank = held.filter(
            (col("kind") == "amendments") & col("uscc").is_null() & col("name_norm").is_null()
            & ~col("is_row_shape") & yes(col("doc_norm") != "")
        ).rename({"target_kind": "asked_kind"})  # fmt: skip
        owned = self.targets.filter(col("linked").is_not_null()).select(
            "authority_key", "doc_norm", "target_kind", via="linked"
        )
        owned = blank.join(owned.unique(), on=["authority_key", "doc_norm"])
        owned = owned.filter(col("asked_kind").is_null() | (col("asked_kind") == col("target_kind")))
        parts = [
            coded.with_columns(via="uscc"), bare.filter(col("via").is_not_null()), named,
            cells.join(self.usccs, left_on="cell", right_on="uscc", how="semi").with_columns(via="cell"),
            cells.join(bearers, on="cell"), owned,
        ]  # fmt: skip
        return pl.concat([part.select("rid", "via") for part in parts]).unique()

    def _hold_pairs(self) -> Frame:
        about = self.held.select("rid", "kind", "target_kind", person=yes(col("is_natural_person")))
        base = self._carried().join(about, on="rid")
        after = base.filter((col("kind") != "entities") & ~col("person")).join(
            self.lineage, left_on="via", right_on="ancestor"
        )
        holders = pl.concat([base.with_columns(uscc="via"), after.select(*base.columns, "uscc")])
        penal = (col("kind") == "penalties") | (
            (col("kind") == "amendments")
            & (col("target_kind").is_null() | (col("target_kind") == "penalties"))
        )
        parents = holders.filter(penal & ~col("person")).join(
            self.branches, left_on="uscc", right_on="branch"
        )
        return pl.concat(
            [holders.select("rid", "via", "uscc"), parents.select("rid", "via", uscc="parent")]
        ).unique()

    def _settled(self, pairs: Frame) -> Frame:
        wanted = pairs.join(
            self.held.select(
                "rid",
                "kind",
                "authority_key",
                "doc_norm",
                "list_type",
                "event_on",
                "action",
                h_updated="updated_on",
            ),
            on="rid",
        )
        numbered = wanted.filter(yes(col("doc_norm") != ""))
        both = col("h_updated").is_not_null() & col("r_updated").is_not_null()
        newer = when(both & (col("h_updated") != col("r_updated"))).then(col("r_updated") > col("h_updated"))
        newer = newer.otherwise(col("r_rid") > col("rid"))
        mine = (col("r_linked") == col("uscc")) | (col("r_linked") == col("via"))
        found = []

        def take(asked: Frame, rows: Frame, on: list[str]) -> None:
            found.append(asked.join(rows, on=on).filter(newer & mine).select("rid", "via", "uscc"))

        def side(rows: Frame, linked: str, *on: str, **renamed: str) -> Frame:
            rows = rows.filter(col(linked).is_not_null())
            return rows.select(*on, r_linked=linked, r_updated="updated_on", r_rid="rid", **renamed)

        number = ("authority_key", "doc_norm")
        for kind, linked in (("penalties", "linked"), ("listings", "linked"), ("rulings", "uscc")):
            take(numbered.filter(col("kind") == kind), side(self.won[kind], linked, *number), list(number))
        take(
            wanted.filter((col("kind") == "listings") & (col("doc_norm").fill_null("") == "")),
            side(self.won["listings"], "linked", "authority_key", "list_type", event_on="listed_on"),
            ["authority_key", "list_type", "event_on"],
        )
        take(
            numbered.filter(col("kind") == "amendments"),
            side(self.pairs, "linked", *number, "action"),
            [*number, "action"],
        )
        take(
            wanted.filter(col("kind") == "entities"),
            side(self.rows["entities"].with_columns(linked="uscc"), "linked", "uscc"),
            ["uscc"],
        )
        return pl.concat(found).unique()

    def _holds(self) -> None:
        day, window = self.day, self.p["clean_window_months"]
        pairs = self._hold_pairs()
        left = pairs.join(self._settled(pairs), on=["rid", "via", "uscc"], how="anti")
        t = left.join(self.held.rename({"uscc": "row_uscc"}), on="rid")
        t = t.join(self.used.filter("has_row").select("uscc", "known_on"), on="uscc", how="left")
        proves = ~col("has_date_failure") & col("event_on").is_not_null()
        past = later("event_on", window) < day
        harmless = (
            when(col("kind") == "penalties").then(proves & ((col("event_on") > day) | past))
            .when(col("kind") == "listings")
            .then(proves & ((col("event_on") > day) | (yes(col("removed_on") <= day) & past)))
            .when(col("kind").is_in(["amendments", "rulings"])).then(proves & (col("event_on") > day))
            .otherwise(False)
        )  # fmt: skip
        newer = col("updated_on").is_null() | (
            (col("updated_on") > col("known_on")) & (col("updated_on") <= day)
        )
        applies = (
            when(col("kind") == "amendments")
            .then(col("action").is_null() | col("action").is_in(["撤销修复", "变更"]))
            .when(col("kind") == "entities").then(col("known_on").is_not_null() & newer)
            .when(col("kind") == "rulings").then(col("conclusion").is_null() | (col("conclusion") == "重新核查"))
            .otherwise(True)
        )  # fmt: skip
        can = (col("kind") == "penalties") | ((col("kind") == "listings") & col("list_type").is_not_null())
        rows = t.filter(~yes(harmless) & yes(applies)).select(
            "via", "uscc", event_id=lit("row:") + col("rid").cast(pl.String), can=can
        )
        holds = pl.concat([rows, self._conflicts(), self._bad_visits()]).unique()
        own = self.last.select("event_id", "uscc", own="conclusion")
        through = self.last.select("event_id", via="uscc", through="conclusion")
        holds = holds.join(own, on=["event_id", "uscc"], how="left").join(
            through, on=["event_id", "via"], how="left"
        )
        upheld = lit("属实有效")
        free = yes(col("own").is_in(["不涉及该主体", "不成立"])) | (yes(col("own") == upheld) & col("can"))
        freed = yes(col("through") == "不成立") | (yes(col("through") == upheld) & col("can"))
        self.held_usccs = holds.filter(~(free | (col("own").is_null() & freed))).select("uscc").unique()

    def _conflicts(self) -> Frame:
        several = self.penalty_versions.filter(
            col("has_others") & col("linked").is_not_null() & ~col("is_changed") & ~col("is_annulled")
        )
        counts = (
            ~col("own_annulled") & (col("tier") >= 1) & (col("decided_on") <= self.day) & ~self._freed()
            & (later("decided_on", self.p["clean_window_months"]) >= self.day)
        )  # fmt: skip
        several = several.with_columns(counts=counts)
        key = ["authority_key", "doc_norm", "subject"]
        winner = several.filter(col("is_winner") & ~col("own_annulled")).select(
            *key, w_counts="counts", w_tier="tier", w_day="decided_on"
        )
        old = several.filter(~col("is_winner") & col("counts")).join(winner, on=key)
        old = old.filter(
            ~col("w_counts") | (col("w_tier") < col("tier")) | (col("w_day") < col("decided_on"))
        )
        own = old.select("rid", "tier", "person", via="linked", uscc="linked")
        after = own.filter(~col("person")).drop("uscc").join(self.lineage, left_on="via", right_on="ancestor")
        both = pl.concat([own, after.select(own.columns)])
        parents = both.filter((col("tier") == 2) & ~col("person")).join(
            self.branches, left_on="uscc", right_on="branch"
        )
        both = pl.concat([both, parents.with_columns(uscc="parent").select(both.columns)])
        return both.select(
            "via", "uscc", event_id=lit("version:") + col("rid").cast(pl.String), can=lit(True)
        )

    def _bad_visits(self) -> Frame:
        known = self.visits.filter(col("inspected_on") <= self.day)
        after = known.join(self.lineage, left_on="linked", right_on="ancestor")
        known = known.with_columns(uscc="linked")
        known = pl.concat([known, after.select(known.columns)])
        good = known.filter(col("result") == "R1_OK").group_by("uscc").agg(ok=col("inspected_on").max())
        bad = known.filter(
            col("result").is_in(["R3_FALSE_INFO", "R6_REFUSED"])
            & (later("inspected_on", self.p["inspection_hold_months"]) >= self.day)
        ).join(good, on="uscc", how="left")
        bad = bad.filter(col("ok").is_null() | (col("ok") <= col("inspected_on")))
        return bad.select(
            "uscc", via="linked", event_id=lit("visit:") + col("v_rid").cast(pl.String), can=lit(False)
        ).select("via", "uscc", "event_id", "can")

    # -- features, points, answers --------------------------------------------------------------------------------

    def _honours(self) -> Frame:
        rows = self.won["honours"].filter(
            col("is_winner") & col("linked").is_not_null() & col("honour_code").is_not_null()
            & (col("valid_from") <= self.day)
        )  # fmt: skip
        months = col("honour_code").replace_strict(self.p["honour_months"], default=0).cast(pl.String)
        ends = pl.coalesce("valid_to", col("valid_from").dt.offset_by(months + "mo"))
        return rows.select("valid_from", uscc="linked", valid_to=ends).unique()

    def _features(self, honours: Frame) -> Frame:
        p, day = self.p, self.day
        watched = ("name_norm", "entity_type", "division_code", "registered_capital_wan")
        known = self.versions.filter(col("known_on") <= day).sort("uscc", "known_on")
        changed = sum((yes(col(c).shift(1).over("uscc") != col(c)).cast(pl.Int64) for c in watched), lit(0))
        known = known.with_columns(n=changed).filter(
            yes(later("updated_on", p["changes_window_months"]) >= day)
        )
        licences = self.won["licences"].filter(
            col("is_winner") & col("linked").is_not_null() & (col("decided_on") <= day)
        ).with_columns(
            invalid=yes(col("state").is_in(INVALID_LICENCE)), ended=yes(col("valid_to") < day)
        )  # fmt: skip
        fresh = yes(
            later(pl.min_horizontal("valid_to", lit(day)), p["licences_expired_window_months"]) >= day
        )
        fines = self.records.filter(
            (col("kind") == "penalties") & (col("held_as") == "own") & col("fine_fen").is_not_null() & ~self._freed()
            & (later("event_on", p["fine_total_window_months"]) >= day)
        )  # fmt: skip
        here = self.used.filter("has_row").select(branch="uscc")
        counts = [
            known.group_by("uscc").agg(changes_12m=col("n").sum()),
            licences.group_by(uscc="linked").agg(
                licences_valid=(~col("invalid") & ~col("ended") & yes(col("valid_from") <= day)).sum(),
                licences_expired_12m=(~col("invalid") & col("ended") & fresh).sum(),
                licences_revoked=col("invalid").sum(),
            ),
            fines.group_by("uscc").agg(fine_total_yuan_60m=col("fine_fen").sum() // 100),
            self.branches.join(here, on="branch").group_by(uscc="parent").agg(branches=pl.len()),
            honours.filter(col("valid_to") >= day).group_by("uscc").agg(honours_valid=pl.len()),
        ]
        t = self.used.filter("has_row")
        for counted in counts:
            t = t.join(counted, on="uscc", how="left")
        months = (
            (day.year - col("established_on").dt.year()) * 12 + day.month - col("established_on").dt.month()
        )
        t = t.with_columns(
            col(name).fill_null(0).cast(pl.Int64) for c in counts for name in c.columns if name != "uscc"
        )
        t = t.with_columns(
            months=months.cast(pl.Int64),
            status_group=col("status").replace_strict(p["status_groups"], default="other"),
        )
        behind = col("established_on").dt.offset_by(col("months").cast(pl.String) + "mo") > day
        return t.with_columns(age_months=col("months") - behind.cast(pl.Int64))

    def _streams(self, honours: Frame) -> Frame:
        live = self.records.filter(~self._freed())
        pens = live.filter(col("kind") == "penalties").with_columns(
            name=lit("penalty_") + col("tier").replace_strict({2: "serious", 1: "general", 0: "minor"})
        )
        firms = pens.filter(~col("person"))
        whose = when(col("held_as") == "predecessor").then(lit("predecessor_")).otherwise(lit(""))
        ended = when(col("removed_on").is_null()).then(lit("listing_active")).otherwise(lit("listing_ended"))
        events = pl.concat(
            [
                pens.select("uscc", "event_on", stream=whose + col("name")),
                firms.join(self.branches, left_on="uscc", right_on="branch").select(
                    "event_on", uscc="parent", stream=lit("branch_") + col("name")
                ).select("uscc", "event_on", "stream"),
                firms.join(self.branches, left_on="uscc", right_on="parent").select(
                    "event_on", uscc="branch", stream=lit("parent_") + col("name")
                ).select("uscc", "event_on", "stream"),
                live.filter(col("kind") == "listings").select("uscc", "event_on", stream=ended),
                self.visits.filter(col("inspected_on") <= self.day).select(
                    uscc="linked", event_on="inspected_on", stream=lit("inspection_") + col("result")
                ),
                honours.filter(col("valid_to") >= self.day).select(
                    "uscc", event_on="valid_from", stream=lit("honour")
                ),
            ]
        )  # fmt: skip
        weight: Any = lit(0)
        for months, part in reversed(self.p["decay"]):
            weight = when(later("event_on", months) >= self.day).then(part).otherwise(weight)
        return events.group_by("uscc", "stream").agg(
            seen=pl.len().cast(pl.Int64), weight=weight.sum().cast(pl.Int64)
        )

    def _points(self, features: Frame, streams: Frame) -> Frame:
        unit = self.p["decay_unit"]
        banded: list[pl.Expr] = []
        streamed: Any = lit(0)
        for one in self.p["indicators"]:
            x = col(one.feature)
            if one.event_points is not None:
                points, weight = one.event_points_h, col("weight") if one.decay else col("seen") * unit
                if points >= 0:
                    amount = (weight * (2 * points) + unit) // (2 * unit)
                else:
                    amount = -((weight * (-2 * points) + unit - 1) // (2 * unit))
                if one.cap_h is not None:
                    bound = pl.min_horizontal if one.cap_h >= 0 else pl.max_horizontal
                    amount = bound(amount, lit(one.cap_h))
                streamed = when(col("stream") == one.feature).then(amount).otherwise(streamed)
                continue
            value: Any = lit(one.missing_h if one.bands is not None else one.default_h)
            if one.bands is not None:
                for band in one.bands:
                    inside = x.is_not_null()
                    inside = inside if band.ge is None else inside & (x >= band.ge)
                    inside = inside if band.lt is None else inside & (x < band.lt)
                    value = when(inside).then(band.points_h).otherwise(value)
            else:
                for key in sorted(one.map_h, key=lambda key: (len(key), key)):
                    test = x.str.starts_with(key) if one.prefix else x == key
                    value = when(test).then(one.map_h[key]).otherwise(value)
                value = when(x.is_null()).then(one.missing_h).otherwise(value)
            banded.append(value)
        classed = features.filter(col("entity_type").is_in(self.p["scope_classed_types"]))
        events = streams.group_by("uscc").agg(of_events=streamed.sum())
        points = classed.select("uscc", base=pl.sum_horizontal(banded)).join(events, on="uscc", how="left")
        return points.select("uscc", points=(col("base") + col("of_events").fill_null(0)).clip(0, 100_000))

    def answers(self) -> Frame:
        p, day = self.p, self.day
        honours = self._honours()
        features = self._features(honours)
        points = self._points(features, self._streams(honours))
        of = self.judged.group_by("uscc").agg(
            active=col("is_active").any(),
            bad=(col("counts") & ~col("is_provisional")).any(),
            pending=(col("counts") & col("is_provisional")).any(),
            last_on=col("event_on").filter(col("counts")).max(),
            serious=(col("counts") & (col("tier") == 2) & (col("kind") == "penalties")).any(),
        )
        model = honours.filter(col("valid_to") >= day).join(self.held_usccs, on="uscc", how="anti")
        model = model.join(of, on="uscc", how="left")
        model = model.filter(
            col("last_on").is_null() | ((col("last_on") <= col("valid_from")) & ~yes(col("serious")))
        )
        t = features.join(of, on="uscc", how="left").join(points, on="uscc", how="left")
        t = t.join(self._floors(features), on="uscc", how="left")
        t = t.join(self.held_usccs.with_columns(held=lit(True)), on="uscc", how="left")
        t = t.join(model.select("uscc").unique().with_columns(model=lit(True)), on="uscc", how="left")
        t = t.with_columns(yes(col(flag)) for flag in ("active", "bad", "pending", "held", "model"))
        t = t.with_columns(young=later("established_on", p["min_history_months"]) >= day)
        hindered = col("bad") | col("pending") | col("held") | col("young")
        status = (
            when(~col("status_group").is_in(p["eligible_status_groups"])).then(lit("NOT_STATUS"))
            .when("active").then(lit("NOT_ACTIVE_LIST")).when(col("model") & hindered).then(lit("ELIGIBLE_MODEL"))
            .when("bad").then(lit("NOT_BAD_RECORD")).when("pending").then(lit("HOLD_PROVISIONAL"))
            .when("held").then(lit("HOLD_REVIEW")).when("young").then(lit("INSUFFICIENT_HISTORY"))
            .otherwise(lit("ELIGIBLE_CLEAN3Y"))
        )  # fmt: skip
        letter: Any = lit(None, pl.String)
        for name, cut in sorted(p["class_cut_points"].items()):
            letter = when(col("points") >= int(cut) * 100).then(lit(name)).otherwise(letter)
        worst = pl.max_horizontal(letter, col("floor"))
        scope = col("status_group").is_in(p["scope_status_groups"]) & col("points").is_not_null()
        return t.select("uscc", risk_class=when(scope).then(worst), status=status).with_columns(
            eligible=col("status").str.starts_with("ELIGIBLE")
        ).sort("uscc")  # fmt: skip

    def _floors(self, features: Frame) -> Frame:
        floors, listed = self.p["red_line_classes"], self.p["list_red_lines"]
        own = self.judged.filter(col("held_as") != "branch")
        pens = own.filter(col("counts") & (col("kind") == "penalties"))

        def recent(tier: int, months: str) -> Frame:
            return pens.filter((col("tier") == tier) & (later("event_on", self.p[months]) >= self.day))

        found = [
            (features.filter(col("status_group") == "revoked"), floors["STATUS_REVOKED"]),
            (recent(2, "serious_red_line_months"), floors["SERIOUS_12M"]),
            (recent(1, "general_red_line_months"), floors["GENERAL_12M"]),
        ]
        active = own.filter("is_active")
        found += [(active.filter(col("list_type") == name), floors[line]) for name, line in listed.items()]
        rows = pl.concat([t.select("uscc", floor=lit(floor)) for t, floor in found])
        return rows.group_by("uscc").agg(col("floor").max())


def _one_bearer(pairs: Frame) -> Frame:
    grouped = pairs.group_by("number").agg(col("uscc").min(), other=col("uscc").max())
    return grouped.filter(col("uscc") == col("other")).drop("other")


def _closed(rows: Frame) -> Frame:
    """A removal without a number takes that of the one entry that it closes."""
    same = ["list_type", "authority_key", "subject", "listed_on"]
    closing = (col("doc_norm") == "") & col("removed_on").is_not_null()
    entries = rows.filter(~closing).group_by(same).agg(low=col("doc_norm").min(), high=col("doc_norm").max())
    entries = entries.filter((col("low") == col("high")) & (col("low") != "")).drop("high")
    rows = rows.join(entries, on=same, how="left")
    number = when(closing & col("low").is_not_null()).then(col("low")).otherwise(col("doc_norm"))
    return rows.with_columns(doc_norm=number).drop("low")


def _ranked(rows: Frame, key: list[str]) -> Frame:
    """Adds is_winner (last in delivery order of its key) and has_others."""
    order = rows.select(*key, "rid", "updated_on").sort("updated_on", "rid", nulls_last=False)
    last = order.unique(key, keep="last", maintain_order=True).select("rid", is_winner=lit(True))
    rows = rows.join(last, on="rid", how="left").with_columns(yes(col("is_winner")))
    return rows.with_columns(has_others=pl.len().over(key) > 1)
