"""Which points give the class: the expert table or the promoted scorecard, and the other one beside it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from models.grades import Method
from models.points import expert_reasons
from policy import PolicyError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.facts import Facts
    from policy import Policy
    from records.resolve.workspace import Workspace


class Scored(NamedTuple):
    """Reasons of the method that gives the class, how its points become one, and what the manifest is told."""

    reasons: ir.Table
    method: Method
    warnings: list[str]


def score(ws: Workspace, facts: Facts, classed: ir.Table, as_of: date, policy: Policy) -> Scored:
    """Points of both methods for the classed entities.

    Args:
        classed: rows of `features.indicators.entity_features` that get a class.

    Raises:
        PolicyError: the policy lets the scorecard give the class, and no model is promoted.
    """
    asked = str(policy.value("class_method", as_of))
    experts = expert_reasons(ws, classed, facts.events, as_of, policy)
    model = policy.champion
    if model is None:
        if asked == "scorecard":
            raise PolicyError(
                "models/registry.yaml",
                "class_method is scorecard, and no model is promoted (creditgrade model promote)",
            )
        return Scored(experts, Method.expert(as_of, policy), [])
    from features.history import learned_features
    from models.learned import learned_reasons

    warnings = []
    if model.trained_as_of > as_of:
        warnings.append(
            f"the model {model.id} was trained on records up to {model.trained_as_of}: it knows what came after {as_of}"
        )
    learned = learned_features(ws, classed, facts, as_of, policy)
    theirs = learned_reasons(ws, learned, model, "reasons_learned")
    if asked == "scorecard":
        return Scored(theirs, Method("scorecard", dict(model.cut_points_h), experts), warnings)
    return Scored(experts, Method.expert(as_of, policy, theirs), warnings)
