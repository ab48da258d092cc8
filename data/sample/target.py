"""The folder that a sample is written to: whose it is, and what lies in it beside the data."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from datetime import date
from pathlib import Path

from records.errors import UsageError

# On the ignore list of the contract, as is everything that begins with a dot.
MARKER = ".creditgrade-sample"
_README = """creditgrade: synthetic landing files (模拟数据)

全部主体、人员、文号及代码均为虚构；组织机构代码以 MAX 开头，公民身份号码所在县级代码 349901 不存在。
Every entity, person, number and code in here is invented.

entities: {entities}    seed: {seed}    as of: {as_of}    penalties of citizens for each: {citizen_penalties:g}
"""


class Target:
    """A landing folder under construction; every file of it stands in the marker, so that it can be replaced."""

    def __init__(
        self, folder: Path, *, entities: int, seed: int, as_of: date, citizen_penalties: float
    ) -> None:
        """Take the folder over.

        Raises:
            UsageError: it is no folder, holds files that no sample put there, or cannot be written.
        """
        self.folder = folder
        try:
            _clear(folder)
            folder.mkdir(parents=True, exist_ok=True)
            self._marker = (folder / MARKER).open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise cannot_write(folder, error) from error
        self._about = {
            "entities": entities,
            "seed": seed,
            "as_of": as_of.isoformat(),
            "citizen_penalties": citizen_penalties,
        }

    def begin(self) -> None:
        """Say whose the folder is, in it."""
        self._line(json.dumps(self._about, sort_keys=True))
        self._text("README.md", _README.format(**self._about))

    def path(self, name: str) -> Path:
        """A file to be written; its folder is made."""
        self._line(name)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def copy(self, name: str, to: str) -> None:
        """The same bytes under another name."""
        shutil.copyfile(self.folder / name, self.path(to))

    def finish(self, checksummed: str) -> None:
        """Adds what departments leave beside their files, all of it on the ignore list."""
        if (self.folder / checksummed).exists():  # a handful of entities leaves some files without a row
            digest = hashlib.md5((self.folder / checksummed).read_bytes(), usedforsecurity=False).hexdigest()
            self._text(checksummed + ".md5", f"{digest}  {Path(checksummed).name}\n")
        self._text("penalties/README.txt", "行政处罚信息报送目录\n")
        self._text("licences/模板/~$行政许可模板.xlsx", "lock")

    def close(self) -> None:
        """Leave the folder, finished or not."""
        with contextlib.suppress(OSError):
            self._marker.close()

    def _text(self, name: str, content: str) -> None:
        self.path(name).write_text(content, encoding="utf-8", newline="\n")

    def _line(self, text: str) -> None:
        self._marker.write(text + "\n")
        # Written at once: after a kill the marker still names every file.
        self._marker.flush()


def cannot_write(folder: Path, error: OSError) -> UsageError:
    """The error for a folder that the system does not let us write, or not to the end."""
    message = f"cannot write the sample: {error.strerror or error}"
    return UsageError(message, rule="target_unwritable", file=str(folder))


def _clear(folder: Path) -> None:
    """Remove a previous sample, and nothing else.

    Raises:
        UsageError: something lies there that no sample put there.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError("is not a folder", rule="target_not_a_folder", file=str(folder))
    marker = folder / MARKER
    own: set[Path] = set()
    if marker.is_file():
        own = {marker, *(folder / line for line in marker.read_text(encoding="utf-8").splitlines()[1:])}
    present = {path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}
    foreign = sorted(str(path.relative_to(folder)) for path in present - own)
    if foreign:
        message = (
            f"the folder is not empty and {foreign[0]} is not part of a previous sample; choose an empty one"
        )
        raise UsageError(message, rule="target_not_empty", file=str(folder))
    for path in present:
        path.unlink()
    for path in sorted((path for path in folder.rglob("*")), reverse=True):
        path.rmdir()
