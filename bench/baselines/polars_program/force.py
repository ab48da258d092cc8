"""Force (what amendments did to a record) and tiers of penalties."""

from __future__ import annotations

import polars as pl
from polars import col, lit, when

from bench.baselines.inputs import ACTIONS, ANNULLING
from bench.baselines.polars_program.idioms import Frame, yes
from bench.baselines.polars_program.reading import Work

_TARGET = ["target_kind", "authority_key", "doc_norm", "subject"]


def force(work: Work) -> None:
    """What amendments find, and what they have made of it by the day."""

    def keys(kind: str) -> Frame:
        rows = work.won[kind].filter(col("doc_norm") != "")
        return rows.select(
            "authority_key", "doc_norm", "subject", "linked", "name_norm", target_kind=lit(kind)
        )

    won = work.won["rulings"].filter(col("is_winner"))
    ruled = won.filter(
        (col("conclusion") == "属实有效") & (col("kind") == "penalties") & yes(col("doc_norm") != "")
        & col("authority_key").is_not_null()
    ).select(
        "authority_key", "doc_norm", subject="uscc", linked="uscc", name_norm=lit(None, pl.String),
        target_kind=lit("penalties"),
    )  # fmt: skip
    work.targets = pl.concat([keys("penalties"), keys("listings"), ruled]).unique()
    asked = work.won["amendments"].filter(col("is_winner")).select(
        "rid", "target_kind", "action", "authority_key", "doc_norm", "effective_on", "amendment_no", "updated_on",
        asked_uscc="uscc", asked_name="name_norm",
    )  # fmt: skip
    found = asked.join(work.targets, on=["target_kind", "authority_key", "doc_norm"])
    nameless = found.filter(col("asked_uscc").is_null())
    bearers = work.names.select(linked="uscc", asked_name="name_norm").unique()
    bare = nameless.filter(col("asked_name").is_null())
    parts = [
        found.filter(col("asked_uscc") == col("subject")),
        nameless.filter(col("asked_name") == col("name_norm")),
        nameless.join(bearers, on=["linked", "asked_name"], how="semi"),
        bare.filter(col("subject").min().over("rid") == col("subject").max().over("rid")),
    ]
    work.pairs = pl.concat(parts).drop("asked_uscc", "asked_name", "name_norm").unique()
    order = {action: n for n, action in enumerate(ACTIONS)}
    known = work.pairs.filter(col("effective_on") <= work.day).with_columns(
        place=col("action").replace_strict(order, default=99)
    )
    known = known.sort("effective_on", "amendment_no", "place", "rid", nulls_last=False)
    known = known.with_columns(step=pl.int_range(pl.len()).over(_TARGET))
    for name, action in (
        ("repair", "信用修复"), ("unrepair", "撤销修复"), ("opened", "复议诉讼受理"), ("ended", "复议诉讼终结"),
    ):  # fmt: skip
        last = col("step").filter(col("action") == action).max().over(_TARGET).fill_null(-1)
        known = known.with_columns(last.alias(name))
    stands = (col("action") == "信用修复") & (col("step") > col("unrepair"))
    undone = (
        (col("action") == "撤销修复") & (col("step") == col("unrepair")) & (col("unrepair") > col("repair"))
    )
    work.states = known.group_by(_TARGET).agg(
        is_annulled=col("action").is_in(ANNULLING).any(),
        is_changed=(col("action") == "变更").any(),
        is_under_review=(col("opened") > col("ended")).any(),
        is_review_ended=(col("ended") >= 0).any(),
        repaired_on=col("effective_on").filter(stands).min(),
        unrepaired_on=col("effective_on").filter(undone).max(),
    )


def with_force(work: Work, rows: Frame, kind: str) -> Frame:
    """Rows with what amendments have made of them."""
    own = work.states.filter(col("target_kind") == kind).drop("target_kind")
    rows = rows.join(own, on=["authority_key", "doc_norm", "subject"], how="left")
    flags = ("is_annulled", "is_changed", "is_under_review", "is_review_ended")
    return rows.with_columns(yes(col(flag)) for flag in flags)


def with_tier(work: Work, rows: Frame) -> Frame:
    """Rows with what §2 says; 2 serious, 1 general, 0 minor."""
    p = work.p
    rows = rows.with_columns(kinds=col("kinds").fill_null(""))
    said = pl.DataFrame([p["classify"](text) for text in rows["kinds"].unique().to_list()])
    if not said.height:
        return rows.with_columns(tier=lit(1))
    rows = rows.join(said, on="kinds")
    limit = when(yes(col("subject_kind") == "自然人")).then(p["simple_fine_limit_natural_yuan"] * 100)
    limit = limit.otherwise(p["simple_fine_limit_legal_yuan"] * 100)
    large = p["large_fine_yuan"]
    serious = col("has_serious") | (col("has_merged") & yes(col("says_revoked")))
    if large is not None:
        serious = serious | yes(col("fine_fen") >= large * 100)
    amount = yes(col("fine_fen") > 0) | yes(col("confiscated_fen") > 0)
    within = yes(col("fine_fen") <= limit)
    simple = (
        yes(col("procedure_code") == "simple") & col("simple_only") & (col("fine_fen").is_null() | within)
    )
    inferred = (
        col("procedure").is_null() & col("procedure_code").is_null() & col("inferable") & yes(col("fine_fen") > 0)
        & within & yes(col("doc_says_simple"))
    )  # fmt: skip
    minor = col("all_minor") | (col("all_no_penalty") & ~amount) | simple | inferred
    return rows.with_columns(tier=when(serious).then(2).when(minor).then(0).otherwise(1))
