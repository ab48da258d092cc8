"""Who is held, and by whose ruling no longer."""

from __future__ import annotations

import polars as pl
from polars import col, lit, when

from bench.baselines.polars_program.idioms import Frame, later, yes
from bench.baselines.polars_program.linking import bearers_of
from bench.baselines.polars_program.reading import Work
from bench.baselines.polars_program.records import repaired


def holds(work: Work) -> None:
    """Who is held by a row, by versions that differ, or by a visit, and not freed by a ruling."""
    day, window = work.day, work.p["clean_window_months"]
    pairs = _hold_pairs(work)
    left = pairs.join(_settled(work, pairs), on=["rid", "via", "uscc"], how="anti")
    t = left.join(work.held.rename({"uscc": "row_uscc"}), on="rid")
    t = t.join(work.used.filter("has_row").select("uscc", "known_on"), on="uscc", how="left")
    proves = ~col("has_date_failure") & col("event_on").is_not_null()
    past = later("event_on", window) < day
    harmless = (
        when(col("kind") == "penalties").then(proves & ((col("event_on") > day) | past))
        .when(col("kind") == "listings")
        .then(proves & ((col("event_on") > day) | (yes(col("removed_on") <= day) & past)))
        .when(col("kind").is_in(["amendments", "rulings"])).then(proves & (col("event_on") > day))
        .otherwise(False)
    )  # fmt: skip
    newer = col("updated_on").is_null() | ((col("updated_on") > col("known_on")) & (col("updated_on") <= day))
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
    holds = pl.concat([rows, _conflicts(work), _bad_visits(work)]).unique()
    own = work.last.select("event_id", "uscc", own="conclusion")
    through = work.last.select("event_id", via="uscc", through="conclusion")
    holds = holds.join(own, on=["event_id", "uscc"], how="left").join(
        through, on=["event_id", "via"], how="left"
    )
    upheld = lit("属实有效")
    free = yes(col("own").is_in(["不涉及该主体", "不成立"])) | (yes(col("own") == upheld) & col("can"))
    freed = yes(col("through") == "不成立") | (yes(col("through") == upheld) & col("can"))
    work.held_usccs = holds.filter(~(free | (col("own").is_null() & freed))).select("uscc").unique()


def _carried(work: Work) -> Frame:
    no_name = work.p["placeholders"]
    held = work.held.with_columns(person=yes(col("is_natural_person")))
    coded = held.filter(
        col("uscc").is_not_null()
        & ~col("is_row_shape")
        & (~col("person") | col("uscc").str.starts_with("92"))
    ).join(work.usccs, on="uscc", how="semi")
    bare = held.filter(
        col("uscc").is_null() & ~col("person") & ~col("is_row_shape") & (col("kind") != "rulings")
    )
    bare = bare.join(work.reg_nos.rename({"number": "reg_no", "uscc": "by_reg"}), on="reg_no", how="left")
    bare = bare.join(
        work.org_codes.rename({"number": "org_code", "uscc": "by_org"}), on="org_code", how="left"
    )
    bare = bare.with_columns(via=pl.coalesce("by_reg", "by_org"))
    named = bare.filter(
        col("via").is_null() & col("name_norm").is_not_null() & ~col("name_norm").is_in(no_name)
    ).with_columns(div=col("authority_division").fill_null("")).drop("via")  # fmt: skip
    named = named.join(bearers_of(work, named).rename({"uscc": "via"}), on=["name_norm", "div"])
    cells = held.filter(col("is_row_shape")).select("rid", cell="cells").explode("cell").drop_nulls()
    cells = cells.filter(~col("cell").is_in(no_name))
    bearers = work.names.select(cell="name_norm", via="uscc").unique()
    blank = held.filter(
        (col("kind") == "amendments") & col("uscc").is_null() & col("name_norm").is_null()
        & ~col("is_row_shape") & yes(col("doc_norm") != "")
    ).rename({"target_kind": "asked_kind"})  # fmt: skip
    owned = work.targets.filter(col("linked").is_not_null()).select(
        "authority_key", "doc_norm", "target_kind", via="linked"
    )
    owned = blank.join(owned.unique(), on=["authority_key", "doc_norm"])
    owned = owned.filter(col("asked_kind").is_null() | (col("asked_kind") == col("target_kind")))
    parts = [
        coded.with_columns(via="uscc"), bare.filter(col("via").is_not_null()), named,
        cells.join(work.usccs, left_on="cell", right_on="uscc", how="semi").with_columns(via="cell"),
        cells.join(bearers, on="cell"), owned,
    ]  # fmt: skip
    return pl.concat([part.select("rid", "via") for part in parts]).unique()


