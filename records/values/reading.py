"""Reads the canonical columns of one batch, each as its type says, and notes what is wrong with them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.arrays import Bytes, Distinct, Mask, is_null, nulled, rows_where
from records.codes import Lookups
from records.headers import HeaderMatch
from records.identifiers import org_code_unsound, reg_no_unsound
from records.keyed_names import names_keyed
from records.masking import (
    IdHasher,
    mask_text,
    masked,
    masked_docs,
    masked_persons,
    rows_longer_than,
    rows_to_read,
)
from records.registry import field as registry_field
from records.rules import EVENT_DAYS, SUBJECT_USCCS
from records.text import docs_norm, folded, squeezed
from records.values.cells import Cells, cells_of, empty_cells
from records.values.codes import UsccColumn, citizen_column, number_column, uscc_column
from records.values.dates import open_end, read_day
from records.values.money import FEN_PER_WAN, amount_of
from records.values.verdicts import Verdicts

NUMBER_MASK = partial(mask_text, ids_only=True)
REG_NO_MASK = partial(mask_text, ids_only=True, is_15_read=False)
_WAN = pa.decimal128(20, 6)


class Reading:
    """One batch of one file. Columns that the file does not have are empty.

    Attributes:
        kind: record kind.
        count: rows.
        match: what the headers mean.
        lookups: tables of the policy.
        limits: numbers of the policy in force on `landed_on`.
        landed_on: day on which the file entered the lake.
        ids: keyed hash of citizens' ids.
        source: id of the declared feed that the file belongs to, where there is one.
        verdicts: what was noted so far.
    """

    def __init__(
        self,
        kind: str,
        table: pa.Table,
        match: HeaderMatch,
        lookups: Lookups,
        landed_on: date,
        ids: IdHasher,
        source: str | None = None,
    ) -> None:
        self.kind = kind
        self.count = table.num_rows
        self.match = match
        self.lookups = lookups
        self.limits = lookups.limits(landed_on)
        self.source = source
        self.verdicts = Verdicts(kind, self.count)
        self._table = table
        self.landed_on = landed_on
        self.ids = ids
        self._cells: dict[str, Cells] = {}
        self._days: dict[str, pa.Date32Array] = {}

    def cells(self, name: str) -> Cells:
        """The cells of a canonical column."""
        if name not in self._cells:
            source = self.match.sources.get(name)
            self._cells[name] = empty_cells(self.count) if source is None else cells_of(self._table, source)
        return self._cells[name]

    def column(self, position: int) -> pa.ChunkedArray:
        """The cells of a source column as read."""
        return self._table.column(f"c{position}")

    def is_filled(self, name: str) -> Mask:
        """Rows whose cell stands for something."""
        return ~is_null(self.cells(name).text)

    def require(self, name: str, rows: Mask | None = None) -> None:
        """Note `missing_mandatory` (for `rows` only, where given)."""
        missing = ~self.is_filled(name)
        self.verdicts.note("missing_mandatory", name, missing if rows is None else missing & rows)

    # -- texts --

    def text(self, name: str) -> pa.StringArray:
        """A text as read, masked."""
        return masked(self.cells(name).text)

    def number_text(self, name: str) -> pa.StringArray:
        """A number of another register: half width, without a citizen's id."""
        values = folded(self.cells(name).text)
        return masked(values, NUMBER_MASK, rows_longer_than(values, 15))

    def reference(self, name: str) -> pa.StringArray:
        """A number or code that names a record or task: half width; it is part of keys, see `masked_docs`."""
        distinct = Distinct(self.cells(name).text)
        return distinct.spread(masked_docs(folded(distinct.values), self.ids, self.landed_on), pa.string())

    def doc(self, name: str) -> tuple[pa.StringArray, pa.StringArray]:
        """A document number as read, and its normal form ('' where empty)."""
        raw = masked_docs(self.cells(name).text, self.ids, self.landed_on)
        return raw, docs_norm(raw)

    def name(self, name: str) -> tuple[pa.StringArray, pa.StringArray]:
        """A name as read, masked, and its normal form, see `names_keyed`."""
        clear = self.cells(name).text
        rows = rows_to_read(clear)
        return masked(clear, rows=rows), names_keyed(clear, self.ids, rows)

    def person(self, name: str) -> pa.StringArray:
        """A natural person's name as 王**."""
        return masked_persons(self.cells(name).text)

    def person_id(self, name: str) -> pa.StringArray:
        """A person's id as keyed HMAC."""
        values, as_number, unsound = citizen_column(self.cells(name))
        self.verdicts.note("code_as_number", name, as_number)
        self.verdicts.note("citizen_id_check", name, unsound)
        return self.ids.column(values)

    # -- codes --

    def uscc(self, name: str) -> UsccColumn:
        """A USCC; null where it is not valid."""
        column = uscc_column(self.cells(name))
        if name in SUBJECT_USCCS:
            for rule, mask in column.broken.items():
                self.verdicts.note(rule, name, mask)
            self.verdicts.note("uscc_lower_case", name, column.lower_case)
            self.verdicts.note("org_code_check", name, column.org_unsound)
            return column
        invalid = column.invalid
        if name == "authority_uscc":
            self.verdicts.note("code_as_number", name, column.broken["code_as_number"])
            invalid = invalid & ~column.broken["code_as_number"]
        self.verdicts.note("uscc_invalid", name, invalid)
        return column

    def number_code(self, name: str) -> pa.StringArray:
        """A registration number or organisation code; null where it went through a number or is an id."""
        values, broken = number_column(self.cells(name), self.limits.exact_integer_max_digits)
        self.verdicts.note("code_as_number", name, broken)
        if name == "org_code":
            values = pc.replace_substring(values, pattern="-", replacement="")
        # 15 digits are the number itself, 18 may be a citizen's id in the wrong column.
        rows = rows_longer_than(values, 18 if name == "reg_no" else 15)
        safe = masked(values, REG_NO_MASK if name == "reg_no" else NUMBER_MASK, rows)
        values = nulled(values, np.asarray(pc.not_equal(safe, values).fill_null(False)))
        if name == "reg_no":
            self.verdicts.note("reg_no_check", name, reg_no_unsound(values))
        else:
            self.verdicts.note("org_code_check", name, org_code_unsound(values))
        return values

    def code(self, name: str, table: str) -> tuple[pa.StringArray, Mask]:
        """The canonical value of a code list, and the filled cells that are in no table."""
        distinct = Distinct(self.cells(name).text)
        values = self.lookups.codes(table, distinct.values)
        unknown = distinct.spread_mask([value is None for value in values])
        return distinct.spread(values, pa.string()), unknown

    def strict_code(self, name: str, table: str) -> pa.StringArray:
        """The same where an unknown value quarantines the row."""
        values, unknown = self.code(name, table)
        self.verdicts.note("enum_unknown", name, unknown)
        return values

    # -- dates and amounts --

    def day(self, name: str) -> pa.Date32Array:
        """A date; null where empty or unreadable."""
        if name not in self._days:
            self._days[name] = self._read_days(name)
        return self._days[name]

    def _read_days(self, name: str) -> pa.Date32Array:
        distinct = Distinct(self.cells(name).text)
        is_open = registry_field(self.kind, name).type == "open_date"
        days = [self._read_day(text, is_open) for text in folded(distinct.values).to_pylist()]
        self.verdicts.note("date_unreadable", name, distinct.spread_mask([day is None for day in days]))
        values = distinct.spread(days, pa.date32())
        if name in EVENT_DAYS or name == "established_on":
            first = None if name == "established_on" else self.limits.earliest_event_on
            self.verdicts.note("date_range", name, _outside(values, first, self.limits.latest_event_on))
        return values

    def _read_day(self, text: str, is_open: bool) -> date | None:
        if is_open:
            return open_end(text, open_days=self.limits.open_days, open_words=self.limits.open_words)
        day = read_day(text)
        return None if day in self.limits.open_days else day

    def amount(self, name: str) -> pa.Int64Array:
        """An amount in 分; null where empty or not to be read."""
        return self._amount(name, pa.int64())

    def wan(self, name: str) -> pa.Decimal128Array:
        """An amount kept in 万元, six decimals."""
        return self._amount(name, _WAN)

    def _amount(self, name: str, kind: pa.DataType) -> pa.Array:
        cells = self.cells(name)
        if cells.numeric is None or cells.numeric.all():
            return self._amounts(cells.text, name, kind, cells.numeric is not None)
        # Numbers and texts in one column are read apart: E notation is exact in the former only.
        numbers = self._amounts(nulled(cells.text, ~cells.numeric), name, kind, is_numeric=True)
        return pc.coalesce(
            numbers, self._amounts(nulled(cells.text, cells.numeric), name, kind, is_numeric=False)
        )

    def _amounts(self, text: pa.StringArray, name: str, kind: pa.DataType, is_numeric: bool) -> pa.Array:
        source = self.match.sources.get(name)
        distinct = Distinct(text)
        read = [
            amount_of(
                value,
                is_numeric=is_numeric,
                fen_per_unit=1 if source is not None and source.type == "fen" else FEN_PER_WAN,
                decimals=self.limits.amount_decimals,
                tolerance=self.limits.amount_tolerance,
            )
            for value in folded(distinct.values).to_pylist()
        ]
        for rule in ("amount_unreadable", "amount_negative", "amount_precision"):
            self.verdicts.note(rule, name, distinct.spread_mask([defect == rule for _, defect in read]))
        amounts = [fen if fen is None or kind != _WAN else Decimal(fen) / FEN_PER_WAN for fen, _ in read]
        return distinct.spread(amounts, kind)

    def digest(self, name: str) -> pa.StringArray:
        """A sha256 in lower-case hex; null for anything else."""
        values = pc.utf8_lower(squeezed(self.cells(name).text))
        return nulled(
            values, np.asarray(pc.invert(pc.match_substring_regex(values, "^[0-9a-f]{64}$")).fill_null(False))
        )

    def integer(self, name: str) -> pa.Int64Array:
        """A positive whole number; null where empty or not to be read."""
        distinct = Distinct(self.cells(name).text)
        texts = folded(distinct.values).to_pylist()
        values = [
            int(t) if t.isascii() and t.isdigit() and len(t) <= 15 and int(t) > 0 else None for t in texts
        ]
        self.verdicts.note("amount_unreadable", name, distinct.spread_mask([v is None for v in values]))
        return distinct.spread(values, pa.int64())


def _outside(days: pa.Date32Array, first: date | None, last: date) -> Mask:
    """Days before `first` or after `last`; null is inside."""
    outside = pc.greater(days, pa.scalar(last))
    if first is not None:
        outside = pc.or_(outside, pc.less(days, pa.scalar(first)))
    return np.asarray(outside.fill_null(False))


def holds_text(array: pa.StringArray, text: str) -> Mask:
    """Rows that contain a text of characters of three bytes."""
    pattern = text.encode()

    def find(block: Bytes) -> Mask:
        size = max(len(block) - len(pattern) + 1, 0)
        hits = block[:size] == pattern[0]
        for place in range(1, len(pattern)):
            hits &= block[place : place + size] == pattern[place]
        return hits

    found = np.zeros(len(array), np.bool_)
    rows = rows_where(array, find, len(pattern) - 1)
    if len(rows):
        found[rows] = np.asarray(pc.match_substring(array.take(pa.array(rows)), text).fill_null(False))
    return found
