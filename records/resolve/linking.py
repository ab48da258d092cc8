"""Whom a row concerns (contract §2, Subjects): by USCC, number or exact name, never by similarity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from records.resolve.expr import is_true, no_text

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
    is_searched = rows.uscc.isnull() & ~is_true(rows.is_natural_person)
    candidates = name_candidates(ws, f"{name}_names", rows.filter(is_searched), entities)
    single = candidates.group_by("name_norm", "authority_division").agg(
        name_uscc=candidates.uscc.min(), other=candidates.uscc.max()
    )
    single = single.filter(single.name_uscc == single.other)

    # What is not searched by has no key that could be found: one pass over all rows, however many are persons'.
    def asked(column: str) -> ir.StringValue:
        return ibis.ifelse(is_searched, rows[column], no_text())

    found = rows.mutate(
        asked_reg_no=asked("reg_no"),
        asked_org_code=asked("org_code"),
        asked_name=asked("name_norm"),
        asked_division=rows.authority_division.fill_null(""),
    )
    found = found.left_join(entities.usccs.select(own_uscc="uscc"), [("uscc", "own_uscc")])
    found = found.left_join(
        entities.reg_nos.select(reg_number="number", reg_uscc="uscc"), [("asked_reg_no", "reg_number")]
    )
    found = found.left_join(
        entities.org_codes.select(org_number="number", org_uscc="uscc"), [("asked_org_code", "org_number")]
    )
    found = found.left_join(
        single.select("name_uscc", n_name="name_norm", n_division="authority_division"),
        [("asked_name", "n_name"), ("asked_division", "n_division")],
    )
    whole = found.select(
        *rows.columns,
        linked=ibis.coalesce(found.own_uscc, found.reg_uscc, found.org_uscc, found.name_uscc),
        linked_by=ibis.cases(
            (found.own_uscc.notnull(), "uscc"),
            (found.reg_uscc.notnull(), "reg_no"),
            (found.org_uscc.notnull(), "org_code"),
            (found.name_uscc.notnull(), "name"),
            else_=no_text(),
        ),
    )
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
