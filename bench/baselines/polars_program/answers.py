"""Class and status."""

from __future__ import annotations

from typing import Any

import polars as pl
from polars import col, lit, when

from bench.baselines.polars_program.features import features_of, honours_of, streams_of
from bench.baselines.polars_program.idioms import Frame, later, yes
from bench.baselines.polars_program.points import points_of
from bench.baselines.polars_program.reading import Work


def answers(work: Work) -> Frame:
    """Red lines, class, status."""
    p, day = work.p, work.day
    honours = honours_of(work)
    features = features_of(work, honours)
    points = points_of(work, features, streams_of(work, honours))
    of = work.judged.group_by("uscc").agg(
        active=col("is_active").any(),
        bad=(col("counts") & ~col("is_provisional")).any(),
        pending=(col("counts") & col("is_provisional")).any(),
        last_on=col("event_on").filter(col("counts")).max(),
        serious=(col("counts") & (col("tier") == 2) & (col("kind") == "penalties")).any(),
    )
    model = honours.filter(col("valid_to") >= day).join(work.held_usccs, on="uscc", how="anti")
    model = model.join(of, on="uscc", how="left")
    model = model.filter(
        col("last_on").is_null() | ((col("last_on") <= col("valid_from")) & ~yes(col("serious")))
    )
    t = features.join(of, on="uscc", how="left").join(points, on="uscc", how="left")
    t = t.join(_floors(work, features), on="uscc", how="left")
    t = t.join(work.held_usccs.with_columns(held=lit(True)), on="uscc", how="left")
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


def _floors(work: Work, features: Frame) -> Frame:
    floors, listed = work.p["red_line_classes"], work.p["list_red_lines"]
    own = work.judged.filter(col("held_as") != "branch")
    pens = own.filter(col("counts") & (col("kind") == "penalties"))

    def recent(tier: int, months: str) -> Frame:
        return pens.filter((col("tier") == tier) & (later("event_on", work.p[months]) >= work.day))

    found = [
        (features.filter(col("status_group") == "revoked"), floors["STATUS_REVOKED"]),
        (recent(2, "serious_red_line_months"), floors["SERIOUS_12M"]),
        (recent(1, "general_red_line_months"), floors["GENERAL_12M"]),
    ]
    active = own.filter("is_active")
    found += [(active.filter(col("list_type") == name), floors[line]) for name, line in listed.items()]
    rows = pl.concat([t.select("uscc", floor=lit(floor)) for t, floor in found])
    return rows.group_by("uscc").agg(col("floor").max())
