"""Whether a promoted model still meets the population and the outcomes that it was validated on (模型监测)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis

from models.learned import bin_of
from models.stability import psi

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from policy.learned import Scorecard
    from records.resolve.workspace import Workspace


class Drift(NamedTuple):
    """What the watch found.

    Attributes:
        figures: ``model``, ``psi_points``, ``psi_features`` (indicator → PSI), ``calibration`` (of the newest matured
            labels, or None), for the manifest.
        warnings: one line for each threshold that was passed; empty where the model stands.
    """

    figures: dict[str, Any]
    warnings: list[str]


def drift(
    ws: Workspace, learned: ir.Table, reasons: ir.Table, model: Scorecard, as_of: date, policy: Policy
) -> Drift:
    """Population stability of every feature and of the points, and the newest calibration on matured labels.

    Args:
        learned: `features.history.learned_features` of the classed entities.
        reasons: the model's reasons for them.
    """
    rules = policy.scorecard.drift
    rows, counts = _counts(ws, learned, model)
    found: dict[str, Any] = {"model": model.version, "entities": rows}
    if not rows:
        return Drift(found | {"psi_points": None, "psi_features": {}, "calibration": None}, [])
    features = {}
    for one in model.indicators:
        expected = [b.share for b in one.all_bins]
        features[one.id] = round(
            psi(expected, [counts[f"{one.id}_{i}"] / rows for i in range(len(expected))]), 4
        )
    points = round(psi(model.points_shares, _points(ws, reasons, model, rows)), 4)
    warnings = [
        f"drift: feature {id_} has a stability index of {value:.2f}, the limit is {rules.psi_feature}"
        for id_, value in sorted(features.items())
        if value > float(rules.psi_feature)
    ]
    if points > float(rules.psi_points):
        warnings.append(
            f"drift: the points have a stability index of {points:.2f}, the limit is {rules.psi_points}"
        )
    seen = policy.watched_on(as_of)
    calibration = None
    if seen is not None:
        calibration = seen.model_dump(mode="json")
        if seen.is_judged(rules.min_matured_events) and not seen.is_within(float(rules.calibration_ratio)):
            warnings.append(
                f"drift: of the labels that matured by {seen.as_of}, {seen.observed} events were seen and "
                f"{seen.foretold:.0f} foretold, the limit is a factor of {rules.calibration_ratio}"
            )
    return Drift(
        found
        | {"psi_points": points, "psi_features": dict(sorted(features.items())), "calibration": calibration},
        warnings,
    )


def _counts(ws: Workspace, learned: ir.Table, model: Scorecard) -> tuple[int, dict[str, int]]:
    """Entities in each bin of each indicator, in one pass."""
    binned = learned.select(**{one.id: bin_of(learned[one.feature], one) for one in model.indicators})
    sums = {
        f"{one.id}_{i}": (binned[one.id] == i).sum().cast("int64")
        for one in model.indicators
        for i in range(len(one.all_bins))
    }
    row = ws.fetch(binned.aggregate(entities=binned.count().cast("int64"), **sums)).to_pylist()[0]
    return int(row["entities"]), {name: int(row[name] or 0) for name in sums}


def _points(ws: Workspace, reasons: ir.Table, model: Scorecard, rows: int) -> list[float]:
    total = reasons.group_by("uscc").agg(total=reasons.points_h.sum().cast("int64"))
    steps = [(total.total < edge, i) for i, edge in enumerate(model.points_edges_h)]
    place = ibis.cases(*steps, else_=len(steps)) if steps else ibis.literal(0)
    counted = ws.fetch(total.group_by(place=place).agg(n=total.count().cast("int64"))).to_pylist()
    found = {int(r["place"]): int(r["n"]) for r in counted}
    return [found.get(i, 0) / rows for i in range(len(steps) + 1)]
