"""Entities, whom a row concerns, and which row of a key is current."""

from __future__ import annotations

import pandas as pd

from bench.baselines.pandas_program.idioms import Frame, among, outer, yes
from bench.baselines.pandas_program.reading import Work


def entities(work: Work) -> None:
    """Versions of entities, the one used on the day, their names, numbers, lineage and branches."""
    rows = work.rows["entities"]
    rows["known_on"] = rows["updated_on"].fillna(pd.Timestamp("0001-01-01").as_unit("s"))
    work.versions = rows.sort_values("rid").drop_duplicates(["uscc", "known_on"], keep="last")
    used = work.versions.assign(is_later=work.versions["known_on"] > work.day)
    used["distance"] = (used["known_on"] - work.day.as_unit("s")).abs()
    used = used.sort_values(["is_later", "distance"], kind="stable").drop_duplicates("uscc")
    not_yet = used["is_later"] & (used["status"] == "注销") & (used["cancelled_on"] > work.day)
    used["status"] = used["status"].mask(not_yet, "存续")
    used["has_row"] = used["established_on"] <= work.day
    work.used = used
    work.here = used[used["has_row"]]
    work.names = rows.loc[rows["name_norm"].notna(), ["name_norm", "uscc", "division_code"]].drop_duplicates()
    known = pd.concat([rows["uscc"], rows["predecessor_uscc"].dropna()]).drop_duplicates()
    work.usccs = pd.DataFrame({"uscc": known})
    work.reg_nos = _one_bearer(rows["reg_no"], rows["uscc"])
    work.org_codes = _one_bearer(rows["uscc"].str.slice(8, 17), rows["uscc"])
    step = used.loc[used["predecessor_uscc"].notna(), ["uscc", "predecessor_uscc"]]
    step = step.set_axis(["uscc", "ancestor"], axis=1).query("uscc != ancestor")
    lines, fresh = step, step
    while len(fresh):
        more = fresh.merge(step.set_axis(["ancestor", "next"], axis=1), on="ancestor")
        more = more[["uscc", "next"]].set_axis(["uscc", "ancestor"], axis=1).query("uscc != ancestor")
        more = more.drop_duplicates()
        fresh = more[~among(more, lines, ["uscc", "ancestor"])]
        lines = pd.concat([lines, fresh])
    work.lineage = lines.drop_duplicates()
    branches = used.loc[(used["entity_type"] == "分支机构") & used["parent_uscc"].notna()]
    work.branches = branches[["uscc", "parent_uscc"]].set_axis(["branch", "parent"], axis=1)


def bearers_of(work: Work, asked: Frame) -> Frame:
    """(name_norm, div, uscc) of the names asked for, those of the authority's division first."""
    asked = asked[["name_norm", "div"]].dropna().drop_duplicates()
    found = asked.merge(work.names, on="name_norm")
    pairs = zip(found["division_code"].fillna(""), found["div"], strict=True)
    found["inside"] = [bool(div) and code.startswith(div) for code, div in pairs]
    found = found.groupby(["name_norm", "div", "uscc"], as_index=False)["inside"].any()
    best = found.groupby(["name_norm", "div"])["inside"].transform("any")
    return found.loc[found["inside"] == best, ["name_norm", "div", "uscc"]]


def by_number(work: Work, bare: Frame) -> pd.Series:
    """USCCs of those that are known by a number of the register or of the organization code."""
    by_reg = bare["reg_no"].map(work.reg_nos)
    return by_reg.fillna(bare["org_code"].map(work.org_codes))


def link(work: Work, kind: str) -> Frame:
    """Whom each row of a kind concerns: by code, by number, by the name of one bearer alone."""
    rows = work.rows[kind]
    numbered = "reg_no" in rows
    known = rows["uscc"].isin(work.usccs["uscc"])
    rows["linked"] = rows["uscc"].where(known)
    is_bare = rows["uscc"].isna() & ~yes(rows["is_natural_person"])
    bare = rows[is_bare]
    bare = bare.assign(div=bare["authority_division"].fillna(""))
    found = bearers_of(work, bare)
    found = found[~found.duplicated(["name_norm", "div"], keep=False)]
    by_name = outer(bare[["name_norm", "div"]], found, ["name_norm", "div"])["uscc"].to_numpy()
    linked = pd.Series(by_name, index=bare.index, dtype="str")
    if numbered:
        linked = by_number(work, bare).fillna(linked)
    rows.loc[is_bare, "linked"] = linked
    subject = rows["linked"].fillna(rows["uscc"])
    if numbered:
        subject = subject.fillna("reg:" + rows["reg_no"]).fillna("org:" + rows["org_code"])
    rows["subject"] = subject.fillna("name:" + rows["name_norm"]).fillna("none")
    if kind == "licences":
        rows["licence_key"] = rows["doc_norm"].mask(rows["doc_norm"] == "", rows["licence_norm"].fillna(""))
    if kind == "honours":
        rows["honour_key"] = rows["honour_code"].fillna("raw:" + rows["honour_type"])
    return rows


def _one_bearer(numbers: pd.Series, usccs: pd.Series) -> pd.Series:
    """Number → USCC, where one entity alone carries it."""
    pairs = pd.DataFrame({"number": numbers, "uscc": usccs}).dropna().drop_duplicates()
    pairs = pairs[~pairs.duplicated("number", keep=False)]
    return pairs.set_index("number")["uscc"]


def closed(rows: Frame) -> Frame:
    """A removal without a number takes that of the one entry that it closes."""
    same = ["list_type", "authority_key", "subject", "listed_on"]
    closing = (rows["doc_norm"] == "") & rows["removed_on"].notna()
    entries = rows[~closing].groupby(same, as_index=False)["doc_norm"].agg(low="min", high="max")
    entries = entries[(entries["low"] == entries["high"]) & (entries["low"] != "")]
    low = rows[same].merge(entries, on=same, how="left")["low"].to_numpy()
    found = pd.Series(low, index=rows.index, dtype="str")
    rows["doc_norm"] = rows["doc_norm"].mask(closing & found.notna(), found)
    return rows


def ranked(rows: Frame, key: list[str]) -> Frame:
    """Adds is_winner (last in delivery order of its key) and has_others."""
    rows = rows.sort_values(["updated_on", "rid"], na_position="first")
    return rows.assign(
        is_winner=~rows.duplicated(key, keep="last"), has_others=rows.duplicated(key, keep=False)
    )
