"""Class and status."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.baselines.pandas_program.features import features_of, honours_of, streams_of
from bench.baselines.pandas_program.idioms import Frame, later
from bench.baselines.pandas_program.points import points_of
from bench.baselines.pandas_program.reading import Work


def answers(work: Work) -> Frame:
    """Red lines, class, status."""
    p, day = work.p, work.day
    honours = honours_of(work)
    features = features_of(work, honours)
    points = points_of(work, features, streams_of(work, honours))
    judged = work.judged
    counting = judged[judged["counts"]]
    bad = counting.loc[~counting["is_provisional"], "uscc"]
    pending = counting.loc[counting["is_provisional"], "uscc"]
    serious = counting.loc[(counting["tier"] == 2) & (counting["kind"] == "penalties"), "uscc"]
    last_on = counting.groupby("uscc")["event_on"].max()
    held = work.held_usccs["uscc"]
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
    floors = uscc.map(_floors(work, features)).fillna("")
    classed = mine.notna() & features["status_group"].isin(p["scope_status_groups"])
    worst = pd.Series(np.maximum(letters.astype(object), floors.to_numpy(dtype=object)), index=uscc.index)
    answered = pd.DataFrame({"uscc": uscc, "risk_class": worst.where(classed, None), "status": status})
    answered["eligible"] = answered["status"].str.startswith("ELIGIBLE")
    return answered.sort_values("uscc")


def _floors(work: Work, features: Frame) -> pd.Series:
    floors, listed = work.p["red_line_classes"], work.p["list_red_lines"]
    own = work.judged[work.judged["held_as"] != "branch"]
    pens = own[own["counts"] & (own["kind"] == "penalties")]
    found = [(features.loc[features["status_group"] == "revoked", "uscc"], floors["STATUS_REVOKED"])]
    for tier, line, param in (
        (2, "SERIOUS_12M", "serious_red_line_months"), (1, "GENERAL_12M", "general_red_line_months"),
    ):  # fmt: skip
        recent = (pens["tier"] == tier) & (later(pens["event_on"], work.p[param]) >= work.day)
        found.append((pens.loc[recent, "uscc"], floors[line]))
    active = own[own["is_active"]]
    found += [
        (active.loc[active["list_type"] == name, "uscc"], floors[line]) for name, line in listed.items()
    ]
    rows = pd.concat([pd.DataFrame({"uscc": usccs, "floor": floor}) for usccs, floor in found])
    return rows.groupby("uscc")["floor"].max()
