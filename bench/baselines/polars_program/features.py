"""Honours, features, and events as streams."""

from __future__ import annotations

from typing import Any

import polars as pl
from polars import col, lit, when

from bench.baselines.inputs import INVALID_LICENCE
from bench.baselines.polars_program.idioms import Frame, later, yes
from bench.baselines.polars_program.reading import Work
from bench.baselines.polars_program.records import repaired


def honours_of(work: Work) -> Frame:
    """Honours by the day, with their ends."""
    rows = work.won["honours"].filter(
        col("is_winner") & col("linked").is_not_null() & col("honour_code").is_not_null()
        & (col("valid_from") <= work.day)
    )  # fmt: skip
    months = col("honour_code").replace_strict(work.p["honour_months"], default=0).cast(pl.String)
    ends = pl.coalesce("valid_to", col("valid_from").dt.offset_by(months + "mo"))
    return rows.select("valid_from", uscc="linked", valid_to=ends).unique()


def features_of(work: Work, honours: Frame) -> Frame:
    """What is known of each entity."""
    p, day = work.p, work.day
    watched = ("name_norm", "entity_type", "division_code", "registered_capital_wan")
    known = work.versions.filter(col("known_on") <= day).sort("uscc", "known_on")
    changed = sum((yes(col(c).shift(1).over("uscc") != col(c)).cast(pl.Int64) for c in watched), lit(0))
    known = known.with_columns(n=changed).filter(yes(later("updated_on", p["changes_window_months"]) >= day))
    licences = work.won["licences"].filter(
        col("is_winner") & col("linked").is_not_null() & (col("decided_on") <= day)
    ).with_columns(
        invalid=yes(col("state").is_in(INVALID_LICENCE)), ended=yes(col("valid_to") < day)
    )  # fmt: skip
    fresh = yes(later(pl.min_horizontal("valid_to", lit(day)), p["licences_expired_window_months"]) >= day)
    fines = work.records.filter(
        (col("kind") == "penalties") & (col("held_as") == "own") & col("fine_fen").is_not_null() & ~repaired(work)
        & (later("event_on", p["fine_total_window_months"]) >= day)
    )  # fmt: skip
    here = work.used.filter("has_row").select(branch="uscc")
    counts = [
        known.group_by("uscc").agg(changes_12m=col("n").sum()),
        licences.group_by(uscc="linked").agg(
            licences_valid=(~col("invalid") & ~col("ended") & yes(col("valid_from") <= day)).sum(),
            licences_expired_12m=(~col("invalid") & col("ended") & fresh).sum(),
            licences_revoked=col("invalid").sum(),
        ),
        fines.group_by("uscc").agg(fine_total_yuan_60m=col("fine_fen").sum() // 100),
        work.branches.join(here, on="branch").group_by(uscc="parent").agg(branches=pl.len()),
        honours.filter(col("valid_to") >= day).group_by("uscc").agg(honours_valid=pl.len()),
    ]
    t = work.used.filter("has_row")
    for counted in counts:
        t = t.join(counted, on="uscc", how="left")
    months = (day.year - col("established_on").dt.year()) * 12 + day.month - col("established_on").dt.month()
    t = t.with_columns(
        col(name).fill_null(0).cast(pl.Int64) for c in counts for name in c.columns if name != "uscc"
    )
    t = t.with_columns(
        months=months.cast(pl.Int64),
        status_group=col("status").replace_strict(p["status_groups"], default="other"),
    )
    behind = col("established_on").dt.offset_by(col("months").cast(pl.String) + "mo") > day
    return t.with_columns(age_months=col("months") - behind.cast(pl.Int64))


def streams_of(work: Work, honours: Frame) -> Frame:
    """Events by entity and stream, counted and weighed."""
    live = work.records.filter(~repaired(work))
    pens = live.filter(col("kind") == "penalties").with_columns(
        name=lit("penalty_") + col("tier").replace_strict({2: "serious", 1: "general", 0: "minor"})
    )
    firms = pens.filter(~col("person"))
    whose = when(col("held_as") == "predecessor").then(lit("predecessor_")).otherwise(lit(""))
    ended = when(col("removed_on").is_null()).then(lit("listing_active")).otherwise(lit("listing_ended"))
    events = pl.concat(
        [
            pens.select("uscc", "event_on", stream=whose + col("name")),
            firms.join(work.branches, left_on="uscc", right_on="branch").select(
                "event_on", uscc="parent", stream=lit("branch_") + col("name")
            ).select("uscc", "event_on", "stream"),
            firms.join(work.branches, left_on="uscc", right_on="parent").select(
                "event_on", uscc="branch", stream=lit("parent_") + col("name")
            ).select("uscc", "event_on", "stream"),
            live.filter(col("kind") == "listings").select("uscc", "event_on", stream=ended),
            work.visits.filter(col("inspected_on") <= work.day).select(
                uscc="linked", event_on="inspected_on", stream=lit("inspection_") + col("result")
            ),
            honours.filter(col("valid_to") >= work.day).select(
                "uscc", event_on="valid_from", stream=lit("honour")
            ),
        ]
    )  # fmt: skip
    weight: Any = lit(0)
    for months, part in reversed(work.p["decay"]):
        weight = when(later("event_on", months) >= work.day).then(part).otherwise(weight)
    return events.group_by("uscc", "stream").agg(
        seen=pl.len().cast(pl.Int64), weight=weight.sum().cast(pl.Int64)
    )