def _hold_pairs(work: Work) -> Frame:
    about = work.held.select("rid", "kind", "target_kind", person=yes(col("is_natural_person")))
    base = _carried(work).join(about, on="rid")
    after = base.filter((col("kind") != "entities") & ~col("person")).join(
        work.lineage, left_on="via", right_on="ancestor"
    )
    holders = pl.concat([base.with_columns(uscc="via"), after.select(*base.columns, "uscc")])
    penal = (col("kind") == "penalties") | (
        (col("kind") == "amendments") & (col("target_kind").is_null() | (col("target_kind") == "penalties"))
    )
    parents = holders.filter(penal & ~col("person")).join(work.branches, left_on="uscc", right_on="branch")
    return pl.concat(
        [holders.select("rid", "via", "uscc"), parents.select("rid", "via", uscc="parent")]
    ).unique()


def _settled(work: Work, pairs: Frame) -> Frame:
    wanted = pairs.join(
        work.held.select(
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
        take(numbered.filter(col("kind") == kind), side(work.won[kind], linked, *number), list(number))
    take(
        wanted.filter((col("kind") == "listings") & (col("doc_norm").fill_null("") == "")),
        side(work.won["listings"], "linked", "authority_key", "list_type", event_on="listed_on"),
        ["authority_key", "list_type", "event_on"],
    )
    take(
        numbered.filter(col("kind") == "amendments"),
        side(work.pairs, "linked", *number, "action"),
        [*number, "action"],
    )
    take(
        wanted.filter(col("kind") == "entities"),
        side(work.rows["entities"].with_columns(linked="uscc"), "linked", "uscc"),
        ["uscc"],
    )
    return pl.concat(found).unique()


def _conflicts(work: Work) -> Frame:
    several = work.penalty_versions.filter(
        col("has_others") & col("linked").is_not_null() & ~col("is_changed") & ~col("is_annulled")
    )
    counts = (
        ~col("own_annulled") & (col("tier") >= 1) & (col("decided_on") <= work.day) & ~repaired(work)
        & (later("decided_on", work.p["clean_window_months"]) >= work.day)
    )  # fmt: skip
    several = several.with_columns(counts=counts)
    key = ["authority_key", "doc_norm", "subject"]
    winner = several.filter(col("is_winner") & ~col("own_annulled")).select(
        *key, w_counts="counts", w_tier="tier", w_day="decided_on"
    )
    old = several.filter(~col("is_winner") & col("counts")).join(winner, on=key)
    old = old.filter(~col("w_counts") | (col("w_tier") < col("tier")) | (col("w_day") < col("decided_on")))
    own = old.select("rid", "tier", "person", via="linked", uscc="linked")
    after = own.filter(~col("person")).drop("uscc").join(work.lineage, left_on="via", right_on="ancestor")
    both = pl.concat([own, after.select(own.columns)])
    parents = both.filter((col("tier") == 2) & ~col("person")).join(
        work.branches, left_on="uscc", right_on="branch"
    )
    both = pl.concat([both, parents.with_columns(uscc="parent").select(both.columns)])
    return both.select("via", "uscc", event_id=lit("version:") + col("rid").cast(pl.String), can=lit(True))


def _bad_visits(work: Work) -> Frame:
    known = work.visits.filter(col("inspected_on") <= work.day)
    after = known.join(work.lineage, left_on="linked", right_on="ancestor")
    known = known.with_columns(uscc="linked")
    known = pl.concat([known, after.select(known.columns)])
    good = known.filter(col("result") == "R1_OK").group_by("uscc").agg(ok=col("inspected_on").max())
    bad = known.filter(
        col("result").is_in(["R3_FALSE_INFO", "R6_REFUSED"])
        & (later("inspected_on", work.p["inspection_hold_months"]) >= work.day)
    ).join(good, on="uscc", how="left")
    bad = bad.filter(col("ok").is_null() | (col("ok") <= col("inspected_on")))
    return bad.select(
        "uscc", via="linked", event_id=lit("visit:") + col("v_rid").cast(pl.String), can=lit(False)
    ).select("via", "uscc", "event_id", "can")
