"""Each authority's timeliness of filing: licences and penalties go in within some working days (双公示)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from records.resolve.expr import day, is_true, union_all
from records.resolve.load import file_ord

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.intake import Intake
    from records.resolve.workspace import Workspace

COLUMNS = ("authority", "kind", "decisions", "filed_in_time", "filed_late", "newest_decided_on", "as_of")
# Decisions of so many days up to as_of are looked at: an office acts on what is recent.
WINDOW_DAYS = 90


def filing_timeliness(ws: Workspace, intake: Intake, as_of: date, policy: Policy) -> ir.Table:
    """Store ``filing_timeliness``: per authority and kind the decisions of the window, and how many came in time.

    A decision is filed on the day that its first row says it was updated (更新日期), else on the day of receipt.
    In time: by the ``filing_limit_working_days``-th working day after the decision (民法典 201: the day itself is not
    counted). Authorities outside the policy's table stand under their own normalised name.
    """
    limit = int(policy.value("filing_limit_working_days", as_of))
    first = as_of - timedelta(days=WINDOW_DAYS)
    days = [first + timedelta(days=n) for n in range(WINDOW_DAYS + 1)]
    deadlines = ws.put_rows(
        "filing_deadlines",
        [{"d_day": d, "deadline": policy.holidays.add_working_days(d, limit)} for d in days],
        pa.schema([("d_day", pa.date32()), ("deadline", pa.date32())]),
    )
    names = ws.put_rows(
        "filing_authorities",
        [{"n_id": one.id, "authority": one.name} for one in policy.authorities],
        pa.schema([("n_id", pa.string()), ("authority", pa.string())]),
    )
    landed = ws.put_rows(
        "filing_landed",
        [{"l_ord": d.file_ord, "landed_on": d.landed_on} for d in intake.taking_part()],
        pa.schema([("l_ord", pa.int64()), ("landed_on", pa.date32())]),
    )
    found = []
    for kind, key in (("penalties", ("authority_key", "doc_norm", "subject")),
                      ("licences", ("authority_key", "doc_norm", "subject", "decided_on"))):  # fmt: skip
        rows = ws.stored(f"linked_{kind}")
        rows = rows.filter((rows.decided_on >= day(first)) & (rows.decided_on <= day(as_of)))
        rows = rows.mutate(ord=file_ord(rows)).join(landed, [("ord", "l_ord")])
        rows = rows.mutate(filed_on=ibis.coalesce(rows.updated_on, rows.landed_on))
        one = rows.group_by(*key).agg(filed=rows.filed_on.min(), decided=rows.decided_on.min())
        found.append(one.select("authority_key", "filed", "decided", kind=ibis.literal(kind)))
    t = union_all(found).join(deadlines, [("decided", "d_day")])
    t = t.left_join(names, [("authority_key", "n_id")])
    t = t.mutate(
        authority=ibis.coalesce(t.authority, t.authority_key).fill_null(""), late=t.filed > t.deadline
    )
    t = t.group_by("authority", "kind").agg(
        decisions=t.count().cast("int64"),
        filed_in_time=(~is_true(t.late)).sum().cast("int64"),
        filed_late=is_true(t.late).sum().cast("int64"),
        newest_decided_on=t.decided.max(),
    )
    return ws.save("filing_timeliness", t.mutate(as_of=day(as_of)).select(*COLUMNS), leaves=True)
