"""Normal forms of names that hold a number of a person: comparable, and not clear (contract §2, §3)."""

from __future__ import annotations

from functools import partial

import pyarrow as pa

from records.arrays import Rows
from records.masking import IdHasher, masked, replace_numbers
from records.text import names_norm


def key_name(text: str, hasher: IdHasher) -> str:
    """A name with a token of its own, taken from the number's HMAC, for each number that is masked elsewhere.

    Rows are linked by equal names, so two names must never become one, as they would by a mask.

    >>> hasher = IdHasher(b"k" * 16)
    >>> key_name("大众饭店(13812345678)", hasher)
    '大众饭店(IDEB3D5D2314B58665)'
    """
    return replace_numbers(text, lambda number, _: "ID" + hasher.hash(number)[:16].upper())


def names_keyed(names: pa.StringArray, hasher: IdHasher, rows: Rows) -> pa.StringArray:
    """The normal forms of names as read, see `key_name`; those without numbers as `names_norm` gives them.

    Args:
        names: clear.
        hasher: keyed hash.
        rows: those that may hold a number (`rows_to_read`).
    """
    key = partial(key_name, hasher=hasher)
    # Once more without white space: what it parted may be a number now.
    return masked(names_norm(masked(names, key, rows)), key, rows)
