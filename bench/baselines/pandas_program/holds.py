"""Who is held, and by whose ruling no longer."""

from __future__ import annotations

import pandas as pd

from bench.baselines.pandas_program.force import KEY
from bench.baselines.pandas_program.idioms import Frame, among, inner, later, yes
from bench.baselines.pandas_program.linking import bearers_of, by_number
from bench.baselines.pandas_program.reading import Work
from bench.baselines.pandas_program.records import repaired


def holds(work: Work) -> None:
    """Who is held by a row, by versions that differ, or by a visit, and not freed by a ruling."""
    day, window = work.day, work.p["clean_window_months"]
    pairs = _hold_pairs(work)
    left = pairs[~among(pairs, _settled(work, pairs), ["rid", "via", "uscc"])]
    t = left.merge(work.held.rename(columns={"uscc": "row_uscc"}), on="rid")
    t = t.merge(work.here[["uscc", "known_on"]], on="uscc", how="left")
    proves = ~t["has_date_failure"] & t["event_on"].notna()
    future, past = t["event_on"] > day, later(t["event_on"], window) < day
    kind = t["kind"]
    harmless = (
        ((kind == "penalties") & proves & (future | past))
        | ((kind == "listings") & proves & (future | ((t["removed_on"] <= day) & past)))
        | (kind.isin(["amendments", "rulings"]) & proves & future)
    )
    newer = t["updated_on"].isna() | ((t["updated_on"] > t["known_on"]) & (t["updated_on"] <= day))
    applies = (
        kind.isin(["penalties", "listings"])
        | ((kind == "amendments") & (t["action"].isna() | t["action"].isin(["撤销修复", "变更"])))
        | ((kind == "entities") & t["known_on"].notna() & newer)
        | ((kind == "rulings") & (t["conclusion"].isna() | (t["conclusion"] == "重新核查")))
    )
    can = (kind == "penalties") | ((kind == "listings") & t["list_type"].notna())
    rows = t.assign(event_id="row:" + t["rid"].astype(str), can=can)[applies & ~harmless]
    columns = ["via", "uscc", "event_id", "can"]
    holds = pd.concat(
        [rows[columns], _conflicts(work)[columns], _bad_visits(work)[columns]]
    ).drop_duplicates()
    last = work.last[["event_id", "uscc", "conclusion"]]
    holds = holds.merge(
        last.set_axis(["event_id", "uscc", "own"], axis=1), on=["event_id", "uscc"], how="left"
    )
    holds = holds.merge(
        last.set_axis(["event_id", "via", "through"], axis=1), on=["event_id", "via"], how="left"
    )
    free = holds["own"].isin(["不涉及该主体", "不成立"]) | ((holds["own"] == "属实有效") & holds["can"])
    freed = (holds["through"] == "不成立") | ((holds["through"] == "属实有效") & holds["can"])
    work.held_usccs = holds.loc[~(free | (holds["own"].isna() & freed)), ["uscc"]].drop_duplicates()


def _carried(work: Work) -> Frame:
    held, no_name = work.held, work.p["placeholders"]
    coded = held[
        held["uscc"].notna() & ~held["is_row_shape"]
        & (~held["person"] | yes(held["uscc"].str.startswith("92"))) & held["uscc"].isin(work.usccs["uscc"])
    ]  # fmt: skip
    bare = held[held["uscc"].isna() & ~held["person"] & ~held["is_row_shape"] & (held["kind"] != "rulings")]
    bare = bare.assign(via=by_number(work, bare), div=bare["authority_division"].fillna(""))
    named = bare[bare["via"].isna() & bare["name_norm"].notna() & ~bare["name_norm"].isin(no_name)]
    named = named.drop(columns="via").merge(
        bearers_of(work, named).rename(columns={"uscc": "via"}), on=["name_norm", "div"]
    )
    cells = held.loc[held["is_row_shape"], ["rid", "cells"]].explode("cells").dropna()
    cells = cells[~cells["cells"].isin(no_name)].rename(columns={"cells": "cell"})
    coded_cells = cells[cells["cell"].isin(work.usccs["uscc"])]
    bearers = work.names[["name_norm", "uscc"]].set_axis(["cell", "via"], axis=1)
    blank = held[
        (held["kind"] == "amendments") & held["uscc"].isna() & held["name_norm"].isna() & ~held["is_row_shape"]
        & (held["doc_norm"].fillna("") != "")
    ]  # fmt: skip
    owned = work.targets.loc[
        work.targets["linked"].notna(), ["authority_key", "doc_norm", "target_kind", "linked"]
    ]
    owned = inner(blank, owned.drop_duplicates(), ["authority_key", "doc_norm"])
    owned = owned[owned["target_kind"].isna() | (owned["target_kind"] == owned["target_kind_r"])]
    parts = [
        coded.assign(via=coded["uscc"]), bare[bare["via"].notna()], named,
        coded_cells.assign(via=coded_cells["cell"]), inner(cells, bearers, ["cell"]),
        owned.assign(via=owned["linked"]),
    ]  # fmt: skip
    return pd.concat([part[["rid", "via"]] for part in parts if len(part)]).drop_duplicates()


