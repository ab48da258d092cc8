"""The frame of the random-inspection plan (双随机): strata, rates and chances, before any seed is known.

The draw itself needs a seed and is no part of a snapshot (`creditgrade plan`): what stands here is what anyone needs
to repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from models.grades import CLASSES
from records.resolve.expr import add_months, day, is_true, no_text

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.resolve.workspace import Workspace

COLUMNS = (
    "uscc", "name", "division_code", "entity_type", "industry_code", "key_area", "risk_class", "coverage",
    "coverage_reason", "key_items_in_full", "stratum", "rate", "stratum_size", "stratum_draws",
    "inclusion_probability", "last_inspected_on", "visits_this_year", "as_of",
)  # fmt: skip
FULL, DRAW, EXCLUDED = "full", "draw", "excluded"
_STRATA = pa.schema(
    [("s_stratum", pa.string()), ("stratum_draws", pa.int64()), ("inclusion_probability", pa.float64())]
)


def stratum_draws(
    sizes: Mapping[tuple[str, str], int], rates: Mapping[str, Fraction], least: int
) -> dict[tuple[str, str], int]:
    """How many are drawn of each stratum: the rate rounded up, so that nobody's chance is zero.

    Where a division gets fewer than `least` in all, its riskiest strata are raised first.

    Args:
        sizes: (division, class) → entities in the draw.
        rates: class → share.
        least: fewest of a division.

    >>> stratum_draws({("341802", "A"): 250, ("341802", "D"): 5}, {"A": Fraction(1, 100), "D": Fraction(3, 10)}, 6)
    {('341802', 'A'): 3, ('341802', 'D'): 3}
    """
    draws = {
        key: min(size, -(-size * rates[key[1]].numerator // rates[key[1]].denominator))
        for key, size in sorted(sizes.items())
    }
    for division in sorted({division for division, _ in draws}):
        missing = least - sum(n for (where, _), n in draws.items() if where == division)
        for key in sorted((key for key in draws if key[0] == division), key=lambda k: k[1], reverse=True):
            more = max(0, min(missing, sizes[key] - draws[key]))
            draws[key] += more
            missing -= more
    return draws


def visits_this_year(ws: Workspace, items: ir.Table, as_of: date) -> ir.Table:
    """Store ``visits_this_year``: y_uscc, by (authority_key) and n, the visits of the calendar year up to `as_of`.

    A joint visit 联合抽查 counts for each authority that inspected an item of it: the cap is each one's own.

    Args:
        items: winning rows of inspections with ``linked``.
    """
    year = items.filter(items.inspected_on.between(day(date(as_of.year, 1, 1)), day(as_of)))
    visits = year.select(
        "inspected_on", y_uscc="linked", task=year.task_no.fill_null(""), by=year.authority_key.fill_null("")
    ).distinct()
    return ws.save("visits_this_year", visits.group_by("y_uscc", "by").agg(n=visits.count()))


def sampling_plan(ws: Workspace, features: ir.Table, as_of: date, policy: Policy) -> ir.Table:
    """Store ``sampling_plan``: every entity that may be visited, and with what chance.

    ``coverage``: ``full`` for the key areas of the policy, outside the draw; ``draw``; ``excluded`` where it was
    visited within the policy's interval or as often as it may be this year by the authority of the general task.
    ``key_items_in_full``: its key items are inspected whatever the draw says. Entities without a class are there
    only in a key area. In the draw ``inclusion_probability`` = ``stratum_draws`` / ``stratum_size``; 1 for ``full``,
    0 for ``excluded``.

    Args:
        features: `features.indicators.entity_features`; ``grades``, ``visits`` and ``visits_this_year`` are stored
            already.
    """
    graded = ws.stored("grades")
    about = features.select("key_area", f_uscc="uscc")
    t = graded.join(about, [("uscc", "f_uscc")])
    areas = list(policy.value("sampling_full_key_areas", as_of))
    in_full = is_true(ibis.or_(*[t.key_area.startswith(area) for area in areas]))
    t = t.mutate(in_full=in_full, division=t.division_code.fill_null(""))
    t = t.filter(t.risk_class.notnull() | t.in_full)
    t = _with_visits(ws, t, as_of, policy)
    months = int(policy.value("sampling_exclusion_months", as_of))
    recently = is_true(add_months(t.last_inspected_on, months) > day(as_of))
    often = t.by_general >= int(policy.value("sampling_visits_per_year", as_of))
    key_classes = list(policy.value("key_items_full_coverage_classes", as_of))
    t = t.mutate(
        coverage=ibis.cases((t.in_full, FULL), (recently | often, EXCLUDED), else_=DRAW),
        coverage_reason=ibis.cases(
            (t.in_full, "KEY_AREA"),
            (often, "VISITS_THIS_YEAR"),
            (recently, "VISITED_RECENTLY"),
            else_=no_text(),
        ),
        key_items_in_full=t.in_full | is_true(t.risk_class.isin(key_classes)),
    )
    drawn = t.coverage == DRAW
    stratum = ibis.ifelse(drawn, t.division + ibis.literal("-") + t.risk_class, no_text())
    rates = {c: Fraction(str(r)) for c, r in policy.value("sampling_rates", as_of).items()}
    cases = [(t.risk_class == c, float(rates[c])) for c in CLASSES]
    t = t.mutate(stratum=stratum, rate=ibis.ifelse(drawn, ibis.cases(*cases), ibis.null("float64")))
    t = ws.save("sampling_frame", t)
    groups = t.filter(t.coverage == DRAW).group_by("division", "risk_class").agg(n=lambda x: x.count())
    sizes = {(row["division"], row["risk_class"]): row["n"] for row in ws.fetch(groups).to_pylist()}
    draws = stratum_draws(sizes, rates, int(policy.value("sampling_min_per_division", as_of)))
    rows = [
        {"s_stratum": f"{d}-{c}", "stratum_draws": n, "inclusion_probability": n / sizes[d, c]}
        for (d, c), n in draws.items()
    ]
    counted = ws.put_rows("sampling_strata", rows, _STRATA)
    t = t.left_join(counted, [("stratum", "s_stratum")])
    size = t.count().over(group_by="stratum")
    chance = ibis.cases(
        (t.coverage == FULL, 1.0), (t.coverage == EXCLUDED, 0.0), else_=t.inclusion_probability
    )
    t = t.mutate(
        stratum_size=ibis.ifelse(t.stratum.notnull(), size, ibis.null("int64")),
        inclusion_probability=chance,
        as_of=day(as_of),
    )
    plan = ws.save("sampling_plan", t.select(*COLUMNS), leaves=True)
    ws.release("sampling_frame")
    return plan


def _with_visits(ws: Workspace, t: ir.Table, as_of: date, policy: Policy) -> ir.Table:
    """Add the last visit of any authority, visits of this year by authority, and those of the general task's."""
    visits = ws.stored("visits")
    visits = visits.filter(visits.inspected_on <= day(as_of))
    last = visits.group_by(v_uscc=visits.linked).agg(last_inspected_on=visits.inspected_on.max())
    counted = ws.stored("visits_this_year")
    shown = counted.mutate(text=counted.by + ibis.literal("=") + counted.n.cast("string"))
    lists = shown.group_by("y_uscc").agg(visits_this_year=shown.text.collect(distinct=True).sort())
    unit = policy.tasks[0].unit
    divisions = ws.fetch(t.select("division").distinct()).column("division").to_pylist()
    schema = pa.schema([("g_division", pa.string()), ("general", pa.string())])
    rows = [{"g_division": d, "general": policy.authority_in(d, unit)} for d in sorted(divisions)]
    general = ws.put_rows("sampling_authorities", rows, schema)
    t = t.left_join(general, [("division", "g_division")])
    t = t.left_join(last, [("uscc", "v_uscc")]).left_join(lists, [("uscc", "y_uscc")])
    mine = counted.select("n", n_uscc="y_uscc", n_by="by")
    t = t.left_join(mine, [("uscc", "n_uscc"), ("general", "n_by")])
    return t.mutate(
        visits_this_year=t.visits_this_year.fill_null(ibis.literal([], type="array<string>")),
        by_general=t.n.fill_null(0),
    ).drop("v_uscc", "y_uscc", "n_uscc", "n_by", "n", "g_division", "general")
