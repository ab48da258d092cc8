"""Heads of the audit trail that stand outside of it, in the manifests of snapshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

HEAD_KEY = "desk_audit_head"


class Witness(NamedTuple):
    """A head that stands outside of the trail.

    Attributes:
        where: the file that holds it.
        entries: how many entries there were.
        hash: of the last of them.
    """

    where: str
    entries: int
    hash: str


def where(manifest: Path) -> str:
    """A manifest as a person is told of it."""
    return f"{manifest.parent.name}/{manifest.name}"


def witness_in(manifest: Path) -> Witness | None:
    """The head in a manifest; None where its snapshot saw no trail, or nothing in it.

    Raises:
        ValueError: the manifest cannot be read.
    """
    try:
        head = json.loads(manifest.read_text(encoding="utf-8")).get(HEAD_KEY)
        if head is None or not head["entries"]:
            return None
        return Witness(where(manifest), int(head["entries"]), str(head["hash"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{where(manifest)} cannot be read: its witness is missing") from error
