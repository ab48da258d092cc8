"""The training set: for past days the features of grading, and what became of each entity in the window after."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from models.points import expert_reasons
from policy.scorecard import TEXTS
from records.uncollected import uncollected

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy as np
    import numpy.typing as npt

    from features.facts import Linked
    from policy import Policy
    from records.intake import Intake
    from records.resolve.workspace import Workspace

MISSING = -(1 << 31)
# Beside the features, to see how the model treats groups and to compare it; never features.
_GROUPS = ("division_code", "entity_type", "industry_code", "age_months", "registered_capital_wan")


class Window(NamedTuple):
    """Features as of ``start``; the label is what happened after it, up to and including ``end``."""

    start: date
    end: date


@dataclass(frozen=True)
class Dataset:
    """Rows of all windows as columns, ordered by window and uscc.

    Attributes:
        windows: oldest first.
        window: of each row, as an index into ``windows``.
        entity: of each row, a number for each uscc. uscc: by that number.
        features: name → int32; `MISSING` is null; a text is an index into ``levels[name]``.
        levels: texts, sorted (those of the dataset that it was read like, then its own).
        event: whether it happened. visited: day of the first visit in the window (days since 1970), `MISSING` none.
        expert_h: hundredths of the expert table on the window's first day; `MISSING` where none was made.
        groups: division_code, entity_type, industry_code, age_months, registered_capital_wan; for reports only.
    """

    windows: tuple[Window, ...]
    window: npt.NDArray[np.int32]
    entity: npt.NDArray[np.int32]
    uscc: tuple[str, ...]
    features: dict[str, npt.NDArray[np.int32]]
    levels: dict[str, tuple[str, ...]]
    event: npt.NDArray[np.bool_]
    visited: npt.NDArray[np.int32]
    expert_h: npt.NDArray[np.int32]
    groups: dict[str, npt.NDArray[np.object_]]

    def __len__(self) -> int:
        return len(self.event)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, clamped to the month's last day.

    >>> months_before(date(2014, 8, 31), 2)
    datetime.date(2014, 6, 30)
    """
    import calendar

    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def windows(policy: Policy, as_of: date) -> tuple[Window, ...]:
    """The windows that have ended by a day, oldest first (policy: fit.dates, fit.step_months, event.horizon_months)."""
    fit, horizon = policy.scorecard.fit, policy.scorecard.event.horizon_months
    return tuple(
        Window(months_before(as_of, k * fit.step_months + horizon), months_before(as_of, k * fit.step_months))
        for k in reversed(range(fit.dates))
    )


def features_file(work: Path, day: date) -> Path:
    """Where `build` leaves the features of all classed entities on a day."""
    return work / f"features-{day}.parquet"


@uncollected()  # but between two days
def build(
    intake_on: Callable[[date], Intake],
    policy: Policy,
    spans: Sequence[Window],
    as_of: date,
    work: Path,
    *,
    engine: str = "duckdb",
    told: Callable[[str], None] = lambda line: None,
) -> list[Path]:
    """One Parquet file for each window: features as of its first day, label as known on its last.

    Args:
        intake_on: what had been received by a day (or all that was received, where that is not asked).
        spans: windows.
        as_of: the day of training, of which the features of all entities are kept, too.
        work: folder for what is in between and for the result.

    Returns:
        files with uscc, the columns of `features.history.learned_features`, event_on, visited_on, expert_h and
        ``group_*``; the features of every day stand in ``work`` as `features_file`.
    """
    from features.facts import gather, link_all
    from features.history import learned_features
    from features.outcomes import outcomes
    from models.grades import in_scope, is_classed
    from records.resolve.workspace import open_workspace

    starts = {w.start: w for w in spans}
    ends = {w.end: w for w in spans}
    # Only the windows that are foretold, and the day of training, are compared with the expert table.
    compared = {*(w.start for w in spans[-policy.scorecard.validation.windows :]), as_of}
    work.mkdir(parents=True, exist_ok=True)
    ws: Workspace | None = None
    linked: Linked | None = None
    try:
        received: Intake | None = None
        for day in sorted({*starts, *ends, as_of}):
            told(f"{day}: records as of the day")
            if (intake := intake_on(day)) is not received:
                # Linking asks for no day: once is enough for all days with the same deliveries.
                if ws is not None:
                    ws.close()
                shutil.rmtree(work / "day", ignore_errors=True)
                ws = open_workspace(work / "day", engine)
                linked, received = link_all(ws, intake, day), intake
            assert ws is not None and linked is not None
            facts = gather(ws, intake, policy, day, linked)
            if day in ends:
                outcomes(ws, facts, ends[day].start, day, policy)
                shutil.move(ws.export("outcomes")[0], work / f"label-{day}.parquet")
            if day in starts or day == as_of:
                scope = in_scope(facts.features, day, policy)
                classed = scope.filter(is_classed(scope, day, policy))
                learned = learned_features(ws, classed, facts, day, policy)
                reasons = None
                if day in compared:
                    reasons = expert_reasons(ws, classed, facts.events, day, policy)
                ws.save("training", _with_groups(learned, classed, reasons))
                shutil.move(ws.export("training")[0], features_file(work, day))
            gc.collect()
    finally:
        if ws is not None:
            ws.close()
    shutil.rmtree(work / "day")
    return [_join(work, w, policy) for w in spans]


