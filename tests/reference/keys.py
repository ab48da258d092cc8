"""Natural keys, winners and superseded versions (contract §2, Natural keys)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from tests.reference.directory import Directory
from tests.reference.world import Row, World


@dataclass(frozen=True)
class Record:
    """All versions of one natural key.

    Attributes:
        kind: record kind.
        subject: `subject` of the contract: USCC of the linked entity, else the best that the row carries.
        linked: USCC of the entity, None where the subject is not linked.
        versions: accepted rows of the key, first delivered first; the last one wins.
    """

    kind: str
    subject: str
    linked: str | None
    versions: tuple[Row, ...]

    @property
    def winner(self) -> Row:
        """The last version in delivery order."""
        return self.versions[-1]

    @property
    def superseded(self) -> tuple[Row, ...]:
        """The versions before it."""
        return self.versions[:-1]

    @property
    def doc_norm(self) -> str:
        """Normalised document number of the key: a row that closes an entry has none."""
        return next((row["doc_norm"] for row in self.versions if row.get("doc_norm")), "")

    @property
    def doc_no(self) -> str | None:
        """Raw document number of the key: the last one delivered."""
        return next((row["doc_no"] for row in reversed(self.versions) if row.get("doc_norm")), None)


def subject_of(row: Row, linked: str | None) -> str:
    """The linked entity's USCC; unlinked: USCC, else 注册号, else organisation code, else normalised name."""
    return linked or row["uscc"] or row.get("reg_no") or row.get("org_code") or row["name_norm"] or ""


def key_of(row: Row, kind: str, linked: str | None) -> tuple[Hashable, ...]:
    """The natural key of a row, but for listings that close another entry (see `listing_records`)."""
    subject = subject_of(row, linked)
    match kind:
        case "penalties":
            return (row["authority_key"], row["doc_norm"], subject)
        case "licences":
            return (row["authority_key"], row["doc_norm"] or row["licence_norm"], subject, row["decided_on"])
        case "inspections":
            return (row["task_no"], row["item"], subject, row["inspected_on"])
        case "listings":
            return (row["list_type"], row["authority_key"], row["doc_norm"], subject, row["listed_on"])
        case "honours":
            return (
                row["honour_code"] or row["honour_type"],
                row["authority_key"],
                subject,
                row["valid_from"],
            )
        case "amendments" | "rulings":
            return (row["row_key"],)
        case "entities":
            return (row["uscc"], row["updated_on"])
    raise ValueError(f"unknown kind {kind}")


def records_of(world: World, kind: str, directory: Directory) -> list[Record]:
    """All records of a kind, each with its versions in delivery order."""
    if kind == "listings":
        return listing_records(world, directory)
    grouped: dict[tuple[Hashable, ...], list[tuple[Row, str | None]]] = {}
    for row in world.rows(kind):
        linked = _linked(row, kind, directory)
        grouped.setdefault(key_of(row, kind, linked), []).append((row, linked))
    return [_record(kind, members) for members in grouped.values()]


def _linked(row: Row, kind: str, directory: Directory) -> str | None:
    if kind == "entities":
        return str(row["uscc"])
    if kind == "amendments":
        return None  # an amendment is linked through the target that it finds (force.py)
    if kind == "rulings":
        return row["uscc"] if row["uscc"] in directory.known else None
    return directory.link(row)


def _record(kind: str, members: list[tuple[Row, str | None]]) -> Record:
    row, linked = members[-1]
    subject = subject_of(row, linked) if kind not in ("amendments",) else ""
    return Record(kind, subject, linked, tuple(member for member, _ in members))


def listing_records(world: World, directory: Directory) -> list[Record]:
    """Entries on lists. A row with `removed_on` and without number closes the one entry of the same other parts.

    It then shares that entry's key, so that the last in delivery order wins, as everywhere. Where no entry, or
    more than one, has the other key parts, an empty number equals only an empty one.
    """
    rows = [(row, directory.link(row)) for row in world.rows("listings")]
    entries: dict[tuple[Hashable, ...], set[str]] = {}
    for row, linked in rows:
        if not _is_closing(row):
            entries.setdefault(_other_parts(row, linked), set()).add(row["doc_norm"])
    grouped: dict[tuple[Hashable, ...], list[tuple[Row, str | None]]] = {}
    for row, linked in rows:
        other = _other_parts(row, linked)
        number = row["doc_norm"]
        if _is_closing(row) and len(entries.get(other, set())) == 1:
            (number,) = entries[other]
        grouped.setdefault((*other, number), []).append((row, linked))
    return [_record("listings", members) for members in grouped.values()]


def _is_closing(row: Row) -> bool:
    return row["doc_norm"] == "" and row["removed_on"] is not None


def _other_parts(row: Row, linked: str | None) -> tuple[Hashable, ...]:
    return (row["list_type"], row["authority_key"], subject_of(row, linked), row["listed_on"])
