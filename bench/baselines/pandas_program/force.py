"""Force (what amendments did to a record) and tiers of penalties."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.baselines.inputs import ACTIONS, ANNULLING
from bench.baselines.pandas_program.idioms import Frame, among, inner, outer, yes
from bench.baselines.pandas_program.reading import Work

_TARGET = ["target_kind", "authority_key", "doc_norm", "subject"]
KEY = ["authority_key", "doc_norm", "subject"]


def force(work: Work) -> None:
    """What amendments find, and what they have made of it by the day."""
    columns = ["target_kind", "authority_key", "doc_norm", "subject", "linked", "name_norm"]

    def keys(kind: str) -> Frame:
        rows = work.won[kind]
        return rows[rows["doc_norm"] != ""].assign(target_kind=kind)[columns]

    won = work.won["rulings"].query("is_winner")
    ruled = won[
        (won["conclusion"] == "属实有效") & (won["kind"] == "penalties") & (won["doc_norm"].fillna("") != "")
        & won["authority_key"].notna()
    ]  # fmt: skip
    ruled = ruled.assign(subject=ruled["uscc"], linked=ruled["uscc"], name_norm=None, target_kind="penalties")
    work.targets = pd.concat([keys("penalties"), keys("listings"), ruled[columns]]).drop_duplicates()
    asked = work.won["amendments"].query("is_winner")[
        ["rid", "target_kind", "action", "authority_key", "doc_norm", "effective_on", "amendment_no", "updated_on",
         "uscc", "name_norm"]
    ].rename(columns={"uscc": "asked_uscc", "name_norm": "asked_name"})  # fmt: skip
    found = inner(asked, work.targets, ["target_kind", "authority_key", "doc_norm"])
    nameless = found[found["asked_uscc"].isna()]
    bearers = work.names[["uscc", "name_norm"]].set_axis(["linked", "asked_name"], axis=1).dropna()
    named = nameless[nameless["asked_name"].notna() & nameless["linked"].notna()]
    bare = nameless[nameless["asked_name"].isna()]
    alone = bare.groupby("rid")["subject"].transform("nunique") == 1
    parts = [
        found[found["asked_uscc"] == found["subject"]],
        nameless[nameless["asked_name"].notna() & (nameless["asked_name"] == nameless["name_norm"])],
        named[among(named, bearers, ["linked", "asked_name"])],
        bare[alone],
    ]
    pairs = pd.concat(parts).drop(columns=["asked_uscc", "asked_name", "name_norm"])
    work.pairs = pairs.drop_duplicates()
    order = {action: n for n, action in enumerate(ACTIONS)}
    known = work.pairs[work.pairs["effective_on"] <= work.day]
    known = known.assign(place=known["action"].map(order).fillna(99))
    known = known.sort_values(["effective_on", "amendment_no", "place", "rid"], na_position="first")
    known["step"] = known.groupby(_TARGET).cumcount()
    keys_of = [known[column] for column in _TARGET]
    for name, action in (
        ("repair", "信用修复"), ("unrepair", "撤销修复"), ("opened", "复议诉讼受理"), ("ended", "复议诉讼终结"),
    ):  # fmt: skip
        steps = known["step"].where(known["action"] == action)
        known[name] = steps.groupby(keys_of).transform("max").fillna(-1)
    stands = (known["action"] == "信用修复") & (known["step"] > known["unrepair"])
    undone = (known["step"] == known["unrepair"]) & (known["unrepair"] > known["repair"])
    known = known.assign(
        is_annulled=known["action"].isin(ANNULLING),
        is_changed=known["action"] == "变更",
        is_under_review=known["opened"] > known["ended"],
        is_review_ended=known["ended"] >= 0,
        repaired_on=known["effective_on"].where(stands),
        unrepaired_on=known["effective_on"].where(undone & (known["action"] == "撤销修复")),
    )
    work.states = known.groupby(_TARGET, as_index=False).agg(
        is_annulled=("is_annulled", "any"),
        is_changed=("is_changed", "any"),
        is_under_review=("is_under_review", "any"),
        is_review_ended=("is_review_ended", "any"),
        repaired_on=("repaired_on", "min"),
        unrepaired_on=("unrepaired_on", "max"),
    )


def with_force(work: Work, rows: Frame, kind: str) -> Frame:
    """Rows with what amendments have made of them."""
    own = work.states[work.states["target_kind"] == kind].drop(columns="target_kind")
    rows = outer(rows, own, KEY)
    for flag in ("is_annulled", "is_changed", "is_under_review", "is_review_ended"):
        rows[flag] = yes(rows[flag])
    return rows


def with_tier(work: Work, rows: Frame) -> Frame:
    """Rows with what §2 says; 2 serious, 1 general, 0 minor."""
    p = work.p
    rows = rows.assign(kinds=rows["kinds"].fillna(""))
    said = pd.DataFrame([p["classify"](text) for text in rows["kinds"].unique()])
    if rows.empty:
        return rows.assign(tier=1)
    rows = rows.merge(said, on="kinds")
    natural, legal = p["simple_fine_limit_natural_yuan"] * 100, p["simple_fine_limit_legal_yuan"] * 100
    limit = np.where(rows["subject_kind"] == "自然人", natural, legal)
    serious = rows["has_serious"] | (rows["has_merged"] & yes(rows["says_revoked"]))
    if p["large_fine_yuan"] is not None:
        serious = serious | yes(rows["fine_fen"] >= p["large_fine_yuan"] * 100)
    amount = yes(rows["fine_fen"] > 0) | yes(rows["confiscated_fen"] > 0)
    within = yes(rows["fine_fen"] <= limit)
    simple = (rows["procedure_code"] == "simple") & rows["simple_only"] & (rows["fine_fen"].isna() | within)
    inferred = (
        rows["procedure"].isna() & rows["procedure_code"].isna() & rows["inferable"] & yes(rows["fine_fen"] > 0)
        & within & yes(rows["doc_says_simple"])
    )  # fmt: skip
    minor = rows["all_minor"] | (rows["all_no_penalty"] & ~amount) | simple | inferred
    return rows.assign(tier=np.select([serious, minor], [2, 0], 1))
