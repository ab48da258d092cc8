"""Points of what is known of an entity."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.baselines.pandas_program.idioms import Frame, yes
from bench.baselines.pandas_program.reading import Work


def points_of(work: Work, features: Frame, streams: Frame) -> pd.Series:
    """Hundredths by USCC."""
    unit = work.p["decay_unit"]
    classed = features[features["entity_type"].isin(work.p["scope_classed_types"])]
    total = pd.Series(0, index=classed.index)
    of_events = pd.Series(0, index=streams.index)
    for one in work.p["indicators"]:
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
