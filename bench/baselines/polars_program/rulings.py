"""Rows that may hold somebody, visits, and what was ruled on them."""

from __future__ import annotations

import polars as pl
from polars import col, lit

from bench.baselines.inputs import WORST_FIRST
from bench.baselines.polars_program.idioms import Frame, yes
from bench.baselines.polars_program.reading import Work


def held_rows(work: Work) -> None:
    """Rows that may hold somebody: quarantined, or matched to nobody or nothing."""
    columns = [
        "kind", "sha256", "source_row", "rid", "updated_on", "uscc", "reg_no", "org_code", "name_norm",
        "is_natural_person", "authority_key", "authority_division", "doc_norm", "event_on", "removed_on",
        "list_type", "target_kind", "action", "conclusion", "has_date_failure", "is_row_shape", "removal_code",
        "cells",
    ]  # fmt: skip
    holding = ["penalties", "listings", "amendments", "entities", "rulings"]
    parts = [work.quarantine.filter(col("kind").is_in(holding)).select(*columns, is_quarantined=lit(True))]
    for kind, day in (
        ("penalties", "decided_on"),
        ("listings", "listed_on"),
        ("amendments", "effective_on"),
    ):
        rows = work.won[kind].filter(col("is_winner"))
        if kind == "amendments":
            rows = rows.join(work.pairs, on="rid", how="anti")
        else:
            rows = rows.filter(col("linked").is_null())
        rows = rows.with_columns(
            kind=lit(kind), event_on=col(day), has_date_failure=lit(False), is_row_shape=lit(False),
            cells=lit([], pl.List(pl.String)), is_quarantined=lit(False),
        )  # fmt: skip
        missing = {c: work.quarantine.schema[c] for c in columns if c not in rows.columns}
        rows = rows.with_columns(lit(None, kind_).alias(c) for c, kind_ in missing.items())
        parts.append(rows.select(*columns, "is_quarantined"))
    work.held = pl.concat(parts)


def visits_and_rulings(work: Work) -> None:
    """Visits, the last ruling on each event and USCC, and the records that rulings uphold."""
    items = work.won["inspections"].with_columns(task=col("task_no").fill_null(""))
    order = {code: n for n, code in enumerate(WORST_FIRST)}
    mine = items.filter(col("is_winner") & col("linked").is_not_null())
    mine = mine.with_columns(
        place=col("result_code").replace_strict(order, default=None, return_dtype=pl.Int32)
    )
    visits = mine.group_by("linked", "task", "inspected_on").agg(col("place").min(), v_rid=col("rid").min())
    codes = dict(enumerate(WORST_FIRST))
    work.visits = visits.with_columns(
        result=col("place").replace_strict(codes, default=None, return_dtype=pl.String)
    )
    event = ["event_id", "kind", "authority_key", "doc_norm", "sha256", "source_row"]

    def named(rows: Frame, prefix: str, rid: str, **own: pl.Expr) -> Frame:
        rows = rows.with_columns(event_id=lit(prefix) + col(rid).cast(pl.String), **own)
        return rows.select(event)

    superseded = work.won["penalties"].filter(~col("is_winner") & col("linked").is_not_null())
    happened = pl.concat(
        [
            named(work.quarantine, "row:", "rid"),
            named(work.held.filter(~col("is_quarantined")), "row:", "rid"),
            named(superseded, "version:", "rid", kind=lit("penalties")),
            named(
                items.join(work.visits, on=["linked", "task", "inspected_on"]), "visit:", "v_rid",
                kind=lit("inspections"), doc_norm=col("task"),
            ),
        ]
    )  # fmt: skip
    won = work.won["rulings"].filter(col("is_winner"))
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
    found = found.filter(col("decided_on") <= work.day)
    found = found.sort("decided_on", "r_updated", "r_rid", nulls_last=False)
    work.last = found.unique(["event_id", "uscc"], keep="last", maintain_order=True)
    upheld = work.last.filter(col("conclusion") == "属实有效")
    work.ruled_penalties = (
        won.filter((col("kind") == "penalties") & col("event_on").is_not_null())
        .join(upheld, left_on="rid", right_on="r_rid", how="semi")
        .select(
            "authority_key", "doc_norm", "kinds", linked="uscc", subject="uscc", decided_on="event_on",
            says_revoked=lit(False), procedure=lit(None, pl.String), procedure_code=lit(None, pl.String),
            doc_says_simple=lit(False), subject_kind=lit(None, pl.String), fine_fen=lit(None, pl.Int64),
            confiscated_fen=lit(None, pl.Int64),
        )
    )  # fmt: skip
    entries = work.held.filter((col("kind") == "listings") & col("list_type").is_not_null()).select(
        "list_type", "removed_on", "removal_code", h_on="event_on",
        event_id=lit("row:") + col("rid").cast(pl.String),
    )  # fmt: skip
    made = upheld.select("event_id", "r_rid").join(entries, on="event_id")
    made = made.join(won.select("authority_key", "event_on", linked="uscc", r_rid="rid"), on="r_rid")
    work.ruled_listings = (
        made.with_columns(listed_on=pl.coalesce("event_on", "h_on"))
        .filter(col("listed_on").is_not_null())
        .select("linked", "authority_key", "listed_on", "removed_on", "removal_code", "list_type")
        .unique()
    )
