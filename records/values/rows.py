"""The accepted columns of each record kind, from the cells of a batch (contract §2, canonical columns)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.arrays import Distinct, Mask, is_null
from records.codes import OTHER_TYPE
from records.text import docs_norm
from records.values.parties import Columns, authority, numbers_and_persons, quoted_authority, sources, subject
from records.values.penalties import penalty_columns
from records.values.persons import without_persons
from records.values.reading import Reading

_UPHELD = "属实有效"


def entities(reading: Reading) -> Columns:
    """市场主体."""
    for name in ("uscc", "name", "entity_type", "status", "established_on", "division_code"):
        reading.require(name)
    name, norm = reading.name("name")
    uscc = reading.uscc("uscc").values
    established_on = reading.day("established_on")
    updated_on = reading.day("updated_on")
    late = np.asarray(pc.greater(established_on, updated_on).fill_null(False))
    reading.verdicts.note("established_late", "established_on", late)
    return {
        "updated_on": updated_on,
        "uscc": uscc,
        "name": name,
        "name_norm": norm,
        "entity_type": _entity_type(reading, uscc),
        "status": reading.strict_code("status", "entity_status"),
        "established_on": established_on,
        "division_code": _division_code(reading),
        "industry_code": pc.utf8_upper(reading.reference("industry_code")),
        "key_area": reading.text("key_area"),
        "registered_capital_wan": reading.wan("registered_capital_wan"),
        "reg_no": reading.number_code("reg_no"),
        "parent_uscc": reading.uscc("parent_uscc").values,
        "predecessor_uscc": reading.uscc("predecessor_uscc").values,
        "cancelled_on": reading.day("cancelled_on"),
    }


def _entity_type(reading: Reading, uscc: pa.StringArray) -> pa.StringArray:
    """The type; an unknown one is taken from the first two characters of the USCC, flagged."""
    known, unknown = reading.code("entity_type", "entity_type")
    if not unknown.any():
        return known
    reading.verdicts.note("entity_type_derived", "entity_type", unknown)
    prefix = Distinct(pc.utf8_slice_codeunits(uscc, 0, 2).fill_null(""))
    types = [reading.limits.uscc_types.get(text, OTHER_TYPE) for text in prefix.values.to_pylist()]
    return pc.if_else(pa.array(unknown), prefix.spread(types, pa.string()), known)


def _division_code(reading: Reading) -> pa.StringArray:
    """The code of the division; a replaced one is the code that stands in its place now."""
    distinct = Distinct(reading.reference("division_code"))
    codes = [reading.lookups.successors.get(code, code) for code in distinct.values.to_pylist()]
    return distinct.spread(codes, pa.string())


def licences(reading: Reading) -> Columns:
    """行政许可."""
    required = ("subject_name", "doc_name", "doc_no", "licence_class", "content", "decided_on", "authority")
    columns = _licence_or_penalty(reading, required)
    decided_on, valid_to = columns["decided_on"], reading.day("valid_to")
    if "valid_from" in reading.match.derived:
        valid_from = decided_on  # 2015-era files: XK_JDRQ (contract §2)
    else:
        reading.require("valid_from")
        valid_from = reading.day("valid_from")
    ends_early = np.asarray(pc.less(valid_to, valid_from).fill_null(False))
    reading.verdicts.note("ends_before_start", "valid_to", ends_early)
    licence_no, licence_norm = reading.doc("licence_no")
    columns |= {
        "doc_name": reading.text("doc_name"),
        "licence_class": reading.text("licence_class"),
        "certificate_name": reading.text("certificate_name"),
        "licence_no": licence_no,
        "licence_norm": licence_norm,
        "content": reading.text("content"),
        "valid_from": valid_from,
        "valid_to": valid_to,
        "state": reading.text("state"),
    }
    return without_persons(reading, columns)


def penalties(reading: Reading) -> Columns:
    """行政处罚."""
    columns = _licence_or_penalty(reading, ("subject_name", "doc_no", "authority"))
    return without_persons(reading, columns | penalty_columns(reading, columns["doc_norm"]))


def _licence_or_penalty(reading: Reading, required: Sequence[str]) -> Columns:
    for name in required:
        reading.require(name)
    if "subject_kind" not in reading.match.derived:
        reading.require("subject_kind")
    columns = {"updated_on": reading.day("updated_on"), **subject(reading)}
    natural = np.asarray(columns["is_natural_person"])
    columns |= numbers_and_persons(reading, natural, ~is_null(columns["subject_kind"]))
    columns |= sources(reading)
    columns["doc_no"], columns["doc_norm"] = reading.doc("doc_no")
    columns["decided_on"] = reading.day("decided_on")
    return columns | authority(reading, columns["decided_on"], uscc=columns["authority_uscc"])


def inspections(reading: Reading) -> Columns:
    """抽查检查."""
    for name in ("subject_name", "task_no", "item", "result", "authority", "inspected_on"):
        reading.require(name)
    inspected_on = reading.day("inspected_on")
    decided = authority(reading, inspected_on)
    return {
        "updated_on": reading.day("updated_on"),
        **subject(reading),
        **decided,
        "plan_no": reading.reference("plan_no"),
        "task_no": reading.reference("task_no"),
        "task_type": reading.text("task_type"),
        "item": reading.text("item"),
        "result": reading.text("result"),
        "result_code": _result_code(reading, decided["authority_key"]),
        "inspected_on": inspected_on,
    }


def _result_code(reading: Reading, authority_key: pa.StringArray) -> pa.StringArray:
    text = reading.cells("result").text
    source = (reading.source,) if reading.source else ()
    if reading.lookups.has_numbers:
        # A bare number is read by the table of its source: of the feed, or of the authority.
        text = pc.binary_join_element_wise(authority_key.fill_null(""), text, "\x1f")
    distinct = Distinct(text)
    parts = [value.rpartition("\x1f") for value in distinct.values.to_pylist()]
    results = reading.lookups.results_of(
        pa.array([part[2] for part in parts], pa.string()), [(*source, part[0]) for part in parts]
    )
    for rule in ("enum_unknown", "bare_number_result"):
        reading.verdicts.note(rule, "result", distinct.spread_mask([defect == rule for _, defect in results]))
    return distinct.spread([code for code, _ in results], pa.string())


def listings(reading: Reading) -> Columns:
    """名录名单."""
    for name in ("subject_name", "list_type", "authority", "listed_on"):
        reading.require(name)
    listed_on, removed_on = reading.day("listed_on"), reading.day("removed_on")
    reading.verdicts.note(
        "date_order", "removed_on", np.asarray(pc.less(removed_on, listed_on).fill_null(False))
    )
    reason = Distinct(reading.cells("removal_reason").text)
    removal = reading.lookups.removals_of(reason.values)
    reading.verdicts.note(
        "removal_reason_unknown", "removal_reason", reason.spread_mask([code is None for code in removal])
    )
    undated = reading.is_filled("removal_reason") & ~reading.is_filled("removed_on")
    reading.verdicts.note("removal_date_missing", "removal_reason", undated)
    doc_no, doc_norm = reading.doc("doc_no")
    return {
        "updated_on": reading.day("updated_on"),
        **subject(reading),
        **authority(reading, listed_on),
        "doc_no": doc_no,
        "doc_norm": doc_norm,
        "list_type": reading.strict_code("list_type", "list_type"),
        "reason_code": reading.reference("reason_code"),
        "reason": reading.text("reason"),
        "listed_on": listed_on,
        "removed_on": removed_on,
        "removal_reason": reading.text("removal_reason"),
        "removal_code": reason.spread(removal, pa.string()),
    }


def amendments(reading: Reading) -> Columns:
    """修复变更."""
    for name in ("target_kind", "authority", "doc_no", "action", "effective_on"):
        reading.require(name)
    effective_on = reading.day("effective_on")
    doc_no, doc_norm = reading.doc("doc_no")
    columns = {
        "updated_on": reading.day("updated_on"),
        **subject(reading),
        **quoted_authority(reading, effective_on),
        "doc_no": doc_no,
        "doc_norm": doc_norm,
        "target_kind": reading.strict_code("target_kind", "target_kind"),
        "action": reading.strict_code("action", "action"),
        "effective_on": effective_on,
        "amendment_no": reading.reference("amendment_no"),
    }
    key = [
        columns[name] for name in ("target_kind", "authority_key", "doc_norm", "uscc", "name_norm", "action")
    ]
    key += [effective_on.cast(pa.string()), docs_norm(columns["amendment_no"])]
    return columns | {"row_key": _row_key(key)}


def honours(reading: Reading) -> Columns:
    """守信激励."""
    for name in ("subject_name", "honour_type", "issuer", "valid_from"):
        reading.require(name)
    valid_from, valid_to = reading.day("valid_from"), reading.day("valid_to")
    ends_early = np.asarray(pc.less(valid_to, valid_from).fill_null(False))
    reading.verdicts.note("ends_before_start", "valid_to", ends_early)
    code, unknown = reading.code("honour_type", "honour_type")
    reading.verdicts.note("honour_unknown", "honour_type", unknown)
    doc_no, doc_norm = reading.doc("doc_no")
    return {
        "updated_on": reading.day("updated_on"),
        **subject(reading),
        **authority(reading, valid_from, name="issuer"),
        "doc_no": doc_no,
        "doc_norm": doc_norm,
        "honour_type": reading.text("honour_type"),
        "honour_code": code,
        "level": reading.text("level"),
        "valid_from": valid_from,
        "valid_to": valid_to,
    }


def rulings(reading: Reading) -> Columns:
    """复核结论."""
    for name in ("uscc", "kind", "conclusion", "decided_on", "decided_by", "basis"):
        reading.require(name)
    decided_on, event_on = reading.day("decided_on"), reading.day("event_on")
    kind = reading.strict_code("kind", "record_kind")
    conclusion = reading.strict_code("conclusion", "conclusion")
    upheld = np.asarray(pc.equal(conclusion, _UPHELD).fill_null(False))
    of_penalty = _is(kind, "penalties")
    reading.require("event_on", upheld & of_penalty)
    reading.require("penalty_kinds", upheld & of_penalty)
    stated = reading.text("penalty_kinds")
    text = Distinct(stated)
    found = reading.lookups.kinds_of(text.values)
    reading.verdicts.note("kind_unknown", "penalty_kinds", text.spread_mask([k.has_unknown for k in found]))
    doc_no, doc_norm = reading.doc("doc_no")
    columns = {
        "updated_on": reading.day("updated_on"),
        **quoted_authority(reading, event_on),
        "doc_no": doc_no,
        "doc_norm": doc_norm,
        "uscc": reading.uscc("uscc").values,
        "kind": kind,
        "source_sha256": reading.digest("source_sha256"),
        "ruled_row": reading.integer("source_row"),
        "conclusion": conclusion,
        "event_on": event_on,
        "penalty_kinds": stated,
        "kinds": text.spread([k.joined() for k in found], pa.string()).fill_null(""),
        "decided_on": decided_on,
        "decided_by": reading.text("decided_by"),
        "basis": reading.text("basis"),
    }
    names = ("uscc", "kind", "authority_key", "doc_norm", "source_sha256", "conclusion", "kinds")
    key = [columns[name] for name in (*names, "decided_by", "basis")]
    key += [columns[name].cast(pa.string()) for name in ("ruled_row", "event_on", "decided_on")]
    return columns | {"row_key": _row_key(key)}


def _is(values: pa.StringArray, value: str) -> Mask:
    return np.asarray(pc.equal(values, value).fill_null(False))


def _row_key(columns: Sequence[pa.StringArray]) -> pa.StringArray:
    """A digest of all canonical columns as normalised: the natural key of amendments and rulings.

    `updated_on` is not among them: the same event sent again is the same event.
    """
    joined = pc.binary_join_element_wise(
        *columns, "\x1f", null_handling="replace", null_replacement="\x00"
    ).to_pylist()
    return pa.array([hashlib.sha256(text.encode()).hexdigest() for text in joined], pa.string())


BUILDERS: Mapping[str, Callable[[Reading], Columns]] = {
    "entities": entities, "licences": licences, "penalties": penalties, "inspections": inspections,
    "listings": listings, "amendments": amendments, "honours": honours, "rulings": rulings,
}  # fmt: skip
