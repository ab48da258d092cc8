"""Where the desk keeps what it knows: three databases, so that a long load never blocks an answer's audit entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from records.errors import UsageError

ENV_OUT = "CREDITGRADE_OUT"
ENV_DATABASE = "CREDITGRADE_DESK_DATABASE"
ENV_AUDIT = "CREDITGRADE_DESK_AUDIT"
FOLDER = "desk"
_KINDS = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Places:
    """The databases of one desk, as SQLAlchemy URLs.

    Attributes:
        folder: ``OUT/desk``, mode 700: the embedded databases.
        eligibility: what the snapshots said, by validity intervals.
        access: users, tokens, sessions, objections.
        audit: every look-up; a database of its own.
    """

    folder: Path
    eligibility: str
    access: str
    audit: str

    @classmethod
    def of(
        cls, out: Path | None, database: str | None = None, audit: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Self:  # fmt: skip
        """The places under an output folder, or those of the URLs.

        A SQLite file named by URL has the others beside it, ``<name>-access`` and ``<name>-audit``.

        Args:
            out: the output folder of the runs; None for the environment's.
            database: URL for eligibility and access; None for the environment's, or SQLite under ``OUT/desk``.
            audit: URL for the audit trail; None likewise.
            environ: of the process.

        Raises:
            UsageError: ``no_desk``, ``bad_database``, ``audit_not_apart``.
        """
        env = environ or {}
        root = out or (Path(env[ENV_OUT]) if env.get(ENV_OUT) else None)
        main, trail = database or env.get(ENV_DATABASE), audit or env.get(ENV_AUDIT)
        file = file_of(main) if main else None
        if root is None and file is None and not (main and trail):
            raise UsageError(
                f"where is the desk? --runs DIR or {ENV_OUT}, or --database URL (with --audit URL for PostgreSQL)",
                rule="no_desk",
            )
        folder = root / FOLDER if root else file.parent if file else Path.cwd() / FOLDER
        if file is not None:
            eligibility, access = _sqlite(file), _sqlite(file.with_stem(f"{file.stem}-access"))
            apart = _sqlite(file.with_stem(f"{file.stem}-audit"))
        else:
            eligibility = access = _known(main) if main else ""
            apart = _sqlite(folder / "audit.sqlite")
        if not main:
            eligibility, access = (_sqlite(folder / f"{name}.sqlite") for name in ("eligibility", "access"))
        places = cls(folder, eligibility, access, _known(trail) if trail else apart)
        if places.audit in (places.eligibility, places.access):
            raise UsageError("the audit trail needs a database of its own", rule="audit_not_apart")
        return places

    def make_folder(self) -> None:
        """Makes ``OUT/desk`` for the owner alone.

        Raises:
            UsageError: ``not_writable``.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{self.folder} cannot be made: {error.strerror}", rule="not_writable"
            ) from error


def _sqlite(file: Path) -> str:
    return f"sqlite:///{file.resolve()}"


def file_of(url: str) -> Path | None:
    """The file of a SQLite URL; None for another database."""
    kind, _, rest = _known(url).partition(":///")
    return Path(rest) if kind == "sqlite" else None  # sqlite:////a/b is absolute


def _known(url: str) -> str:
    """A URL with the driver that is installed.

    >>> _known("postgres://desk@db/desk")
    'postgresql+psycopg://desk@db/desk'
    """
    kind, mark, rest = url.partition("://")
    kind = {"postgres": "postgresql"}.get(kind.split("+")[0], kind.split("+")[0])
    if kind not in _KINDS or not mark or (kind == "sqlite" and not rest.strip("/")):
        raise UsageError(
            "a database is named by a URL that begins with sqlite:/// or postgresql://", rule="bad_database"
        )
    return f"postgresql+psycopg://{rest}" if kind == "postgresql" else f"sqlite://{rest}"
