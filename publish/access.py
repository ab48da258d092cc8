"""Who may read what: regulators their folder and the manifest, the desk its own folder (promise 5).

Without groups only the owner reads what holds classes. With them (``CREDITGRADE_REGULATORS_GROUP``,
``CREDITGRADE_DESK_GROUP``) each group reads its folder, and passes through the snapshot's without listing it.
"""

from __future__ import annotations

import grp
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from publish.places import DESK, MANIFEST, REGULATORS
from records.errors import UsageError

ENV_REGULATORS = "CREDITGRADE_REGULATORS_GROUP"
ENV_DESK = "CREDITGRADE_DESK_GROUP"
SNAPSHOT_MODE = 0o711


@dataclass(frozen=True)
class Access:
    """Unix groups by number; None where none is named."""

    regulators: int | None = None
    desk: int | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """The groups that the environment names.

        Raises:
            UsageError: ``unknown_group``.
        """
        return cls(_group(environ, ENV_REGULATORS), _group(environ, ENV_DESK))

    def apply(self, snapshot: Path) -> None:
        """Sets modes and groups of a finished snapshot.

        Raises:
            UsageError: ``group_not_allowed`` where the process may not give a file to the group.
        """
        regulators_folder, regulators_file = (0o700, 0o600) if self.regulators is None else (0o750, 0o640)
        _set(snapshot / MANIFEST, regulators_file, self.regulators)
        for path in (snapshot / REGULATORS).iterdir():
            _set(path, regulators_file, self.regulators)
        _set(snapshot / REGULATORS, regulators_folder, self.regulators)
        for path in (snapshot / DESK).iterdir():
            _set(path, 0o640, self.desk)
        _set(snapshot / DESK, 0o750, self.desk)
        _set(snapshot, SNAPSHOT_MODE, None)


def _group(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    try:
        return grp.getgrnam(text).gr_gid
    except KeyError as error:
        raise UsageError(
            f"{name} names the group {text!r}, which does not exist", rule="unknown_group"
        ) from error


def _set(path: Path, mode: int, group: int | None) -> None:
    if group is not None:
        try:
            os.chown(path, -1, group)
        except PermissionError as error:
            raise UsageError(
                f"{path.name}: this user is not in the group {group} and may not give files to it",
                rule="group_not_allowed",
            ) from error
    path.chmod(mode)
