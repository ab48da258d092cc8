"""Honours, features, and events as streams."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.baselines.inputs import INVALID_LICENCE
from bench.baselines.pandas_program.idioms import Frame, inner, later
from bench.baselines.pandas_program.reading import Work
from bench.baselines.pandas_program.records import repaired


def honours_of(work: Work) -> Frame:
    """Honours by the day, with their ends."""
    rows = work.won["honours"]
    rows = rows[
        rows["is_winner"]
        & rows["linked"].notna()
        & rows["honour_code"].notna()
        & (rows["valid_from"] <= work.day)
    ]
    ends = rows["valid_to"].copy()
    terms = rows["honour_code"].map(work.p["honour_months"]).fillna(0)
    for months in terms.unique():
        mine = rows["valid_to"].isna() & (terms == months)
        ends[mine] = later(rows.loc[mine, "valid_from"], int(months))
    rows = rows.assign(uscc=rows["linked"], valid_to=ends)
    return rows[["uscc", "valid_from", "valid_to"]].drop_duplicates()


def features_of(work: Work, honours: Frame) -> Frame:
    """What is known of each entity."""
    p, day = work.p, work.day
    known = work.versions[work.versions["known_on"] <= day].sort_values(["uscc", "known_on"])
    watched = ["name_norm", "entity_type", "division_code", "registered_capital_wan"]
    before = known.groupby("uscc")[watched].shift()
    changed = ((before != known[watched]) & before.notna() & known[watched].notna()).sum(axis=1)
    known = known.assign(n=changed)[later(known["updated_on"], p["changes_window_months"]) >= day]
    lic = work.won["licences"]
    lic = lic[lic["is_winner"] & lic["linked"].notna() & (lic["decided_on"] <= day)]
    invalid, ended = lic["state"].isin(INVALID_LICENCE), lic["valid_to"] < day
    fresh = later(lic["valid_to"].where(ended), p["licences_expired_window_months"]) >= day
    records = work.records
    fines = records[
        (records["kind"] == "penalties") & (records["held_as"] == "own") & records["fine_fen"].notna()
        & (later(records["event_on"], p["fine_total_window_months"]) >= day) & ~repaired(work, records)
    ]  # fmt: skip
    branches = work.branches[work.branches["branch"].isin(work.here["uscc"])]
    counts = {
        "changes_12m": known.groupby("uscc")["n"].sum(),
        "licences_valid": lic[~invalid & ~ended & (lic["valid_from"] <= day)].groupby("linked").size(),
        "licences_expired_12m": lic[~invalid & ended & fresh].groupby("linked").size(),
        "licences_revoked": lic[invalid].groupby("linked").size(),
        "fine_total_yuan_60m": fines.groupby("uscc")["fine_fen"].sum() // 100,
        "branches": branches.groupby("parent").size(),
        "honours_valid": honours[honours["valid_to"] >= day].groupby("uscc").size(),
    }
    t = work.here.copy()
    for name, counted in counts.items():
        t[name] = t["uscc"].map(counted).fillna(0).astype("int64")
    t["status_group"] = t["status"].map(p["status_groups"]).fillna("other")
    start = t["established_on"]
    months = (day.year - start.dt.year) * 12 + day.month - start.dt.month
    # The day of the month decides, or the month's last day where it has none such.
    last = day.days_in_month
    t["age_months"] = months - (np.minimum(start.dt.day, last) > day.day).astype("int64")
    return t


def streams_of(work: Work, honours: Frame) -> Frame:
    """Events by entity and stream, counted and weighed."""
    live = work.records[~repaired(work, work.records)]
    pens = live[live["kind"] == "penalties"]
    pens = pens.assign(name="penalty_" + pens["tier"].map({2: "serious", 1: "general", 0: "minor"}))
    firms = pens[~pens["person"]]
    branch = inner(firms, work.branches, ["uscc"], ["branch"])
    parent = inner(firms, work.branches, ["uscc"], ["parent"])
    entries = live[live["kind"] == "listings"]
    seen = work.visits[work.visits["inspected_on"] <= work.day]
    given = honours[honours["valid_to"] >= work.day]
    whose = pens["held_as"].map({"predecessor": "predecessor_"}).fillna("")
    ended = np.where(entries["removed_on"].isna(), "listing_active", "listing_ended")
    columns = ["uscc", "event_on", "stream"]
    events = pd.concat(
        [
            pens.assign(stream=whose + pens["name"])[columns],
            branch.assign(uscc=branch["parent"], stream="branch_" + branch["name"])[columns],
            parent.assign(uscc=parent["branch"], stream="parent_" + parent["name"])[columns],
            entries.assign(stream=ended)[columns],
            seen.assign(
                uscc=seen["linked"], event_on=seen["inspected_on"], stream="inspection_" + seen["result"]
            )[columns],
            given.assign(event_on=given["valid_from"], stream="honour")[columns],
        ]
    )
    recent = [later(events["event_on"], months) >= work.day for months, _ in work.p["decay"]]
    events["weight"] = np.select(recent, [part for _, part in work.p["decay"]], 0)
    return events.groupby(["uscc", "stream"], as_index=False).agg(
        seen=("weight", "size"), weight=("weight", "sum")
    )
