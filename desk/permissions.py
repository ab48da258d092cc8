"""Who may do what. A route that names no permission does not start (`desk.http.routes`)."""

from __future__ import annotations

from enum import StrEnum


class May(StrEnum):
    """What can be allowed."""

    ASK = "ask"
    BATCH = "batch"
    SEARCH = "search"
    HISTORY = "history"
    LIST = "list"
    CERTIFY = "certify"
    OBJECT = "object"
    SETTLE = "settle"
    AUDIT = "audit"
    ADMINISTER = "administer"
    BE_HERE = "be_here"


_COUNTER = {May.ASK, May.BATCH, May.SEARCH, May.HISTORY, May.CERTIFY, May.OBJECT, May.BE_HERE}
# The one who keeps the accounts asks nothing; the one who reads the trail changes nothing.
ROLES: dict[str, frozenset[May]] = {
    "desk": frozenset(_COUNTER),
    "supervisor": frozenset({*_COUNTER, May.LIST, May.SETTLE}),
    "auditor": frozenset({May.AUDIT, May.CERTIFY, May.BE_HERE}),
    "administrator": frozenset({May.ADMINISTER, May.BE_HERE}),
}
# What a token may be given: systems never settle, certify or administer.
SCOPES: frozenset[May] = frozenset({May.ASK, May.BATCH, May.SEARCH, May.HISTORY, May.LIST, May.AUDIT})
