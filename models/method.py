"""Which points give the class: the expert table or the promoted scorecard, and the other one beside it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis

from models.grades import Method, class_of
from models.points import HUNDREDTHS, expert_reasons
from policy import PolicyError
from records.resolve.expr import union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.facts import Facts
    from policy import Policy
    from records.resolve.workspace import Workspace


class Scored(NamedTuple):
    """Points of every method.

    Attributes:
        reasons: of the method that gives the class. method: how its points become one.
        warnings: for the manifest. drift: figures of the watch for the manifest, None without a model.
    """

    reasons: ir.Table
    method: Method
    warnings: list[str]
    drift: dict[str, Any] | None


def score(ws: Workspace, facts: Facts, classed: ir.Table, as_of: date, policy: Policy) -> Scored:
    """Points of both methods for the classed entities; those of the challengers are stored as ``shadow_points``.

    Where the promoted model has drifted past the policy's thresholds and the policy says so, the expert table gives
    the class, and the manifest says why.

    Args:
        classed: rows of `features.indicators.entity_features` that get a class.

    Raises:
        PolicyError: the policy lets the scorecard give the class, and no model is promoted.
    """
    asked = str(policy.value("class_method", as_of))
    experts = expert_reasons(ws, classed, facts.events, as_of, policy)
    model = policy.champion
    if model is None and asked == "scorecard":
        raise PolicyError(
            "models/registry.yaml",
            "class_method is scorecard, and no model is promoted (creditgrade model promote)",
        )
    from features.history import learned_features
    from models.drift import drift
    from models.learned import learned_reasons

    if model is None and not policy.challengers:
        _no_shadow(ws)
        return Scored(experts, Method.expert(as_of, policy), [], None)
    learned = learned_features(ws, classed, facts, as_of, policy)
    _shadow(ws, learned, policy)
    warnings = [
        f"the model {one.id} was trained on records up to {one.trained_as_of}: it knows what came after {as_of}"
        for one in (model, *policy.challengers)
        if one is not None and one.trained_as_of > as_of
    ]
    if model is None:
        return Scored(experts, Method.expert(as_of, policy), warnings, None)
    theirs = learned_reasons(ws, learned, model, "reasons_learned")
    watched = drift(ws, learned, theirs, model, as_of, policy)
    warnings += watched.warnings
    gives = asked == "scorecard"
    if gives and watched.warnings and policy.scorecard.drift.past_threshold == "expert":
        warnings.append(
            "drift: the expert table gives the class instead of the scorecard (scorecard.yaml, drift)"
        )
        gives = False
    figures = {**watched.figures, "class_given_by": "scorecard" if gives else "expert"}
    if gives:
        return Scored(theirs, Method("scorecard", dict(model.cut_points_h), experts), warnings, figures)
    return Scored(experts, Method.expert(as_of, policy, theirs), warnings, figures)


def _shadow(ws: Workspace, learned: ir.Table, policy: Policy) -> None:
    """(uscc, model_version, points, points_class) of every challenger."""
    from models.learned import learned_reasons

    parts = []
    for number, model in enumerate(policy.challengers):
        reasons = learned_reasons(ws, learned, model, f"reasons_challenger_{number}")
        total = reasons.group_by("uscc").agg(total=reasons.points_h.sum().cast("int64"))
        parts.append(
            total.select(
                "uscc",
                model_version=ibis.literal(model.version),
                points=total.total.cast("float64") / HUNDREDTHS,
                points_class=class_of(total.total, dict(model.cut_points_h)),
            )
        )
    if parts:
        ws.save("shadow_points", union_all(parts))
    else:
        _no_shadow(ws)


def _no_shadow(ws: Workspace) -> None:
    import pyarrow as pa

    text = pa.string()
    columns = [("uscc", text), ("model_version", text), ("points", pa.float64()), ("points_class", text)]
    ws.put_arrow("shadow_points", pa.schema(columns).empty_table())
