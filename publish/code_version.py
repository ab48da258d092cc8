"""Which code made a snapshot: the version of the package and a digest of its sources."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
from pathlib import Path

# What decides an answer. The policy's tables are not code: they have a version of their own.
PACKAGES = ("policy", "records", "expectations", "features", "models", "publish", "flows")


@functools.cache
def code_version() -> str:
    """``<version>+<12 hex digits>`` over the Python files of the packages, wherever they are installed."""
    digest = hashlib.sha256()
    for name in PACKAGES:
        for folder in _folders(name):
            for path in sorted(folder.rglob("*.py"), key=lambda p: p.relative_to(folder).as_posix()):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{name}/{path.relative_to(folder).as_posix()} {content}\n".encode())
    return f"{importlib.metadata.version('creditgrade')}+{digest.hexdigest()[:12]}"


def _folders(name: str) -> list[Path]:
    spec = importlib.util.find_spec(name)
    return [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
