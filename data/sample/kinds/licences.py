"""Licensing decisions (行政许可, 28 fields)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.sample.batch import Batch, Column, as_days
from data.sample.chunk import Chunk
from data.sample.reference import CHOICES
from data.sample.rng import I64, U64
from data.sample.text import NO_DAY, OPEN, cumulative_count, integers, join, take, where, words

DOMAIN = 30
# Licences of an entity in ten years by type: about 0.1 million a year in a city of 350,000 entities.
_COUNT_WEIGHTS = (8, 28, 28, 17, 10, 5, 3, 1)
_STATE_WORDS = words(["1", "有效", "2", None])
_STATE_WEIGHTS = (80, 15, 0.8, 4.2)
_YEAR = 365


def make(chunk: Chunk) -> Batch:
    """All licences of a chunk, as first delivered."""
    world, entities, draws = chunk.world, chunk.entities, chunk.world.draws
    counts = draws.choose("licences", entities.key, _COUNT_WEIGHTS)
    row = np.repeat(np.arange(len(entities)), counts)
    slot = cumulative_count(counts)
    key = chunk.keys(DOMAIN, row, slot)
    founded, last = entities.established[row], chunk.last_day[row]
    day = np.where(slot == 0, np.minimum(founded, last), chunk.history("licence_day", key, founded, last))
    # What was registered more than ten years ago has long left the feed; such an entity had a change since.
    oldest = world.today - 10 * _YEAR
    day = np.where(day < oldest, np.minimum(draws.between("change_day", key, oldest, world.today), last), day)
    table = world.reference.licences
    choice = world.reference.choices(table)[entities.trade[row], draws.below("licence", key, CHOICES)]
    licence = np.where(slot == 0, 0, choice)
    department = world.reference.departments_of(table)[licence]
    division = chunk.acting(department, row, key)
    authority = chunk.offices.columns(department, division, day)
    subjects, is_ambiguous = chunk.subjects(row, day, key)
    fixed = {
        name: take(words([entry[name] or None for entry in table]), licence)
        for name in ("doc_name", "licence_class", "certificate_name", "content")
    }
    starts = day + draws.below("starts", key, 5)
    columns: dict[str, Column] = {
        **subjects,
        "doc_name": fixed["doc_name"],
        "doc_no": _document_numbers(chunk, department, division, day),
        "licence_class": fixed["licence_class"],
        "certificate_name": fixed["certificate_name"],
        "licence_no": _licence_numbers(chunk, licence, key, chunk.uscc.take(pa.array(row))),
        "content": fixed["content"],
        "decided_on": as_days(day),
        "valid_from": as_days(starts),
        "valid_to": as_days(_ends(chunk, licence, starts)),
        **authority,
        "state": take(_STATE_WORDS, draws.choose("state", key, _STATE_WEIGHTS)),
        "source_unit": authority["authority"],
        "source_unit_uscc": authority["authority_uscc"],
        "remark": where(draws.chance("remark", key, 0.02), "告知承诺制办理", None),
        "updated_on": as_days(np.minimum(day + draws.between("reported", key, 0, 7), world.today)),
    }
    tags = {
        "ambiguous": is_ambiguous, "is_natural": np.zeros(len(row), dtype=np.bool_), "row": row,
        "has_uscc": np.asarray(pc.is_valid(columns["uscc"])),
    }  # fmt: skip
    return Batch("licences", key, day, columns, tags)


def _document_numbers(chunk: Chunk, department: I64, division: I64, day: I64) -> pa.Array:
    group = chunk.offices.number(department, division)
    # Apart from the registers of penalties, which number by the same offices.
    return chunk.document_numbers(take(chunk.offices.prefixes("doc_licence"), group), 1_000_000 + group, day)


def _licence_numbers(chunk: Chunk, licence: I64, key: U64, uscc: pa.Array) -> pa.Array:
    """Numbers of certificates; a business licence bears the USCC."""
    prefixes = words([entry["number_prefix"] or None for entry in chunk.world.reference.licences])
    numbered = join(
        take(prefixes, licence), integers(chunk.world.draws.below("licence_no", key, 10**7), width=7)
    )
    return where(licence == 0, uscc, numbered)


def _ends(chunk: Chunk, licence: I64, starts: I64) -> I64:
    years = np.array([int(entry["term_years"]) for entry in chunk.world.reference.licences])[licence]
    return np.where(years == 0, np.where(licence == 0, OPEN, NO_DAY), starts + years * _YEAR - 1)
