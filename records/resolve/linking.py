"""Whom a row concerns (contract §2, Subjects): by USCC, number or exact name, never by similarity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from records.resolve.expr import is_true, no_text, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from records.resolve.entities import Entities
    from records.resolve.workspace import Workspace


def _with_numbers(rows: ir.Table) -> ir.Table:
    missing = {c: no_text() for c in ("reg_no", "org_code") if c not in rows.columns}
    return rows.mutate(**missing) if missing else rows


def name_candidates(ws: Workspace, name: str, rows: ir.Table, entities: Entities) -> ir.Table:
    """Entities that bear a name, seen from an authority.

    Args:
        rows: with ``name_norm`` and ``authority_division`` (digits, or null).

    Returns:
        name_norm, authority_division ('' for none), uscc: those inside the division that the authority's
        name contains where there are any, else all.
    """
    asked = (
        rows.filter(rows.name_norm.notnull())
        .select("name_norm", authority_division=rows.authority_division.fill_null(""))
        .distinct()
    )
    found = asked.join(entities.names, "name_norm")
    found = found.mutate(
        inside=(found.authority_division != "")
        & is_true(found.division_code.startswith(found.authority_division))
    )
    found = found.group_by("name_norm", "authority_division", "uscc").agg(inside=found.inside.any())
    found = found.mutate(any_inside=found.inside.any().over(group_by=["name_norm", "authority_division"]))
    return ws.save(name, found.filter(found.inside == found.any_inside).drop("inside", "any_inside"))


def link(ws: Workspace, name: str, rows: ir.Table, entities: Entities) -> ir.Table:
    """Add ``linked`` (USCC of the entity or predecessor, or null), ``linked_by`` and ``subject``.

    A valid USCC decides alone: it links or ends the search. Natural persons' rows link by nothing else
    (rules §3, O-23). ``subject`` is the part of the natural key of the contract.
    """
    rows = _with_numbers(rows)
    usccs = entities.usccs.rename(known_uscc="uscc")
    coded = rows.filter(rows.uscc.notnull()).left_join(usccs, [("uscc", "known_uscc")])
    coded = coded.mutate(linked=coded.known_uscc, linked_by=ibis.literal("uscc")).drop("known_uscc")

    bare = rows.filter(rows.uscc.isnull())
    person = is_true(bare.is_natural_person)
    persons = bare.filter(person).mutate(linked=no_text(), linked_by=no_text())

    others = bare.filter(~person)
    by_reg = entities.reg_nos.rename(reg_number="number", reg_uscc="uscc")
    by_org = entities.org_codes.rename(org_number="number", org_uscc="uscc")
    candidates = name_candidates(ws, f"{name}_names", others, entities)
    single = candidates.group_by("name_norm", "authority_division").agg(
        name_uscc=candidates.uscc.min(), other=candidates.uscc.max()
    )
    single = single.filter(single.name_uscc == single.other).rename(
        n_name="name_norm", n_division="authority_division"
    )
    found = others.left_join(by_reg, [("reg_no", "reg_number")]).left_join(
        by_org, [("org_code", "org_number")]
    )
    found = found.mutate(asked_division=found.authority_division.fill_null(""))
    found = found.left_join(single.drop("other"), [("name_norm", "n_name"), ("asked_division", "n_division")])
    found = found.mutate(
        linked=ibis.coalesce(found.reg_uscc, found.org_uscc, found.name_uscc),
        linked_by=ibis.cases(
            (found.reg_uscc.notnull(), "reg_no"),
            (found.org_uscc.notnull(), "org_code"),
            (found.name_uscc.notnull(), "name"),
        ),
    ).drop(
        "reg_number",
        "reg_uscc",
        "org_number",
        "org_uscc",
        "asked_division",
        "n_name",
        "n_division",
        "name_uscc",
    )

    whole = union_all([coded, persons, found])
    return whole.mutate(
        subject=ibis.coalesce(
            whole.linked,
            whole.uscc,
            ibis.literal("reg:") + whole.reg_no,
            ibis.literal("org:") + whole.org_code,
            ibis.literal("name:") + whole.name_norm,
            ibis.literal("none"),
        )
    )


def unmatched_reason(rows: ir.Table) -> ir.StringValue:
    """Why a row without ``linked`` found no entity, for the regulators' file."""
    return ibis.cases(
        (is_true(rows.is_natural_person), "natural_person"),
        (rows.uscc.notnull(), "uscc_not_in_register"),
        (rows.name_norm.isnull(), "no_subject"),
        else_="no_single_entity",
    )
