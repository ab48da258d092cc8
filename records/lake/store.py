"""``received/``: the delivered bytes, compressed, by sha256."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from records.errors import CreditgradeError
from records.lake.disk import TEMP_PREFIX, clear_disk_errors, publish_file
from records.lake.layout import Lake

_BLOCK = 1 << 20
_HELP = ": restore it from the backup (`creditgrade lake status --read-all` names all such)"


class GrowingFile(Exception):
    """A landing file changed, or went away, while it was read: it is left for the next run."""


class UnreadableFile(Exception):
    """A landing file cannot be read, or not to its end."""


@dataclass(frozen=True)
class FileState:
    """What tells that a file is still the one that was hashed.

    A copy that keeps modification times cannot set the time of the inode's last change.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> FileState:
        """The state that a stat call shows."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass(frozen=True)
class Copied:
    """A landing file whose bytes are in the lake."""

    sha256: str
    bytes: int
    state: FileState


def copy_in(lake: Lake, source: Path) -> Copied:
    """Hashes a landing file while its bytes are stored; they are on disk when this returns.

    The new name in ``received/`` survives a power cut only after that folder is synced too.

    Raises:
        GrowingFile: it changed, or went away, while it was read.
        UnreadableFile: no regular file, no permission, a bad disk.
        CreditgradeError: ``disk_full``.
    """
    digest = hashlib.sha256()
    with _open_regular(source) as file:
        before = FileState.of(os.fstat(file.fileno()))
        handle, name = tempfile.mkstemp(prefix=TEMP_PREFIX, dir=lake.received)
        os.close(handle)
        temporary = Path(name)
        try:
            size = _compress(file, temporary, digest)
            now = (FileState.of(os.fstat(file.fileno())), _state_now(source))
            if size != before.size or now != (before, before):
                raise GrowingFile(f"{source} changed while it was read")
            sha256 = digest.hexdigest()
            with clear_disk_errors(lake.received):
                if not lake.bytes_of(sha256).exists():
                    publish_file(temporary, lake.bytes_of(sha256), mode=0o600)
        finally:
            temporary.unlink(missing_ok=True)
    return Copied(sha256, size, before)


@contextmanager
def restore(lake: Lake, sha256: str, suffix: str) -> Iterator[Path]:
    """Gives the delivered bytes as a file (mode 600, inside ``received/``) for as long as they are parsed.

    Args:
        lake: an open lake.
        sha256: of the bytes.
        suffix: of the file's name, such as ``.csv.gz``.

    Raises:
        CreditgradeError: ``received_bytes_lost`` or ``received_bytes_damaged``.
    """
    handle, name = tempfile.mkstemp(prefix=sha256[:16] + "-", suffix=suffix, dir=lake.scratch)
    path = Path(name)
    digest = hashlib.sha256()
    stored = lake.bytes_of(sha256)
    try:
        with os.fdopen(handle, "wb") as target, clear_disk_errors(lake.scratch):
            for block in _stored_blocks(stored):
                digest.update(block)
                target.write(block)
        if digest.hexdigest() != sha256:
            raise CreditgradeError(f"{stored} is damaged{_HELP}", rule="received_bytes_damaged")
        yield path
    finally:
        path.unlink(missing_ok=True)


def stored_sha256(lake: Lake, sha256: str) -> str | None:
    """The hash of the stored bytes of a delivery; None where they cannot be read to their end."""
    digest = hashlib.sha256()
    try:
        for block in _stored_blocks(lake.bytes_of(sha256)):
            digest.update(block)
    except CreditgradeError:
        return None
    return digest.hexdigest()


def _stored_blocks(stored: Path) -> Iterator[bytes]:
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.OSFile(str(stored)), "zstd") as stream:
            while block := stream.read(_BLOCK):
                yield block
    except FileNotFoundError as error:
        raise CreditgradeError(f"{stored} is missing{_HELP}", rule="received_bytes_lost") from error
    except OSError as error:
        raise CreditgradeError(f"{stored} is damaged{_HELP}", rule="received_bytes_damaged") from error


def _compress(file: BinaryIO, temporary: Path, digest: hashlib._Hash) -> int:
    import pyarrow as pa

    size = 0
    with clear_disk_errors(temporary.parent), pa.CompressedOutputStream(str(temporary), "zstd") as target:
        while block := _read_block(file):
            digest.update(block)
            target.write(block)
            size += len(block)
    return size


def _read_block(file: BinaryIO) -> bytes:
    try:
        return file.read(_BLOCK)
    except OSError as error:
        raise UnreadableFile(os.strerror(error.errno or errno.EIO)) from error


def _open_regular(source: Path) -> BinaryIO:
    """Opens a file for reading; a pipe or device would block for ever, so it is refused unread."""
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise GrowingFile(f"{source} went away") from error
    except OSError as error:
        raise UnreadableFile(os.strerror(error.errno or errno.EIO)) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnreadableFile("no regular file")
    return os.fdopen(handle, "rb", buffering=0)


def _state_now(source: Path) -> FileState | None:
    try:
        return FileState.of(os.stat(source))
    except FileNotFoundError:
        return None
