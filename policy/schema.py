"""JSON Schema of the policy files, for editors and for the policy's own documentation."""

from __future__ import annotations

from typing import Any

from policy.loading import FILES


def policy_json_schema() -> dict[str, dict[str, Any]]:
    """JSON Schema (2020-12) of each policy file, by file name."""
    return {name: model.model_json_schema() for name, model in FILES.items()}
