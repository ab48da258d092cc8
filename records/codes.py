"""Code lists: what a spelling means, from the tables of the policy (contract §2, Code lists).

All spellings are compared in the normal form of names. Nothing is guessed: a spelling in no table is
unknown, and what then happens is the business of the rules (`records.rules`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Literal

import pyarrow as pa

from policy import Policy
from policy.tables import CONFISCATION_KIND, FINE_KIND
from records.arrays import as_array
from records.authority import Authorities, successors
from records.schema import KINDS_ZH
from records.text import folded, names_norm, norms

NATURAL_PERSON, LEGAL_PERSON = "自然人", "法人及非法人组织"
OTHER_TYPE = "其他"
FINE, CONFISCATION = FINE_KIND, CONFISCATION_KIND
# Rules §6: the result of several texts in one cell, as of several items of one visit, is the worst.
RESULTS_WORST_FIRST = (
    "R6_REFUSED", "R3_FALSE_INFO", "R4_UNREACHABLE", "R2_NOT_PUBLISHED", "R5_CORRECTED", "R8_PENDING", "R0_EXIT",
    "R1_OK", "R7_NO_ACTIVITY",
)  # fmt: skip
# Where a sentence holds several reasons, the one that helps the entity least is taken (promise 1).
_REASONS_LEAST_FAVOURABLE_FIRST = ("期满", "修复", "履行", "错误列入")
_KIND_SEPARATORS = re.compile(r"[;,、|/\s]+")
_RESULT_SEPARATORS = re.compile(r"[;,]+")
_OTHER_KIND = re.compile(r"其他[-‐‑‒–—−](.+)")
_BARE = re.compile(r"[0-9]{1,2}|[A-Z]")
_NEGATION = re.compile(r"[未不没拒非无勿][^,。;、]{0,3}$")
UNKNOWN_MARK = "?"

Spellings = tuple[tuple[str, Sequence[str]], ...]
ResultDefect = Literal["enum_unknown", "bare_number_result"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers and words of the policy that decide how a cell is read, on the day a file entered the lake.

    Attributes:
        earliest_event_on: first day that an event may bear.
        latest_event_on: last day that it may bear.
        open_words: normal forms of words for no end.
        open_days: days that stand for no end.
        amount_decimals: decimals of an amount in 万元.
        amount_tolerance: 万元 within which an amount is rounded to them.
        exact_integer_max_digits: digits up to which a numeric cell is exact.
        long_cell: characters above which a cell of a row of wrong shape is replaced by its length.
        uscc_types: first two characters of a USCC -> type of entity.
        simple_doc_no: pattern of a document number that points to the simple procedure (rules §2.2).
    """

    earliest_event_on: date
    latest_event_on: date
    open_words: frozenset[str]
    open_days: frozenset[date]
    amount_decimals: int
    amount_tolerance: Decimal
    exact_integer_max_digits: int
    long_cell: int
    uscc_types: Mapping[str, str]
    simple_doc_no: str


@dataclass(frozen=True, slots=True)
class Kinds:
    """Penalty kinds of one cell.

    Attributes:
        names: canonical kinds and '?text' for unknown ones, in code-point order, once each.
        has_unknown: one of them is unknown.
    """

    names: tuple[str, ...]
    has_unknown: bool

    def joined(self, *added: str) -> str:
        """The kinds with others added, joined by ';'."""
        return ";".join(sorted({*self.names, *added}))


