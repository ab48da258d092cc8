"""The law of one day, as the manifest quotes it, and what it says of a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from publish.story.days import add_months
from publish.story.model import Citation, Record, Text
from publish.story.words import HELD_AS, TIERS

Row = Mapping[str, Any]


class Law:
    """Parameters in force on the day, with their citations.

    Args:
        citations: of the manifest (`policy.cite`); may be empty.
        indicators: titles and reasons of the table of points.
        as_of: the day asked about.
    """

    def __init__(
        self,
        citations: Mapping[str, Mapping[str, Any]],
        indicators: Mapping[str, Mapping[str, str]],
        as_of: str,
    ) -> None:
        self.citations = citations
        self.indicators = indicators
        self.as_of_text = as_of
        try:
            self.as_of = date.fromisoformat(as_of)
        except ValueError:
            self.as_of = date.min

    def value(self, id_: str) -> Any:
        """The value of a parameter; None where the snapshot does not quote it."""
        cited = self.citations.get(id_)
        return None if cited is None else cited["value"]

    def cite(self, *ids: str) -> tuple[Citation, ...]:
        """Citations of parameters; ``honours`` stands for every one; what is not quoted is left out."""
        names = dict.fromkeys(name for id_ in ids for name in self._expanded(id_))
        found = [(name, self.citations[name]) for name in names if name in self.citations]
        return tuple(
            Citation(
                name, cited["label"], cited["value"], cited["source"], cited["article"], cited["confidence"],
                cited["valid_from"], cited["valid_to"],
            )
            for name, cited in found
        )  # fmt: skip

    def months_end(self, event_on: date | None, id_: str) -> date | None:
        """The last day of a window of months from a day; None where either is not known."""
        months = self.value(id_)
        return None if event_on is None or months is None else add_months(event_on, int(months))

    def _expanded(self, id_: str) -> Iterable[str]:
        if id_ == "honours":
            return [name for name in self.citations if name.startswith("honours.")]
        return [id_]

    # -- records that regulators see -----------------------------------------------------------------------------

    def freed(self, row: Row) -> tuple[Text, date | None]:
        """Why a record of the evidence does not count on the day, and the last day on which it did."""
        last = self.months_end(row["event_on"], "clean_window_months")
        if row["what"] == "minor":
            return Text("轻微或者简易程序处罚，不计入", "minor or simple procedure: does not count"), None
        if row["held_as"] in ("branch", "parent"):
            whose = HELD_AS[row["held_as"]]
            return Text(f"属{whose.zh}，不计入本主体", f"it is {whose.en}: does not count here"), None
        if row["repaired_on"] is not None and self.value("repaired_records_count") is False:
            on = row["repaired_on"]
            return Text(f"{on} 已修复，不再计入", f"repaired on {on}: no longer counts"), None
        if last is not None and last < self.as_of:
            return Text(f"三年窗口至 {last} 已过", f"its window ended on {last}"), last
        return Text("不计入", "does not count"), None


def words_of(row: Row) -> Text:
    """What a record of the evidence is."""
    tier = TIERS.get(row["what"] or "")
    whose = HELD_AS[row["held_as"]] if row["held_as"] != "own" else None
    what = tier or Text(row["what"] or "", row["what"] or "")
    if whose is not None:
        what = Text(f"{whose.zh}的{what.zh}", f"{what.en} ({whose.en})")
    if row["is_provisional"]:
        what = Text(f"{what.zh}，复议或者诉讼中", f"{what.en}, under review")
    return what


def record_of(
    row: Row, rule: str, says: Text, ends_on: date | None = None, *, is_open: bool = False
) -> Record:
    """A record of the evidence as an answer to a rule."""
    via = row["via"] if row["held_as"] != "own" else None
    return Record(
        row["kind"], row["authority"], row["doc_no"], row["event_on"], rule, says, ends_on, is_open, via
    )
