"""Entities, whom a row concerns, and which row of a key is current."""

from __future__ import annotations

from datetime import date

import polars as pl
from polars import col, lit, when

from bench.baselines.polars_program.idioms import Frame, yes
from bench.baselines.polars_program.reading import Work


def entities(work: Work) -> None:
    """Versions of entities, the one used on the day, their names, numbers, lineage and branches."""
    rows = work.rows["entities"].with_columns(known_on=col("updated_on").fill_null(date(1, 1, 1)))
    work.versions = rows.sort("rid").unique(["uscc", "known_on"], keep="last")
    is_later = col("known_on") > work.day
    distance = (col("known_on") - lit(work.day)).dt.total_days().abs()
    used = work.versions.with_columns(is_later=is_later, distance=distance)
    used = used.sort("is_later", "distance").unique("uscc", keep="first", maintain_order=True)
    not_yet = col("is_later") & (col("status") == "注销") & yes(col("cancelled_on") > work.day)
    work.used = used.with_columns(
        status=when(not_yet).then(lit("存续")).otherwise(col("status")),
        has_row=col("established_on") <= work.day,
    )
    work.names = (
        rows.filter(col("name_norm").is_not_null()).select("name_norm", "uscc", "division_code").unique()
    )
    before = rows.select(uscc="predecessor_uscc").drop_nulls()
    work.usccs = pl.concat([rows.select("uscc"), before]).unique()
    work.reg_nos = _one_bearer(rows.select("uscc", number="reg_no").drop_nulls())
    work.org_codes = _one_bearer(rows.select("uscc", number=col("uscc").str.slice(8, 9)))
    step = work.used.select("uscc", ancestor="predecessor_uscc").filter(col("ancestor") != col("uscc"))
    lines, fresh = step, step
    while fresh.height:
        more = fresh.join(step.rename({"uscc": "ancestor", "ancestor": "next"}), on="ancestor")
        more = more.select("uscc", ancestor="next").filter(col("uscc") != col("ancestor")).unique()
        fresh = more.join(lines, on=["uscc", "ancestor"], how="anti")
        lines = pl.concat([lines, fresh])
    work.lineage = lines.unique()
    work.branches = work.used.filter(
        (col("entity_type") == "分支机构") & col("parent_uscc").is_not_null()
    ).select(branch="uscc", parent="parent_uscc")


def bearers_of(work: Work, asked: Frame) -> Frame:
    """(name_norm, div, uscc) of the names asked for, those of the authority's division first."""
    asked = asked.select("name_norm", div=col("authority_division").fill_null("")).drop_nulls().unique()
    found = asked.join(work.names, on="name_norm")
    inside = (col("div") != "") & yes(col("division_code").str.starts_with(col("div")))
    found = found.group_by("name_norm", "div", "uscc").agg(inside=inside.any())
    return found.filter(col("inside") == col("inside").any().over("name_norm", "div")).drop("inside")


def link(work: Work, kind: str) -> Frame:
    """Whom each row of a kind concerns: by code, by number, by the name of one bearer alone."""
    rows = work.rows[kind]
    numbered = "reg_no" in rows.columns
    coded = col("uscc").is_not_null()
    person = yes(col("is_natural_person"))
    sure = rows.filter(coded).join(work.usccs.with_columns(linked="uscc"), on="uscc", how="left")
    people = rows.filter(~coded & person).with_columns(linked=lit(None, pl.String))
    bare = rows.filter(~coded & ~person).with_columns(div=col("authority_division").fill_null(""))
    single = bearers_of(work, bare).group_by("name_norm", "div").agg(by_name=col("uscc").min(), n=pl.len())
    bare = bare.join(single.filter(col("n") == 1).drop("n"), on=["name_norm", "div"], how="left")
    by = [col("by_name")]
    if numbered:
        bare = bare.join(work.reg_nos.rename({"number": "reg_no", "uscc": "by_reg"}), on="reg_no", how="left")
        bare = bare.join(
            work.org_codes.rename({"number": "org_code", "uscc": "by_org"}), on="org_code", how="left"
        )
        by = [col("by_reg"), col("by_org"), *by]
    bare = bare.with_columns(linked=pl.coalesce(by))
    whole = pl.concat([sure, people, bare.select(sure.columns)])
    numbers = [lit("reg:") + col("reg_no"), lit("org:") + col("org_code")] if numbered else []
    whole = whole.with_columns(
        subject=pl.coalesce("linked", "uscc", *numbers, lit("name:") + col("name_norm"), lit("none"))
    )
    if kind == "licences":
        number = (
            when(col("doc_norm") == "").then(col("licence_norm").fill_null("")).otherwise(col("doc_norm"))
        )
        whole = whole.with_columns(licence_key=number)
    if kind == "honours":
        whole = whole.with_columns(honour_key=pl.coalesce("honour_code", lit("raw:") + col("honour_type")))
    return whole


def _one_bearer(pairs: Frame) -> Frame:
    grouped = pairs.group_by("number").agg(col("uscc").min(), other=col("uscc").max())
    return grouped.filter(col("uscc") == col("other")).drop("other")


def closed(rows: Frame) -> Frame:
    """A removal without a number takes that of the one entry that it closes."""
    same = ["list_type", "authority_key", "subject", "listed_on"]
    closing = (col("doc_norm") == "") & col("removed_on").is_not_null()
    entries = rows.filter(~closing).group_by(same).agg(low=col("doc_norm").min(), high=col("doc_norm").max())
    entries = entries.filter((col("low") == col("high")) & (col("low") != "")).drop("high")
    rows = rows.join(entries, on=same, how="left")
    number = when(closing & col("low").is_not_null()).then(col("low")).otherwise(col("doc_norm"))
    return rows.with_columns(doc_norm=number).drop("low")


def ranked(rows: Frame, key: list[str]) -> Frame:
    """Adds is_winner (last in delivery order of its key) and has_others."""
    order = rows.select(*key, "rid", "updated_on").sort("updated_on", "rid", nulls_last=False)
    last = order.unique(key, keep="last", maintain_order=True).select("rid", is_winner=lit(True))
    rows = rows.join(last, on="rid", how="left").with_columns(yes(col("is_winner")))
    return rows.with_columns(has_others=pl.len().over(key) > 1)
