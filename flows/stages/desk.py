"""The last stage: the desk takes in the night's snapshot; and the witness that a manifest keeps of its audit trail.

Both are only for an installation that has a desk: a store under OUT/desk, or one named by the environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desk.places import ENV_AUDIT, ENV_DATABASE, FOLDER
from desk.witness import Witness, witness_in
from flows.control.folder import OutFolder
from flows.control.latest import read_latest
from publish.places import MANIFEST

if TYPE_CHECKING:
    from desk.load import Loaded
    from flows.request import Plan
    from publish.snapshot import Published


def has_store(out: Path) -> bool:
    """Whether there is a desk to load."""
    return bool(os.environ.get(ENV_DATABASE)) or (out / FOLDER / "eligibility.sqlite").exists()


def load_desk(plan: Plan, published: Published) -> Loaded:
    """Loads the snapshot that ``latest.json`` names; it stands, whatever becomes of this stage.

    Raises:
        CreditgradeError: `desk.load.load`.
    """
    from desk.load import load
    from desk.places import Places

    return load(published.path, Places.of(plan.out.root, environ=os.environ), plan.now)


def audit_head(out: Path) -> tuple[dict[str, Any] | None, str | None]:
    """The newest link of the audit trail, and a warning where it is not to be read, or shorter than was witnessed.

    No snapshot waits for the desk.

    Returns:
        (None, None) where there is no trail, or nothing in it.
    """
    from records.errors import CreditgradeError

    latest = read_latest(OutFolder(out))
    witness, unread = None, None
    try:
        witness = witness_in(out / latest["path"] / MANIFEST) if latest else None
    except ValueError as error:
        unread = f"the desk's audit trail may have been cut: {error}"
    if not os.environ.get(ENV_AUDIT) and not (out / FOLDER / "audit.sqlite").exists():
        return None, _cut(0, witness)
    from desk.audit import read_head
    from desk.places import Places

    try:
        head = read_head(Places.of(out, environ=os.environ))
    except CreditgradeError as error:
        return None, f"the desk's audit trail is not witnessed by this manifest: {error}"
    return (head.as_json() if head.entries else None), unread or _cut(head.entries, witness)


def _cut(entries: int, witness: Witness | None) -> str | None:
    if witness is None or entries >= witness.entries:
        return None
    return (
        f"the desk's audit trail ends at entry {entries:,}, {witness.where} witnessed {witness.entries:,}: its tail "
        "was cut, or it was restored (creditgrade desk audit verify)"
    )
