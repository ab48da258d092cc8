"""The numbers of the policy, asked often."""

from __future__ import annotations

from datetime import date
from typing import Any

from policy import Policy


class RememberedPolicy:
    """A policy whose values are looked up once for each period in which they are in force."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._values: dict[str, list[tuple[date, Any]]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._policy, name)

    def value(self, param_id: str, on: date) -> Any:
        """As `Policy.value`."""
        if param_id not in self._values:
            periods = self._policy.periods([param_id], date.min, date.max)
            self._values[param_id] = [(last, self._policy.value(param_id, first)) for first, last in periods]
        return next(value for last, value in self._values[param_id] if on <= last)

    def list_value(self, name: str, field: str, on: date) -> Any:
        """As `Policy.list_value`."""
        return self.value(f"lists.{name}.{field}", on)


def remembered(policy: Policy) -> Policy:
    """The same policy, asked faster."""
    return policy if isinstance(policy, RememberedPolicy) else RememberedPolicy(policy)  # type: ignore[return-value]