def _hold_pairs(work: Work) -> Frame:
    base = _carried(work).merge(work.held[["rid", "kind", "target_kind", "person"]], on="rid")
    after = inner(base.query("kind != 'entities' and not person"), work.lineage, ["via"], ["ancestor"])
    holders = pd.concat([base.assign(uscc=base["via"]), after.drop(columns="ancestor")])
    penal = (holders["kind"] == "penalties") | (
        (holders["kind"] == "amendments")
        & (holders["target_kind"].isna() | (holders["target_kind"] == "penalties"))
    )
    parents = inner(holders[penal & ~holders["person"]], work.branches, ["uscc"], ["branch"])
    parents = parents.assign(uscc=parents["parent"])
    columns = ["rid", "via", "uscc"]
    return pd.concat([holders[columns], parents[columns]]).drop_duplicates()


def _settled(work: Work, pairs: Frame) -> Frame:
    about = ["rid", "kind", "authority_key", "doc_norm", "list_type", "event_on", "action", "updated_on"]
    wanted = pairs.merge(work.held[about].rename(columns={"updated_on": "h_updated"}), on="rid")
    numbered = wanted[wanted["doc_norm"].fillna("") != ""]
    found = []

    def take(asked: Frame, rows: Frame, linked: str, on: list[str], their: list[str] | None = None) -> None:
        their = their or on
        right = rows[list(dict.fromkeys([*their, linked, "updated_on", "rid"]))].copy()
        right["r_linked"] = right[linked]
        right = right[right["r_linked"].notna()].rename(columns={"updated_on": "r_updated", "rid": "r_rid"})
        t = inner(asked, right, on, their)
        differ = t["h_updated"].notna() & t["r_updated"].notna() & (t["h_updated"] != t["r_updated"])
        newer = (t["r_updated"] > t["h_updated"]).where(differ, t["r_rid"] > t["rid"])
        mine = (t["r_linked"] == t["uscc"]) | (t["r_linked"] == t["via"])
        found.append(t.loc[newer & mine, ["rid", "via", "uscc"]])

    number = ["authority_key", "doc_norm"]
    for kind, linked in (("penalties", "linked"), ("listings", "linked"), ("rulings", "uscc")):
        take(numbered[numbered["kind"] == kind], work.won[kind], linked, number)
    bare = wanted[(wanted["kind"] == "listings") & (wanted["doc_norm"].fillna("") == "")]
    take(bare, work.won["listings"], "linked", ["authority_key", "list_type", "event_on"],
         ["authority_key", "list_type", "listed_on"])  # fmt: skip
    take(numbered[numbered["kind"] == "amendments"], work.pairs, "linked", [*number, "action"])
    take(wanted[wanted["kind"] == "entities"], work.rows["entities"], "uscc", ["uscc"])
    return pd.concat(found).drop_duplicates()


def _conflicts(work: Work) -> Frame:
    rows = work.penalty_versions
    several = rows[rows["has_others"] & rows["linked"].notna() & ~rows["is_changed"] & ~rows["is_annulled"]]
    counts = (
        ~several["own_annulled"] & (several["tier"] >= 1) & (several["decided_on"] <= work.day)
        & (later(several["decided_on"], work.p["clean_window_months"]) >= work.day) & ~repaired(work, several)
    )  # fmt: skip
    several = several.assign(counts=counts)
    winner = several[several["is_winner"] & ~several["own_annulled"]][[*KEY, "counts", "tier", "decided_on"]]
    old = inner(several[~several["is_winner"] & counts], winner, KEY)
    lowered = ~old["counts_r"] | (old["tier_r"] < old["tier"]) | (old["decided_on_r"] < old["decided_on"])
    own = old.loc[lowered, ["rid", "tier", "person", "linked"]].rename(columns={"linked": "via"})
    after = inner(own[~own["person"]], work.lineage, ["via"], ["ancestor"]).drop(columns="ancestor")
    both = pd.concat([own.assign(uscc=own["via"]), after])
    serious = both[(both["tier"] == 2) & ~both["person"]]
    parents = inner(serious, work.branches, ["uscc"], ["branch"])
    both = pd.concat([both, parents.assign(uscc=parents["parent"])])
    return both.assign(event_id="version:" + both["rid"].astype(str), can=True)


def _bad_visits(work: Work) -> Frame:
    known = work.visits[work.visits["inspected_on"] <= work.day]
    after = inner(known, work.lineage, ["linked"], ["ancestor"]).drop(columns="ancestor")
    known = pd.concat([known.assign(uscc=known["linked"]), after])
    good = known[known["result"] == "R1_OK"].groupby("uscc")["inspected_on"].max().rename("ok")
    bad = known[known["result"].isin(["R3_FALSE_INFO", "R6_REFUSED"])]
    bad = bad[later(bad["inspected_on"], work.p["inspection_hold_months"]) >= work.day]
    bad = bad.merge(good, on="uscc", how="left")
    bad = bad[bad["ok"].isna() | (bad["ok"] <= bad["inspected_on"])]
    return bad.assign(via=bad["linked"], event_id="visit:" + bad["v_rid"].astype(str), can=False)
