"""Rows that may hold somebody, visits, and what was ruled on them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bench.baselines.inputs import WORST_FIRST
from bench.baselines.pandas_program.idioms import Frame, inner, yes
from bench.baselines.pandas_program.reading import Work


def held_rows(work: Work) -> None:
    """Rows that may hold somebody: quarantined, or matched to nobody or nothing."""
    columns = [
        "kind", "sha256", "source_row", "rid", "updated_on", "uscc", "reg_no", "org_code", "name_norm",
        "is_natural_person", "authority_key", "authority_division", "doc_norm", "event_on", "removed_on",
        "list_type", "target_kind", "action", "conclusion", "has_date_failure", "is_row_shape", "removal_code",
        "cells", "is_quarantined",
    ]  # fmt: skip
    holding = ["penalties", "listings", "amendments", "entities", "rulings"]
    rejected = work.quarantine[work.quarantine["kind"].isin(holding)]
    parts = [rejected.assign(is_quarantined=True)[columns]]
    for kind, day in (
        ("penalties", "decided_on"),
        ("listings", "listed_on"),
        ("amendments", "effective_on"),
    ):
        rows = work.won[kind].query("is_winner")
        if kind == "amendments":
            rows = rows[~rows["rid"].isin(work.pairs["rid"])]
        else:
            rows = rows[rows["linked"].isna()]
        rows = rows.assign(
            kind=kind,
            event_on=rows[day],
            has_date_failure=False,
            is_row_shape=False,
            is_quarantined=False,
        )
        parts.append(rows.reindex(columns=columns))
    held = pd.concat(parts, ignore_index=True)
    held["person"] = yes(held["is_natural_person"])
    for flag in ("has_date_failure", "is_row_shape"):
        held[flag] = yes(held[flag])
    work.held = held


def visits_and_rulings(work: Work) -> None:
    """Visits, the last ruling on each event and USCC, and the records that rulings uphold."""
    items = work.won["inspections"]
    items = items.assign(task=items["task_no"].fillna(""))
    order = {code: n for n, code in enumerate(WORST_FIRST)}
    mine = items[items["is_winner"] & items["linked"].notna()]
    mine = mine.assign(place=mine["result_code"].map(order))
    visits = mine.groupby(["linked", "task", "inspected_on"], as_index=False, dropna=False).agg(
        place=("place", "min"), v_rid=("rid", "min")
    )
    work.visits = visits.assign(result=visits["place"].map(dict(enumerate(WORST_FIRST))))
    event = ["event_id", "kind", "authority_key", "doc_norm", "sha256", "source_row"]

    def named(rows: Frame, prefix: str, rid: str, **own: Any) -> Frame:
        return rows.assign(event_id=prefix + rows[rid].astype(str), **own)[event]

    old = work.won["penalties"]
    old = old[~old["is_winner"] & old["linked"].notna()]
    seen = inner(items, work.visits, ["linked", "task", "inspected_on"])
    happened = pd.concat(
        [
            named(work.quarantine, "row:", "rid"),
            named(work.held[~work.held["is_quarantined"].astype(bool)], "row:", "rid"),
            named(old, "version:", "rid", kind="penalties"),
            named(seen, "visit:", "v_rid", kind="inspections", doc_norm=seen["task"]),
        ]
    )
    won = work.won["rulings"].query("is_winner")
    said = won[
        ["kind", "authority_key", "doc_norm", "conclusion", "decided_on", "uscc", "rid", "updated_on",
         "source_sha256", "ruled_row"]
    ].rename(columns={"rid": "r_rid", "updated_on": "r_updated"})  # fmt: skip
    columns = ["event_id", "uscc", "r_rid", "r_updated", "decided_on", "conclusion"]
    numbered = said[said["doc_norm"].fillna("") != ""]
    by_row = said.drop(columns=["authority_key", "doc_norm"])
    found = pd.concat(
        [
            inner(happened, numbered, ["kind", "authority_key", "doc_norm"])[columns],
            inner(happened, by_row, ["kind", "sha256", "source_row"], ["kind", "source_sha256", "ruled_row"])[
                columns
            ],
        ]
    ).drop_duplicates()
    found = found[found["decided_on"] <= work.day]
    found = found.sort_values(["decided_on", "r_updated", "r_rid"], na_position="first")
    work.last = found.drop_duplicates(["event_id", "uscc"], keep="last")
    upheld = work.last[work.last["conclusion"] == "属实有效"]
    ruled = won[(won["kind"] == "penalties") & won["event_on"].notna() & won["rid"].isin(upheld["r_rid"])]
    work.ruled_penalties = ruled.assign(
        linked=ruled["uscc"], subject=ruled["uscc"], decided_on=ruled["event_on"], says_revoked=False,
        procedure=None, procedure_code=None, doc_says_simple=False, subject_kind=None,
        fine_fen=pd.array([pd.NA] * len(ruled), dtype="Int64"),
        confiscated_fen=pd.array([pd.NA] * len(ruled), dtype="Int64"),
    )[["authority_key", "doc_norm", "kinds", "linked", "subject", "decided_on", "says_revoked", "procedure",
       "procedure_code", "doc_says_simple", "subject_kind", "fine_fen", "confiscated_fen"]]  # fmt: skip
    held = work.held[(work.held["kind"] == "listings") & work.held["list_type"].notna()]
    held = held.assign(event_id="row:" + held["rid"].astype(str))
    held = held[["event_id", "list_type", "removed_on", "removal_code", "event_on"]]
    made = inner(upheld[["event_id", "r_rid"]], held, ["event_id"])
    by = won[["authority_key", "event_on", "uscc", "rid"]].set_axis(
        ["authority_key", "on", "linked", "r_rid"], axis=1
    )
    made = inner(made, by, ["r_rid"])
    made["listed_on"] = made["on"].fillna(made["event_on"])
    made = made[made["listed_on"].notna()]
    work.ruled_listings = made[
        ["linked", "authority_key", "listed_on", "removed_on", "removal_code", "list_type"]
    ].drop_duplicates()
