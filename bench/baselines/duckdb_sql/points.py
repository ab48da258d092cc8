"""Points of what is known of an entity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.baselines.duckdb_sql.idioms import literals


def points(p: dict[str, Any]) -> Iterable[str]:
    """Hundredths by USCC."""
    classed = f"SELECT * FROM features WHERE entity_type IN {literals(p['scope_classed_types'], '()')}"
    unit = p["decay_unit"]
    banded, streamed = [], []
    for one in p["indicators"]:
        if one.event_points is not None:
            points, weight = one.event_points_h, "weight" if one.decay else f"seen * {unit}"
            if points >= 0:
                sum_of = f"({weight} * {2 * points} + {unit}) // {2 * unit}"
            else:
                sum_of = f"-(({weight} * {-2 * points} + {unit} - 1) // {2 * unit})"
            if one.cap_h is not None:
                sum_of = f"{'least' if one.cap_h >= 0 else 'greatest'}({sum_of}, {one.cap_h})"
            streamed.append(f"WHEN '{one.feature}' THEN {sum_of}")
        elif one.bands is not None:
            cases = " ".join(
                "WHEN "
                + " AND ".join(
                    [f"{one.feature} IS NOT NULL"]
                    + ([] if band.ge is None else [f"{one.feature} >= {band.ge}"])
                    + ([] if band.lt is None else [f"{one.feature} < {band.lt}"])
                )
                + f" THEN {band.points_h}"
                for band in one.bands
            )
            banded.append(f"CASE {cases} ELSE {one.missing_h} END")
        else:
            test = "starts_with({f}, '{k}')" if one.prefix else "{f} = '{k}'"
            cases = " ".join(
                f"WHEN {test.format(f=one.feature, k=key)} THEN {one.map_h[key]}"
                for key in sorted(one.map_h, key=lambda key: (-len(key), key))
            )
            banded.append(
                f"CASE WHEN {one.feature} IS NULL THEN {one.missing_h} {cases} ELSE {one.default_h} END"
            )
    yield f"""
        CREATE TABLE points AS
        SELECT f.uscc, least(greatest({" + ".join(banded)} + coalesce(s.points, 0), 0), 100000) AS points
        FROM ({classed}) f LEFT JOIN (
            SELECT uscc, sum(CASE stream {" ".join(streamed)} ELSE 0 END)::BIGINT AS points FROM streams
            GROUP BY uscc) s USING (uscc)"""
