"""How the model treats groups of entities: foretold and observed, with intervals, or "too few to judge"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.learning.metrics import Ordered, mean_known, once
from models.learning.resampled import Resamples, interval, number
from models.learning.validate import are_too_few
from models.points import HUNDREDTHS

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.dataset import Dataset
    from models.learning.validate import Foretold
    from policy.scorecard import ScorecardFile

_AGES = ((12, "<1"), (36, "1–3"), (60, "3–5"), (120, "5–10"))
_CAPITAL = ((10, "<10"), (100, "10–100"), (1000, "100–1000"))
_ABOVE_AGES, _ABOVE_CAPITAL = "≥10", "≥1000"
# Spans in their own order; other groups in that of their names, the unknown last.
_ORDER = {
    name: place
    for spans, above in ((_AGES, _ABOVE_AGES), (_CAPITAL, _ABOVE_CAPITAL))
    for place, name in enumerate([*(text for _, text in spans), above], start=1)
} | {"–": 100}


def by_groups(
    data: Dataset, card: ScorecardFile, foretold: Foretold, chosen: str, draws: Resamples
) -> dict[str, list[dict[str, Any]]]:
    """Division, size, age and industry of the foretold rows: n; rate, AUC and share within the budget with intervals.

    The AUC orders entities of one window alone, each window weighing by its pairs. A group below
    `validation.min_group` entities or `min_group_events` events (or entities without one) is named with its size.
    """
    rows, score = foretold.rows, foretold.scores[chosen]
    event = data.event[rows]
    window = data.window[rows]
    flagged = np.zeros(len(rows), bool)
    for one in np.unique(window):
        here = window == one
        budget = int(np.ceil(float(card.validation.budget_share) * here.sum()))
        flagged[here] = score[here] >= np.sort(score[here])[::-1][max(0, budget - 1)]
    columns = {name: values[rows] for name, values in data.groups.items()}
    kinds = {
        "division 区划": columns["division_code"],
        "type 主体类型": columns["entity_type"],
        "age in years 成立年限": _cut(columns["age_months"], _AGES, _ABOVE_AGES),
        "capital in 10,000 yuan 注册资本（万元）": _cut(
            columns["registered_capital_wan"], _CAPITAL, _ABOVE_CAPITAL
        ),
        "industry 行业": np.asarray([(str(v) if v else "–")[:2] for v in columns["industry_code"]], object),
    }
    v = card.validation
    found: dict[str, list[dict[str, Any]]] = {}
    for kind, values in kinds.items():
        names = np.asarray([str(x) if x is not None else "–" for x in values], object)
        found[kind] = []
        for name in sorted(set(names.tolist()), key=lambda name: (_ORDER.get(name, 0), name)):
            here = names == name
            n, events = int(here.sum()), int(event[here].sum())
            entity = data.entity[rows[here]]
            line: dict[str, Any] = {"group": name, "rows": n, "entities": len(np.unique(entity))}
            if are_too_few(entity, event[here], v):
                found[kind].append(line | {"too_few": True})
                continue
            drawn = draws.shares(entity, np.stack([event[here], flagged[here]], axis=1))
            seen = _auc(score, event, window, here, None)
            many = _auc(score, event, window, here, (data.entity[rows], draws))
            found[kind].append(
                line
                | {
                    "too_few": False,
                    "events": events,
                    "rate": events / n,
                    "rate_interval": interval(drawn[:, 0]),
                    "auc": number(seen[0]),
                    "auc_interval": interval(many),
                    "flagged": float(flagged[here].mean()),
                    "flagged_interval": interval(drawn[:, 1]),
                    "mean_points": float(score[here].mean() / HUNDREDTHS),
                }
            )
    return found


def _cut(
    values: npt.NDArray[np.object_], limits: tuple[tuple[int, str], ...], above: str
) -> npt.NDArray[np.object_]:
    def name(value: Any) -> str:
        if value is None:
            return "–"
        return next((text for limit, text in limits if value < limit), above)

    return np.asarray([name(value) for value in values], object)


def _auc(
    score: npt.NDArray[np.float64],
    event: npt.NDArray[np.bool_],
    window: npt.NDArray[np.int32],
    here: npt.NDArray[np.bool_],
    resampled: tuple[npt.NDArray[np.int32], Resamples] | None,
) -> npt.NDArray[np.float64]:
    """AUC of a group, as seen or of each resample (of the rows' entities)."""
    values, pairs = [], []
    for one in np.unique(window[here]):
        inside = np.flatnonzero(here & (window == one))
        ordered = Ordered(score[inside], event[inside])
        weights = [once(len(inside))] if resampled is None else resampled[1].of(resampled[0][inside])
        parts = [ordered.auc(weight) for weight in weights]
        values.append(np.concatenate([part[0] for part in parts]))
        pairs.append(np.concatenate([part[1] for part in parts]))
    return mean_known(np.stack(values), np.stack(pairs))
