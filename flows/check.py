"""``creditgrade run --check``: would this landing folder pass? Nothing is changed, not even the lake.

The run itself is done, in a folder of its own that holds the lake and the snapshots as links, and is thrown
away. So the answer, and the exit code, are those of the run.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from flows.control.folder import OutFolder
from flows.pipeline import Answered
from flows.request import Request, stand_apart
from flows.run import Show, run
from publish.places import TEMP_PREFIX
from records.errors import CreditgradeError, UsageError
from records.lake import Lake
from records.lake.disk import TEMP_PREFIX as LAKE_TEMP_PREFIX
from records.lake.disk import take_lock

_SHADOW_PREFIX = "creditgrade-check-"
_YOUNG_SECONDS = 60


def check(request: Request, *, now: datetime, environ: Mapping[str, str], show: Show) -> Answered:
    """What a run with these options would answer.

    Args:
        request: the options; ``--on-finish`` is not called.
        now: the instant.
        environ: the key of the ids and the groups, as for a run.
        show: tells a person.

    Raises:
        CreditgradeError: as the run would.
    """
    stand_apart(request)
    out = OutFolder(request.out)
    lake = Lake(request.lake or out.lake)
    _can_write(out.root)
    _can_write(lake.root)
    if out.root.is_dir():
        out.check_free_space(None)
    with _shadow() as shadow:
        _link_out(out, OutFolder(shadow / "out"))
        _link_lake(lake, Lake(shadow / "lake"))
        asked = replace(
            request, out=shadow / "out", lake=shadow / "lake", on_finish=None, runner="inline", wait_seconds=0
        )
        try:
            return run(asked, now=now, environ=environ, show=show)
        except CreditgradeError as error:
            error.args = (_real(str(error), shadow, lake.root, out.root),)
            raise


@contextmanager
def _shadow() -> Iterator[Path]:
    """A folder for this user alone; rows stand in it while the check lasts."""
    _remove_leftovers(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_SHADOW_PREFIX))  # mode 700
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        take_lock(handle, 0)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _remove_leftovers(temporary: Path) -> None:
    """What a check that was killed has left: delivered rows may stand in it. One that lasts holds its folder's lock."""
    for folder in temporary.glob(f"{_SHADOW_PREFIX}*"):
        try:
            about = folder.lstat()
            # One that was made just now may not be locked yet.
            if about.st_uid != os.geteuid() or time.time() - about.st_ctime < _YOUNG_SECONDS:
                continue
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if take_lock(handle, 0):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def _link_out(out: OutFolder, shadow: OutFolder) -> None:
    shadow.root.mkdir()
    _copy((out.acceptances, out.latest), shadow.root)
    if out.snapshots.is_dir():
        shadow.snapshots.mkdir()
        _link_all(out.snapshots, shadow.snapshots, TEMP_PREFIX)


def _link_lake(lake: Lake, shadow: Lake) -> None:
    """The record is copied first: each of its lines names bytes that were stored before it."""
    shadow.root.mkdir()
    _copy((lake.journal, lake.withdrawn, lake.key_record, lake.key_file, lake.seen_files), shadow.root)
    if not lake.root.is_dir():
        return
    for folder in lake.root.iterdir():
        if folder.is_dir():
            (shadow.root / folder.name).mkdir(mode=0o700)
            _link_all(folder, shadow.root / folder.name, LAKE_TEMP_PREFIX)


def _copy(files: tuple[Path, ...], folder: Path) -> None:
    for file in files:
        if file.exists():
            shutil.copyfile(file, folder / file.name)
            (folder / file.name).chmod(stat.S_IRUSR | stat.S_IWUSR)


def _link_all(source: Path, target: Path, unfinished: str) -> None:
    for entry in os.scandir(source):
        if not entry.name.startswith((unfinished, ".")):
            (target / entry.name).symlink_to(Path(entry.path).resolve())


def _can_write(folder: Path) -> None:
    """Without writing: the folder, or the one in which it would be made, allows it.

    Raises:
        UsageError: ``not_writable``.
    """
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write {folder}", rule="not_writable")


def _real(text: str, shadow: Path, lake: Path, out: Path) -> str:
    return text.replace(str(shadow / "lake"), str(lake)).replace(str(shadow / "out"), str(out))
