"""The spelling classes in which names and aliases are compared (contract §2, Natural keys)."""

from __future__ import annotations

import unicodedata

_BRACKETS = str.maketrans("〔【[〈《｛{〕】]〉》｝}", "(((((((" + ")))))))")


def fold(text: str) -> str:
    """NFKC, no white space, one bracket style, Latin upper case.

    >>> fold(" 存续 （在营、开业、在册）")
    '存续(在营、开业、在册)'
    >>> fold("ａeo〔高级〕认证")
    'AEO(高级)认证'
    """
    plain = unicodedata.normalize("NFKC", text)
    return "".join(plain.split()).translate(_BRACKETS).upper()
