"""Records in force: whose they are, and which are judged."""

from __future__ import annotations

import polars as pl
from polars import col, lit, when

from bench.baselines.polars_program.force import with_force, with_tier
from bench.baselines.polars_program.idioms import Frame, later, yes
from bench.baselines.polars_program.reading import Work

_RECORD = [
    "linked", "kind", "event_on", "removed_on", "tier", "is_provisional", "repaired_on", "list_type", "fine_fen",
    "person",
]  # fmt: skip


def records(work: Work) -> None:
    """Records in force by the day with their holders, and those that are judged."""
    rows = with_force(work, with_tier(work, work.won["penalties"]), "penalties")
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
    work.penalty_versions = rows
    nothing = {
        "removed_on": lit(None, pl.Date),
        "list_type": lit(None, pl.String),
        "kind": lit("penalties"),
    }
    own = rows.filter(
        col("is_winner") & col("linked").is_not_null() & ~col("is_annulled") & ~col("own_annulled")
    ).with_columns(**nothing)
    ruled = with_force(work, with_tier(work, work.ruled_penalties), "penalties").filter(~col("is_annulled"))
    ruled = ruled.with_columns(
        **nothing, event_on=col("decided_on"), is_provisional=col("is_under_review"), person=lit(False)
    )
    whole = pl.concat([t.select(_RECORD) for t in (own, ruled, _entries(work))], how="vertical_relaxed")
    whole = whole.filter(col("event_on") <= work.day)
    heirs = work.lineage.rename({"ancestor": "linked"})
    inherited = whole.join(heirs, on="linked").filter(~col("person") | col("uscc").str.starts_with("92"))
    work.records = pl.concat(
        [
            whole.with_columns(uscc="linked", held_as=lit("own")),
            inherited.with_columns(held_as=lit("predecessor")).select(*whole.columns, "uscc", "held_as"),
        ]
    )
    serious = work.records.filter((col("kind") == "penalties") & (col("tier") == 2) & ~col("person"))
    of_branch = serious.join(work.branches, left_on="uscc", right_on="branch")
    of_branch = of_branch.filter(col("parent") != col("uscc")).with_columns(
        uscc="parent", held_as=lit("branch")
    )
    judged = pl.concat([work.records, of_branch.select(work.records.columns)])
    judged = judged.filter((col("kind") == "penalties") | col("list_type").is_in(work.p["blocking"]))
    judged = judged.with_columns(is_active=(col("kind") == "listings") & col("removed_on").is_null())
    work.judged = judged.with_columns(
        counts=~col("is_active") & (col("tier") >= 1) & ~repaired(work)
        & (later("event_on", work.p["clean_window_months"]) >= work.day)
    )  # fmt: skip


def repaired(work: Work) -> pl.Expr:
    """Whether a record is repaired by the day."""
    return yes(col("repaired_on") <= work.day)


def _entries(work: Work) -> Frame:
    columns = [
        "linked", "subject", "authority_key", "doc_norm", "listed_on", "removed_on", "removal_code", "list_type",
        "person",
    ]  # fmt: skip
    rows = work.won["listings"].filter(col("is_winner") & col("linked").is_not_null())
    rows = rows.with_columns(person=yes(col("is_natural_person"))).select(columns)
    ruled = work.ruled_listings.with_columns(
        subject="linked", doc_norm=lit(None, pl.String), person=lit(False)
    )
    t = with_force(work, pl.concat([rows, ruled.select(columns)]), "listings")
    is_error = yes(col("removal_code") == "错误列入")
    repairs = yes(col("removal_code").is_in(["修复", "履行"])) | (
        col("list_type").is_in(work.p["any_removal_is_repair"]) & ~is_error
    )
    t = t.with_columns(
        read=when(col("removed_on") <= work.day).then(col("removed_on")), fixed=col("repaired_on")
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
