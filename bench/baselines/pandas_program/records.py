"""Records in force: whose they are, and which are judged."""

from __future__ import annotations

import pandas as pd

from bench.baselines.pandas_program.force import KEY, with_force, with_tier
from bench.baselines.pandas_program.idioms import Frame, inner, later, outer, yes
from bench.baselines.pandas_program.reading import Work

_RECORD = [
    "linked", "kind", "event_on", "removed_on", "tier", "is_provisional", "repaired_on", "list_type", "fine_fen",
    "person",
]  # fmt: skip


def records(work: Work) -> None:
    """Records in force by the day with their holders, and those that are judged."""
    rows = with_force(work, with_tier(work, work.won["penalties"]), "penalties")
    changed = rows[rows["is_changed"]].sort_values(["updated_on", "rid"], na_position="first")
    first = changed.drop_duplicates(KEY)[[*KEY, "decided_on"]].rename(columns={"decided_on": "first_day"})
    rows = outer(rows, first, KEY)
    rows = rows.assign(
        own_annulled=rows["status_code"] == "annulled",
        is_provisional=rows["is_under_review"]
        | ((rows["status_code"] == "provisional") & ~rows["is_review_ended"]),
        event_on=rows["first_day"].where(rows["is_changed"], rows["decided_on"]),
        person=yes(rows["is_natural_person"]),
    )
    work.penalty_versions = rows
    nothing = {"removed_on": pd.NaT, "list_type": None, "kind": "penalties"}
    own = rows[rows["is_winner"] & rows["linked"].notna() & ~rows["is_annulled"] & ~rows["own_annulled"]]
    ruled = with_force(work, with_tier(work, work.ruled_penalties), "penalties")
    ruled = ruled[~ruled["is_annulled"]]
    ruled = ruled.assign(
        **nothing, event_on=ruled["decided_on"], is_provisional=ruled["is_under_review"], person=False
    )
    parts = [t[_RECORD] for t in (own.assign(**nothing), ruled, _entries(work)) if len(t)]
    for part in parts:
        part["removed_on"] = part["removed_on"].astype("datetime64[ms]")
        part["list_type"] = part["list_type"].astype("str")
        part["fine_fen"] = part["fine_fen"].astype("Int64")
    whole = pd.concat(parts, ignore_index=True)
    whole = whole[whole["event_on"] <= work.day]
    inherited = inner(whole, work.lineage, ["linked"], ["ancestor"])
    inherited = inherited[~inherited["person"] | inherited["uscc"].str.startswith("92")]
    columns = [*_RECORD, "uscc", "held_as"]
    work.records = pd.concat(
        [
            whole.assign(uscc=whole["linked"], held_as="own")[columns],
            inherited.assign(held_as="predecessor")[columns],
        ]
    )
    serious = work.records.query("kind == 'penalties' and tier == 2 and not person")
    of_branch = inner(serious, work.branches.query("branch != parent"), ["uscc"], ["branch"])
    of_branch = of_branch.assign(uscc=of_branch["parent"], held_as="branch")
    judged = pd.concat([work.records, of_branch[columns]])
    judged = judged[(judged["kind"] == "penalties") | judged["list_type"].isin(work.p["blocking"])]
    active = (judged["kind"] == "listings") & judged["removed_on"].isna()
    inside = later(judged["event_on"], work.p["clean_window_months"]) >= work.day
    counts = ~active & (judged["tier"] >= 1) & ~repaired(work, judged) & inside
    work.judged = judged.assign(is_active=active, counts=counts)


def repaired(work: Work, rows: Frame) -> pd.Series:
    """Whether a record is repaired by the day."""
    return rows["repaired_on"] <= work.day


def _entries(work: Work) -> Frame:
    columns = [
        "linked", "subject", "authority_key", "doc_norm", "listed_on", "removed_on", "removal_code", "list_type",
        "person",
    ]  # fmt: skip
    rows = work.won["listings"]
    rows = rows[rows["is_winner"] & rows["linked"].notna()]
    rows = rows.assign(person=yes(rows["is_natural_person"]))[columns]
    ruled = work.ruled_listings.assign(
        subject=work.ruled_listings["linked"], doc_norm=pd.Series(dtype="str"), person=False
    )
    t = with_force(work, pd.concat([rows, ruled[columns]], ignore_index=True), "listings")
    is_error = t["removal_code"] == "错误列入"
    repairs = t["removal_code"].isin(["修复", "履行"]) | (
        t["list_type"].isin(work.p["any_removal_is_repair"]) & ~is_error
    )
    read, fixed = t["removed_on"].where(t["removed_on"] <= work.day), t["repaired_on"]
    own = read.where(repairs)
    stays = t["unrepaired_on"].notna() & (read <= t["unrepaired_on"])
    least = pd.concat([read, fixed], axis=1).min(axis=1)
    least_own = pd.concat([own, fixed], axis=1).min(axis=1)
    t = t.assign(
        kind="listings", event_on=t["listed_on"], tier=1, fine_fen=pd.NA, is_provisional=t["is_under_review"],
        removed_on=least.where(fixed.notna(), read),
        repaired_on=least_own.where(fixed.notna(), own.mask(stays)),
    )  # fmt: skip
    return t[~t["is_annulled"] & ~(read.notna() & is_error)]
