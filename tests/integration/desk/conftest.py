"""A desk to ask: on SQLite, and on a real PostgreSQL that the session starts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.postgres import make_databases, own_server
from desk.answers import Answer
from desk.asking import Question, ask
from desk.audit import Audit, Who
from desk.load import Loaded, load
from desk.places import Places
from desk.store import Store
from tests.integration.desk.making import DAY, write_snapshot

if TYPE_CHECKING:
    from tests.integration.desk.site import Site

WHO = Who("os:tester", "operator", "cli")
NOON = datetime(2026, 6, 30, 4, 0, tzinfo=UTC)


@dataclass
class City:
    """An output folder with its desk."""

    out: Path
    places: Places
    opened: list[Any] = field(default_factory=list)

    def publish(self, entities: Sequence[Any], blockers: Sequence[Any] = (), **values: Any) -> Path:
        return write_snapshot(self.out, entities, blockers, **values)

    def load(self, snapshot: Path, now: datetime = NOON) -> Loaded:
        return load(snapshot, self.places, now)

    def night(
        self, entities: Sequence[Any], blockers: Sequence[Any] = (), *, as_of: date = DAY, now: datetime | None = None,
        **values: Any,
    ) -> Loaded:  # fmt: skip
        """Publishes and loads on the same day."""
        snapshot = self.publish(entities, blockers, as_of=as_of, **values)
        return self.load(snapshot, now or datetime(as_of.year, as_of.month, as_of.day, 4, tzinfo=UTC))

    @property
    def store(self) -> Store:
        return self._kept(Store(self.places))

    @property
    def audit(self) -> Audit:
        return self._kept(Audit(self.places))

    def ask(
        self, applicant: str, item: str = "", on: date | None = DAY, known_on: date | None = None
    ) -> Answer:
        return ask(self.store, self.audit, WHO, [Question(applicant, item)], on=on, known_on=known_on)[0]

    def _kept(self, made: Any) -> Any:
        self.opened.append(made)
        return made

    def close(self) -> None:
        for made in self.opened:
            made.close()
        self.opened.clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server of this session's own, on a socket in a folder of its own."""
    with own_server(is_durable=False) as url:
        yield url


def postgres_places(url: str, out: Path) -> Places:
    """Two fresh databases of the server."""
    mark = uuid.uuid4().hex[:10]
    make_databases(url, f"desk_{mark}", f"audit_{mark}")
    return Places.of(out, url.format(name=f"desk_{mark}"), url.format(name=f"audit_{mark}"))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[City]:
    """A desk on each database."""
    out = tmp_path / "out"
    out.mkdir()
    if request.param == "postgres":
        places = postgres_places(request.getfixturevalue("postgres"), out)
    else:
        places = Places.of(out)
    made = City(out, places)
    yield made
    made.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[City]:
    """A desk on SQLite alone, where the database makes no difference."""
    out = tmp_path / "out"
    out.mkdir()
    made = City(out, Places.of(out))
    yield made
    made.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running desk with a list, tokens and users; each test leaves its buckets and lists as they were."""
    from tests.integration.desk.site import open_site

    with open_site(tmp_path_factory.mktemp("site") / "out") as made:
        yield made