class Lookups:
    """The tables of one policy, ready to be asked.

    Attributes:
        authorities: who decided.
        placeholder_names: normal forms of texts that stand for no name.
        successors: replaced division code -> its successor.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        tables: dict[str, Spellings] = {
            table: tuple(values.items()) for table, values in policy.codes.items()
        }
        tables["list_type"] = tuple((one.name, (one.name, *one.aliases)) for one in policy.lists)
        tables["honour_type"] = tuple((one.name, (one.name, *one.aliases)) for one in policy.honours)
        tables["penalty_kind"] = tuple((one.name, (one.name, *one.aliases)) for one in policy.penalty_kinds)
        norm = norms(
            spelling for table in tables.values() for _, spellings in table for spelling in spellings
        )
        self._codes = {
            name: {norm[spelling]: canonical for canonical, spellings in table for spelling in spellings}
            for name, table in tables.items()
        }
        kind_names = {zh: kind for kind, zh in KINDS_ZH.items()}
        self._codes["target_kind"] = {k: kind_names[v] for k, v in self._codes["target_kind"].items()}
        self._kinds = self._codes["penalty_kind"]
        self.authorities = Authorities(policy.authorities, policy.divisions)
        self.placeholder_names = frozenset(norms(policy.placeholder_names).values())
        self.successors = successors(policy.divisions)
        self._limits: dict[date, Limits] = {}

    def codes(self, table: str, texts: pa.StringArray) -> list[str | None]:
        """The canonical value that each spelling stands for; None where it stands nowhere.

        Args:
            table: a table of the policy's codes, `list_type` or `honour_type`.
            texts: cells. Values of `target_kind` are English kind names.
        """
        known = self._codes[table]
        return [known.get(norm or "") for norm in names_norm(texts).to_pylist()]

    def code(self, table: str, text: str) -> str | None:
        """The same for one text."""
        return self.codes(table, _one(text))[0]

    def kinds_of(self, texts: pa.StringArray) -> list[Kinds]:
        """Penalty kinds of each cell, split and looked up as rules §2 says."""
        cells = [_KIND_SEPARATORS.split(text or "") for text in folded(texts).to_pylist()]
        norm = norms(part for parts in cells for part in parts)
        known = {spelling: self._kind(n) for spelling, n in norm.items()}
        found = []
        for parts in cells:
            names = tuple(sorted({known[part] for part in parts if part in known}))
            found.append(Kinds(names, any(name.startswith(UNKNOWN_MARK) for name in names)))
        return found

    def kinds(self, text: str) -> Kinds:
        """The same for one text.

        >>> from policy import load_policy
        >>> Lookups(load_policy()).kinds("罚款；其他-责令改正、某种处分").names
        ('?某种处分', '罚款', '责令改正')
        """
        return self.kinds_of(_one(text))[0]

    def _kind(self, norm: str) -> str:
        known = self._kinds.get(norm)
        if known is None and (other := _OTHER_KIND.fullmatch(norm)):
            known = self._kinds.get(other.group(1))
        return known if known is not None else UNKNOWN_MARK + norm

    def results_of(
        self, texts: pa.StringArray, sources: Sequence[Sequence[str]]
    ) -> list[tuple[str | None, ResultDefect | None]]:
        """Inspection results (rules §6): the code of each, or why there is none.

        Args:
            texts: one result or several, separated by ; or ，.
            sources: for each text the ids of the feed and the authority that it comes from; the first of them
                with a table of bare numbers reads those.
        """
        pairs = zip(names_norm(texts).to_pylist(), sources, strict=True)
        return [self._result(norm or "", of) for norm, of in pairs]

    def result(self, text: str, sources: Sequence[str] = ()) -> tuple[str | None, ResultDefect | None]:
        """The same for one text."""
        return self.results_of(_one(text), [sources])[0]

    def _result(self, norm: str, sources: Sequence[str]) -> tuple[str | None, ResultDefect | None]:
        table = self._codes["inspection_result"]
        if norm in table:
            return table[norm], None
        numbers = next((self._numbers[s] for s in sources if s in self._numbers), {})
        found = set()
        for part in _RESULT_SEPARATORS.split(norm):
            if not part:
                continue
            code = table.get(part) or numbers.get(part)
            if code is None:
                return None, "bare_number_result" if _BARE.fullmatch(part) else "enum_unknown"
            found.add(code)
        worst = next((code for code in RESULTS_WORST_FIRST if code in found), None)
        return worst, None if worst else "enum_unknown"

    def removals_of(self, texts: pa.StringArray) -> list[str | None]:
        """What each removal reason (移出原因) means: an official sentence, or one that contains an alias.

        An alias after a negation (未履行) is not meant.
        """
        return [self._removal(norm or "") for norm in names_norm(texts).to_pylist()]

    def removal(self, text: str) -> str | None:
        """The same for one text."""
        return self.removals_of(_one(text))[0]

    def _removal(self, norm: str) -> str | None:
        table = self._codes["removal_reason"]
        if norm in table:
            return table[norm]
        found = {code for alias, code in table.items() if _says(norm, alias)}
        return next((code for code in _REASONS_LEAST_FAVOURABLE_FIRST if code in found), None)

    @property
    def has_numbers(self) -> bool:
        """Whether any source has a table of bare numbers."""
        return bool(self._numbers)

    @cached_property
    def _numbers(self) -> dict[str, dict[str, str]]:
        return {
            source: {norm: table[number] for number, norm in norms(table).items()}
            for source, table in self._policy.inspection_numbers.items()
        }

    def limits(self, landed_on: date) -> Limits:
        """The numbers in force on the day on which a file entered the lake."""
        if landed_on not in self._limits:
            self._limits[landed_on] = self._limits_on(landed_on)
        return self._limits[landed_on]

    def _limits_on(self, day: date) -> Limits:
        earliest = self._policy.value("earliest_event_on", day)
        tolerance = int(self._policy.value("future_tolerance_days", day))
        leads = "|".join(map(re.escape, self._policy.value("simple_doc_no_leads", day)))
        words = "|".join(map(re.escape, self._policy.value("simple_doc_no_words", day)))
        return Limits(
            earliest_event_on=earliest,
            latest_event_on=date.fromordinal(day.toordinal() + tolerance),
            open_words=frozenset(norms(self._policy.value("open_end_words", day)).values()),
            open_days=frozenset(date.fromisoformat(d) for d in self._policy.value("open_end_days", day)),
            amount_decimals=int(self._policy.value("amount_decimals", day)),
            amount_tolerance=Decimal(self._policy.value("amount_tolerance", day)),
            exact_integer_max_digits=int(self._policy.value("exact_integer_max_digits", day)),
            long_cell=int(self._policy.value("masked_cell_min_length", day)),
            uscc_types=dict(self._policy.value("uscc_entity_types", day)),
            # Brackets of all styles are ( and ) in the normal form of a document number.
            simple_doc_no=f"{words}|(?:{leads})[()0-9]",
        )


def _one(text: str) -> pa.StringArray:
    return as_array(pa.array([text], pa.string()))


def _says(sentence: str, alias: str) -> bool:
    at = sentence.find(alias)
    while at >= 0:
        if _NEGATION.search(sentence, max(0, at - 4), at) is None:
            return True
        at = sentence.find(alias, at + 1)
    return False
