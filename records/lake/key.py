"""The key under which citizens' ids are kept as HMAC; it is never logged and never leaves the lake.

A lake belongs to one key: with another one the same person would have two ids, so it is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from records.errors import UsageError
from records.lake.disk import sync_folder, whole_file, write_json
from records.lake.layout import Lake

ENV_KEY = "CREDITGRADE_ID_KEY"
ENV_FILE = "CREDITGRADE_ID_KEY_FILE"
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){16,}")


def id_key(lake: Lake, environ: Mapping[str, str]) -> bytes:
    """The key of this lake, made at the first run where the environment gives none.

    Args:
        lake: an open lake.
        environ: ``CREDITGRADE_ID_KEY`` (text, or 32 and more hex digits) goes before
            ``CREDITGRADE_ID_KEY_FILE`` (a file that holds the same), that before ``id.key`` in the lake.

    Raises:
        UsageError: ``id_key_other`` (the lake was made with another key), ``id_key_unreadable``.
    """
    recorded = _recorded_fingerprint(lake)
    text, source = _given_key(environ)
    if text is None:
        source = str(lake.key_file)
        if lake.key_file.exists():
            text = _read_key(lake.key_file)
        elif recorded is None:
            text = _make_key(lake.key_file)
        else:
            raise UsageError(
                f"the ids in {lake.root} were hashed with a key that is not given: set {ENV_KEY} or {ENV_FILE}",
                rule="id_key_other",
            )
    key = bytes.fromhex(text) if _HEX.fullmatch(text) else text.encode("utf-8")
    fingerprint = key_fingerprint(key)
    if recorded is None:
        write_json(lake.key_record, {"fingerprint": fingerprint})
    elif recorded != fingerprint:
        raise UsageError(
            f"the ids in {lake.root} were hashed with another key than that of {source}"
            f" (fingerprints {recorded} and {fingerprint})",
            rule="id_key_other",
        )
    return key


def key_fingerprint(key: bytes) -> str:
    """Sixteen hex digits that name a key without telling it."""
    return hmac.new(key, b"creditgrade id key fingerprint", hashlib.sha256).hexdigest()[:16]


def _given_key(environ: Mapping[str, str]) -> tuple[str | None, str]:
    text = environ.get(ENV_KEY, "").strip()
    if text:
        return text, ENV_KEY
    file = environ.get(ENV_FILE, "").strip()
    return (_read_key(Path(file)), file) if file else (None, "")


def _read_key(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the key file {path} cannot be read", rule="id_key_unreadable") from error
    if not text:
        raise UsageError(f"the key file {path} is empty", rule="id_key_unreadable")
    return text


def _make_key(path: Path) -> str:
    text = secrets.token_hex(32)
    with whole_file(path, mode=0o600) as temporary:
        temporary.write_text(text + "\n", encoding="ascii")
    sync_folder(path.parent)
    return text


def _recorded_fingerprint(lake: Lake) -> str | None:
    if not lake.key_record.exists():
        return None
    try:
        return str(json.loads(lake.key_record.read_text(encoding="utf-8"))["fingerprint"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{lake.key_record} is damaged", rule="id_key_unreadable") from error
