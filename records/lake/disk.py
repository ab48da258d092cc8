"""Writing that is either whole or absent, and errors of the disk as one clear line."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from records.errors import CreditgradeError, UsageError

TEMP_PREFIX = ".writing-"
_LOOK_EVERY_SECONDS = 0.2
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}
# Of a folder that is to be made: its parents are made too, so that nothing can be missing but a place for it (/proc).
_NO_PLACE = {errno.ENOENT, errno.ENAMETOOLONG, errno.ELOOP}


@contextmanager
def clear_disk_errors(place: Path) -> Iterator[None]:
    """Turns a full or unwritable disk into one line that names the place.

    Raises:
        CreditgradeError: ``disk_full`` (exit 1).
        UsageError: ``not_writable`` (exit 2).
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise CreditgradeError(f"no space left to write {place}", rule="disk_full") from error
        if error.errno in _FORBIDDEN:
            raise UsageError(
                f"cannot write {place}: {os.strerror(error.errno)}", rule="not_writable"
            ) from error
        raise


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Makes a folder that a person named, and its parents; one that is there stays as it is.

    Raises:
        CreditgradeError: ``disk_full`` (exit 1).
        UsageError: ``not_writable`` (exit 2).
    """
    with clear_disk_errors(folder):
        try:
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
        except OSError as error:
            if error.errno not in _NO_PLACE:
                raise
            raise UsageError(
                f"cannot make {folder}: {os.strerror(error.errno)}", rule="not_writable"
            ) from error


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in lower-case hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder, after whoever holds it now; its holder's death frees it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def take_lock(handle: int, wait_seconds: float, *, waiting: Callable[[], None] = lambda: None) -> bool:
    """Takes the lock of an open file (``flock``), whose holder's death frees it; whether it was to be had in time.

    Args:
        handle: of the file; the lock goes when it is closed.
        wait_seconds: how long to wait for another holder.
        waiting: called once where there is one to wait for.
    """
    until = time.monotonic() + wait_seconds
    has_told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            left = until - time.monotonic()
        if left <= 0:
            return False
        if not has_told:
            waiting()
            has_told = True
        time.sleep(min(_LOOK_EVERY_SECONDS, left))


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def whole_file(path: Path, *, mode: int = 0o600, is_durable: bool = True) -> Iterator[Path]:
    """Gives a temporary name in the same folder; what is written there gets its own name at the end.

    The file is fsynced before it is renamed (see `publish_file`); on any error it is removed and the old one stays.
    """
    with clear_disk_errors(path):
        handle, name = tempfile.mkstemp(prefix=TEMP_PREFIX, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            publish_file(temporary, path, mode=mode, is_durable=is_durable)
        finally:
            temporary.unlink(missing_ok=True)


def publish_file(temporary: Path, path: Path, *, mode: int = 0o600, is_durable: bool = True) -> None:
    """Fsyncs a finished temporary file and renames it to its own name.

    Args:
        temporary: the finished file.
        path: its name.
        mode: its mode.
        is_durable: False for a file that every run checks by its hash and can make again: of thousands of small
            ones, waiting for the disk is most of the work. A power cut may spoil it.
    """
    handle = os.open(temporary, os.O_RDONLY)
    try:
        os.fchmod(handle, mode)
        if is_durable:
            os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(temporary, path)


def write_json(path: Path, value: Mapping[str, Any], *, mode: int = 0o600, is_durable: bool = True) -> None:
    """Writes a JSON object whole, with sorted keys: equal content gives equal bytes."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    with whole_file(path, mode=mode, is_durable=is_durable) as temporary:
        temporary.write_text(text, encoding="utf-8")
