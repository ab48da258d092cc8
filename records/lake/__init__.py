"""The lake: the record of what was received, and what was read from it.

``received.jsonl`` and ``received/`` are the record; every other file can be made again from them.
"""

from __future__ import annotations

from records.lake.journal import Receipt, append_receipts, read_receipts
from records.lake.key import id_key, key_fingerprint
from records.lake.layout import Lake
from records.lake.store import Copied, FileState, GrowingFile, UnreadableFile, copy_in, restore
from records.lake.withdraw import Withdrawal, read_withdrawals, withdraw

__all__ = [
    "Copied",
    "FileState",
    "GrowingFile",
    "Lake",
    "Receipt",
    "UnreadableFile",
    "Withdrawal",
    "append_receipts",
    "copy_in",
    "id_key",
    "key_fingerprint",
    "read_receipts",
    "read_withdrawals",
    "restore",
    "withdraw",
]
