"""What only penalties have: kinds, amounts, procedure and state of the decision (rules §1, §2)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.arrays import Distinct, Mask
from records.codes import CONFISCATION, FINE, Kinds
from records.values.parties import Columns
from records.values.reading import Reading, holds_text

_IN_FORCE = "in_force"
REVOKED = "吊销"
_CONFISCATES = "没收"
_SUSPENDS = "暂扣"


def penalty_columns(reading: Reading, doc_norm: pa.StringArray) -> Columns:
    """The columns of a penalty beside its subject, authority and number."""
    fine, confiscated = reading.amount("fine_fen"), reading.amount("confiscated_fen")
    # Unknown kinds are kept as their text, so they are read from the masked one.
    stated = reading.text("penalty_kinds")
    kinds_text = Distinct(stated)
    kinds = reading.lookups.kinds_of(kinds_text.values)
    reading.verdicts.note(
        "kind_unknown", "penalty_kinds", kinds_text.spread_mask([k.has_unknown for k in kinds])
    )
    _warn_of_missing(reading, kinds_text, kinds)
    procedure, procedure_unknown = reading.code("procedure", "procedure")
    reading.verdicts.note("procedure_unknown", "procedure", procedure_unknown)
    status, status_unknown = reading.code("decision_status", "decision_status")
    reading.verdicts.note("status_unknown", "decision_status", status_unknown)
    decided_on, valid_to = reading.day("decided_on"), reading.day("valid_to")
    reading.verdicts.note(
        "ends_before_start", "valid_to", np.asarray(pc.less(valid_to, decided_on).fill_null(False))
    )
    content, revoked_licence = reading.text("content"), reading.text("revoked_licence")
    for name in ("violation_type", "facts", "basis", "penalty_kinds", "content", "decided_on"):
        reading.require(name)
    return {
        "violation_type": reading.text("violation_type"),
        "facts": reading.text("facts"),
        "basis": reading.text("basis"),
        "penalty_kinds": stated,
        "content": content,
        "fine_fen": fine,
        "confiscated_fen": confiscated,
        "revoked_licence": revoked_licence,
        "decided_on": decided_on,
        "valid_to": valid_to,
        "publicity_until": reading.day("publicity_until"),
        "procedure": reading.text("procedure"),
        "decision_status": reading.text("decision_status"),
        "kinds": _joined(kinds_text, kinds, _above_zero(fine), _above_zero(confiscated)),
        "says_revoked": pa.array(holds_text(content, REVOKED) | holds_text(revoked_licence, REVOKED)),
        "procedure_code": procedure,
        "doc_says_simple": pc.match_substring_regex(doc_norm, reading.limits.simple_doc_no),
        "status_code": status.fill_null(_IN_FORCE),
    }


def _above_zero(amount: pa.Int64Array) -> Mask:
    return np.asarray(pc.greater(amount, 0).fill_null(False))


def _joined(text: Distinct, kinds: list[Kinds], fined: Mask, confiscated: Mask) -> pa.StringArray:
    """Kinds of each row joined by ';', with those that its amounts add; '' where nothing was read."""
    nothing = Kinds((), False)
    variants = [
        kind.joined(*((FINE,) if with_fine else ()), *((CONFISCATION,) if with_confiscation else ()))
        for kind in (*kinds, nothing)
        for with_fine in (False, True)
        for with_confiscation in (False, True)
    ]
    codes = text.codes()
    codes[codes < 0] = len(kinds)
    index = codes * 4 + fined * 2 + confiscated
    return pa.array(variants, pa.string()).take(pa.array(index))


def _warn_of_missing(reading: Reading, text: Distinct, kinds: list[Kinds]) -> None:
    """Fields that the standard wants beside certain kinds (regulation §4.3): empty, they only warn."""
    wanted = {
        "fine_fen": [FINE in kind.names for kind in kinds],
        "confiscated_fen": [any(name.startswith(_CONFISCATES) for name in kind.names) for kind in kinds],
        "revoked_licence": [
            any(REVOKED in name or _SUSPENDS in name for name in kind.names) for kind in kinds
        ],
    }
    for name, by_kind in wanted.items():
        reading.verdicts.note(
            "conditional_missing", name, text.spread_mask(by_kind) & ~reading.is_filled(name)
        )
