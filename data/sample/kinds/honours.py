"""Honours (守信激励): with a term, without an end, or with none stated."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from data.sample.batch import Batch, as_days, at_least, each_in_turn
from data.sample.chunk import Chunk
from data.sample.text import NO_DAY, OPEN, cumulative_count, take, where, words
from data.sample.world import ACTIVE, INDIVIDUAL

DOMAIN = 60
COMPANY_RATE, SHOP_RATE = 0.13, 0.015
_SECOND_RATE = 0.25
_TERM_DAYS = {"year": 365, "two": 730, "three": 1_095, "five": 1_826}


def make(chunk: Chunk) -> Batch:
    """All honours of a chunk."""
    world, entities, draws = chunk.world, chunk.entities, chunk.world.draws
    is_shop = entities.kind == INDIVIDUAL
    can = (entities.status == ACTIVE) & (entities.established < world.today - 500)
    has = draws.chance("honoured", entities.key, np.where(is_shop, SHOP_RATE, COMPANY_RATE)) & can
    if chunk.is_first:
        has = at_least(has, can, entities.key, 9)
    counts = np.where(has, 1 + draws.chance("second_honour", entities.key, _SECOND_RATE), 0)
    row = np.repeat(np.arange(len(entities)), counts)
    key = chunk.keys(DOMAIN, row, cumulative_count(counts))
    table = world.reference.honours
    choice = draws.choose("honour", key, [float(entry["weight"]) for entry in table])
    choice = each_in_turn(choice, range(len(table)), chunk.is_first)
    day = chunk.history("honour_day", key, entities.established[row] + 365, chunk.last_day[row])
    terms = [entry["term"] for entry in table]
    days = np.array([_TERM_DAYS.get(term, 0) for term in terms])[choice]
    is_open = np.array([term.startswith("open") for term in terms])[choice]
    is_open &= ~(
        np.array([term == "open_or_none" for term in terms])[choice] & draws.chance("no_end", key, 0.5)
    )
    ends = np.where(days > 0, day + days, np.where(is_open, OPEN, NO_DAY))
    department = world.reference.departments_of(table)[choice]
    is_city = np.array([entry["level"] != "县级" for entry in table])[choice]
    division = np.where(is_city, chunk.offices.city, chunk.acting(department, row, key))
    subjects, _ = chunk.identified(row, day, key)
    group = chunk.offices.number(department, division) * len(table) + choice
    prefix = take(words([entry["honour_type"][:2] + "公告" for entry in table]), choice)
    has_doc = np.array([entry["has_doc"] == "1" for entry in table])[choice]
    columns = {
        "uscc": subjects["uscc"],
        "subject_name": subjects["subject_name"],
        "honour_type": take(words([entry["honour_type"] for entry in table]), choice),
        "level": take(words([entry["level"] or None for entry in table]), choice),
        "issuer": chunk.offices.columns(department, division, day)["authority"],
        "doc_no": where(has_doc, chunk.document_numbers(prefix, 3_000_000 + group, day), None),
        "valid_from": as_days(day),
        "valid_to": as_days(ends),
        "updated_on": as_days(np.minimum(day + 5, world.today)),
    }
    tags = {
        "row": row, "is_natural": np.zeros(len(row), dtype=np.bool_), "ambiguous": np.zeros(len(row), dtype=np.bool_),
        "has_uscc": np.asarray(pc.is_valid(subjects["uscc"])),
    }  # fmt: skip
    return Batch("honours", key, day, columns, tags)
