"""The walk over a landing folder: which files are read, refused or ignored (contract §2)."""

from __future__ import annotations

import fnmatch
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from records.errors import InputRefused, UsageError
from records.schema import KINDS, KINDS_ZH

IGNORED_FILES = (".*", "~$*", "*.part", "*.tmp", "*.md5", "readme*")
# A folder that is still being filled or that hides itself; README* and *.md5 are names of files.
IGNORED_FOLDERS = (".*", "~$*", "*.part", "*.tmp")
# What operating systems leave behind (".DS_Store and the like").
SYSTEM_FILES = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r")
SYSTEM_FOLDERS = ("__macosx", "$recycle.bin", "system volume information", "lost+found", "@eadir")
# Links to folders that are followed in one landing folder.
FOLDER_LINKS = 1_000
# Of what should not lie at the root a message names so many.
_NAMED_STRAYS = 10

_TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
_KIND_OF_FOLDER = {**{kind: kind for kind in KINDS}, **{zh: kind for kind, zh in KINDS_ZH.items()}}


@dataclass(frozen=True)
class LandingFile:
    """A file to be read: path under the landing folder, its kind, where it lies."""

    path: str
    kind: str
    place: Path


@dataclass(frozen=True)
class Unreadable:
    """Something under a kind's folder that cannot be taken in, so that its bytes are not on record.

    Attributes:
        path: path under the landing folder.
        kind: record kind.
        rule: ``file_unreadable``, ``link_out_of_landing``, ``limit_exceeded`` or ``file_name_not_text``.
        message: why.
    """

    path: str
    kind: str
    rule: str
    message: str


def walk_landing(landing: Path) -> tuple[list[LandingFile], list[Unreadable]]:
    """Lists what lies in a landing folder, in code-point order of the paths.

    Returns:
        the files to read, and what cannot be read.

    Raises:
        UsageError: ``landing_missing`` where the folder does not exist or cannot be listed.
        InputRefused: ``unknown_folder`` for folders that are no kind, ``file_at_root`` for files beside them; where
            there are both, the first names them.
    """
    try:
        root = landing.resolve(strict=True)
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "it is a loop of links"
        raise UsageError(f"landing folder {landing}: {reason}", rule="landing_missing") from error
    links = count()
    found = [
        item
        for entry, kind in _folders_of_kinds(entries)
        for item in _walk(root, root, entry, entry.name, kind, (), links)
    ]
    files = [item for item in found if isinstance(item, LandingFile)]
    unreadable = [item for item in found if isinstance(item, Unreadable)]
    return sorted(files, key=lambda item: item.path), sorted(unreadable, key=lambda item: item.path)


def holds_no_file(landing: Path) -> bool:
    """Whether there is no file at all, not even one that is ignored: so looks a share that was not mounted."""
    return not any(files for _, _, files in os.walk(landing))


def _folders_of_kinds(entries: Sequence[os.DirEntry[str]]) -> list[tuple[os.DirEntry[str], str]]:
    """The entries at the root that are read, each with its kind; all that should not lie there are named at once."""
    found, folders, files = [], [], []
    for entry in entries:
        kind = _KIND_OF_FOLDER.get(entry.name)
        if _is_folder(entry) or (kind and entry.is_symlink()):
            if kind:
                found.append((entry, kind))
            elif not _matches(entry.name, IGNORED_FILES + SYSTEM_FOLDERS):
                folders.append(_text(entry.name))
        elif not _matches(entry.name, IGNORED_FILES + SYSTEM_FILES):
            files.append(_text(entry.name))
    if folders or files:
        raise _strays(folders, files)
    return found


def _strays(folders: Sequence[str], files: Sequence[str]) -> InputRefused:
    names = [*folders, *files]
    if len(names) == 1:
        told = "unknown folder" if folders else "a file beside the folders of the kinds"
    else:
        shown = [*(f"folder {name}" for name in folders), *(f"file {name}" for name in files)][:_NAMED_STRAYS]
        more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        told = f"in the landing folder lie {', '.join(shown)}{more}"
    return InputRefused(
        f"{told}: move it out of the landing folder, or under the folder of a kind, which are {', '.join(KINDS)} and "
        f"{', '.join(KINDS_ZH.values())}",
        rule="unknown_folder" if folders else "file_at_root",
        file=names[0] if len(names) == 1 else None,
    )


def _walk(
    root: Path,
    folder: Path,
    entry: os.DirEntry[str],
    path: str,
    kind: str,
    within: tuple[Path, ...],
    links: Iterator[int],
) -> Iterator[LandingFile | Unreadable]:
    """Files at or below an entry.

    Links are followed inside the landing folder; one to a folder that it lies in leads to nothing new.

    Args:
        root: the landing folder, without links.
        folder: the folder of the entry, without links.
        entry: what lies there.
        path: its path under the landing folder.
        kind: record kind.
        within: the folders walked through to get here, without links.
        links: number of the next link to a folder; a dozen folders that lead to one another have more ways through
            them than anybody could walk.
    """
    shown = _text(path)
    if shown != path:
        yield Unreadable(
            shown, kind, "file_name_not_text", "the name is no UTF-8 text or has control characters"
        )
        return
    try:
        real = Path(entry.path).resolve(strict=True) if entry.is_symlink() else folder / entry.name
        if root not in real.parents:
            yield Unreadable(path, kind, "link_out_of_landing", "a link leads out of the landing folder")
        elif entry.is_file():
            yield LandingFile(path, kind, real)
        elif not entry.is_dir():
            yield Unreadable(path, kind, "file_unreadable", "no regular file")
        elif real in within:
            return
        elif entry.is_symlink() and next(links) >= FOLDER_LINKS:
            yield Unreadable(path, kind, "limit_exceeded", f"more than {FOLDER_LINKS:,} links to folders")
        else:
            for below in sorted(os.scandir(real), key=lambda below: below.name):
                if not _is_ignored(below):
                    yield from _walk(root, real, below, f"{path}/{below.name}", kind, (*within, real), links)
    except (OSError, RuntimeError) as error:
        yield Unreadable(path, kind, "file_unreadable", _reason(error))


def _reason(error: OSError | RuntimeError) -> str:
    if isinstance(error, FileNotFoundError):
        return "a link leads nowhere"
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "a loop of links"


def _is_ignored(entry: os.DirEntry[str]) -> bool:
    folders, files = IGNORED_FOLDERS + SYSTEM_FOLDERS, IGNORED_FILES + SYSTEM_FILES
    return _matches(entry.name, folders if _is_folder(entry) else files)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or leads to one; a link that leads to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in patterns)


def _text(name: str) -> str:
    """The name with what must not reach a terminal or a log shown as escapes: bytes that are no UTF-8, controls."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char.encode("unicode_escape").decode() if _is_control(char) else char for char in text)


def _is_control(char: str) -> bool:
    """Controls of terminals, line ends, and marks that turn the direction of a text around."""
    return unicodedata.category(char) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(char) in _TURNING
