"""Normalised names and document numbers (contract §2, Natural keys)."""

from __future__ import annotations

import unicodedata

_OPENING, _CLOSING = "〔【[(（", "〕】])）"
_ONE_STYLE = str.maketrans({**dict.fromkeys(_OPENING, "("), **dict.fromkeys(_CLOSING, ")")})


def normal(text: str | None) -> str:
    """NFKC, no white space, one bracket style, Latin upper case."""
    plain = unicodedata.normalize("NFKC", text or "")
    return "".join(plain.split()).translate(_ONE_STYLE).upper()