def _with_groups(learned: ir.Table, classed: ir.Table, reasons: ir.Table | None) -> ir.Table:
    import ibis

    groups = classed.select(g_uscc="uscc", **{f"group_{name}": classed[name] for name in _GROUPS})
    t = learned.join(groups, [("uscc", "g_uscc")]).drop("g_uscc")
    if reasons is None:
        return t.mutate(expert_h=ibis.null("int64"))
    total = reasons.group_by(e_uscc="uscc").agg(expert_h=reasons.points_h.sum().cast("int64"))
    t = t.left_join(total, [("uscc", "e_uscc")]).drop("e_uscc")
    return t.mutate(expert_h=t.expert_h.fill_null(0))


def _join(work: Path, window: Window, policy: Policy) -> Path:
    """Features and labels side by side, sorted by uscc; at the next visit only entities that were visited."""
    import duckdb

    target = work / f"window-{window.start}-{window.end}.parquet"
    how = "JOIN" if policy.scorecard.event.at == "next_visit" else "LEFT JOIN"
    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.execute("SET enable_progress_bar = false")
        con.execute(
            f"COPY (SELECT f.*, l.event_on, l.visited_on FROM read_parquet(?) f {how} read_parquet(?) l USING (uscc)"
            f" ORDER BY uscc) TO '{str(target).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)",
            [str(features_file(work, window.start)), str(work / f"label-{window.end}.parquet")],
        )
    return target


def read(
    files: Sequence[Path], spans: Sequence[Window], names: Sequence[str], like: Dataset | None = None
) -> Dataset:
    """The files of `build` as columns of numbers.

    Args:
        names: features to read.
        like: a dataset whose texts keep their numbers; texts that it does not have come after them.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    def column(name: str) -> pa.ChunkedArray:
        if name not in stored:
            return pa.chunked_array([pa.nulls(sum(lengths), pa.date32())])
        return pa.chunked_array(
            [chunk for file in files for chunk in pq.read_table(file, columns=[name])[name].chunks]
            or [pa.array([], pa.null())]
        )

    def numbers(values: pa.ChunkedArray, kind: pa.DataType) -> npt.NDArray[np.int32]:
        whole = pc.fill_null(values.cast(kind), MISSING).to_numpy().astype(np.int64)
        return np.clip(whole, MISSING, (1 << 31) - 1).astype(np.int32)

    def coded(
        values: pa.ChunkedArray, known: Sequence[str] = ()
    ) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
        found = {v for v in pc.unique(values).to_pylist() if v is not None}
        levels = [*known, *sorted(found.difference(known))]
        at = pc.index_in(values, value_set=pa.array(levels, pa.string()))
        return numbers(at, pa.int64()), tuple(levels)

    lengths = [pq.ParquetFile(file).metadata.num_rows for file in files]
    # The features of a day alone have no label.
    stored = set(pq.ParquetFile(files[0]).schema_arrow.names)
    features, levels = {}, {}
    for name in names:
        if name in TEXTS:
            features[name], levels[name] = coded(column(name), like.levels[name] if like else ())
        else:
            features[name] = numbers(column(name), pa.int64())
    entity, uscc = coded(column("uscc"))
    return Dataset(
        windows=tuple(spans),
        window=np.repeat(np.arange(len(files), dtype=np.int32), lengths),
        entity=entity,
        uscc=uscc,
        features=features,
        levels=levels,
        event=pc.is_valid(column("event_on")).to_numpy().astype(bool),
        visited=numbers(column("visited_on"), pa.int32()),
        expert_h=numbers(column("expert_h"), pa.int64()),
        groups={name: np.asarray(column(f"group_{name}").to_pylist(), dtype=object) for name in _GROUPS},
    )
