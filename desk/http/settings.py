"""What a server is told, and what it holds while it runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from desk.places import Places

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from desk.answers import Answer
    from desk.asking_together import Single
    from desk.audit import Audit
    from desk.http.limits import Limits
    from desk.store import Store
    from desk.together import Together
    from desk.tokens import Token
    from policy import Calendar

ENV = "CREDITGRADE_DESK_SETTINGS"


@dataclass(frozen=True)
class Settings:
    """Options of ``desk serve``.

    Attributes:
        places: the databases.
        policy: folder of the policy; None for the shipped one. Only its calendar is read here.
        rulings: folder into which rulings on objections are written; None: a ruling cannot be given.
        is_plain_http: the cookie may travel without TLS (a test, or a desk that only its own machine reaches).
        per_minute: questions a user may ask in a minute.
        token_per_second: questions a token may ask in a second.
    """

    places: Places
    policy: Path | None = None
    rulings: Path | None = None
    is_plain_http: bool = False
    per_minute: int = 240
    token_per_second: int = 1_000

    def to_text(self) -> str:
        """For the environment of worker processes."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """What `to_text` wrote."""
        value: dict[str, Any] = json.loads(text)
        places = Places(**{**value["places"], "folder": Path(value["places"]["folder"])})
        paths = {key: Path(value[key]) if value[key] else None for key in ("policy", "rulings")}
        return cls(**{**value, **paths, "places": places})


@dataclass
class Desk:
    """What every request shares."""

    settings: Settings
    store: Store
    audit: Audit
    access: Engine
    asking: Together[Single, Answer]
    tokens: Together[str, Token | None]
    limits: Limits
    calendar: Calendar

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Opens and migrates the databases.

        Raises:
            UsageError: ``database_unreachable`` and others; PolicyError.
        """
        from desk.asking_together import asking_together
        from desk.audit import Audit
        from desk.databases import migrate, open_engine
        from desk.http.limits import Limits
        from desk.store import Store
        from desk.tokens import opening_together
        from policy import load_policy

        settings.places.make_folder()
        eligibility = open_engine(settings.places.eligibility)
        migrate(eligibility, "eligibility")
        eligibility.dispose()
        access = open_engine(settings.places.access)
        migrate(access, "access")
        store, audit = Store(settings.places), Audit(settings.places)
        return cls(
            settings, store, audit, access, asking_together(store, audit), opening_together(access),
            Limits(settings.per_minute, settings.token_per_second), load_policy(settings.policy).holidays,
        )  # fmt: skip

    def close(self) -> None:
        """Answers and writes what waits, and gives everything back."""
        self.asking.close()
        self.tokens.close()
        self.audit.close()
        self.store.close()
        self.access.dispose()
