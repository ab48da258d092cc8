"""Points of what is known of an entity."""

from __future__ import annotations

from typing import Any

import polars as pl
from polars import col, lit, when

from bench.baselines.polars_program.idioms import Frame
from bench.baselines.polars_program.reading import Work


def points_of(work: Work, features: Frame, streams: Frame) -> Frame:
    """Hundredths by USCC."""
    unit = work.p["decay_unit"]
    banded: list[pl.Expr] = []
    streamed: Any = lit(0)
    for one in work.p["indicators"]:
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
    classed = features.filter(col("entity_type").is_in(work.p["scope_classed_types"]))
    events = streams.group_by("uscc").agg(of_events=streamed.sum())
    points = classed.select("uscc", base=pl.sum_horizontal(banded)).join(events, on="uscc", how="left")
    return points.select("uscc", points=(col("base") + col("of_events").fill_null(0)).clip(0, 100_000))
