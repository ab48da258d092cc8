"""Compares what an engine says of a case with what the case expects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy.publicity import CHANNELS
from tests.spec.loader import Case


def differences(case: Case, alias: str, got: Mapping[str, Any] | None) -> list[str]:
    """One line for each expectation about one entity that is not met.

    Args:
        got: `status`, `grounds`, `clean_since`, `eligible_on`, `blockers` (list of dicts), `red_lines`,
            `class_floor` (where the engine tells it), `risk_class`, `in_grades`, `points` (indicator -> text), the
            lines of `disclosure` by channel, or None where the entity has no row.
    """
    wanted = dict(case.expect[alias])
    if wanted.pop("absent", False):
        return [] if got is None else [f"{alias}: must have no row, has {got['status']}"]
    if got is None:
        return [f"{alias}: has no row"]
    found = []
    for key, value in wanted.items():
        if key == "blockers":
            found += [f"{alias}: {line}" for line in _line_differences("blocker", value, got["blockers"])]
        elif key in CHANNELS:
            found += [f"{alias}: {line}" for line in _line_differences(key, value, got[key])]
        elif key == "points":
            for indicator, points in value.items():
                if got["points"].get(indicator, "0.00") != points:
                    found.append(
                        f"{alias}: {indicator} is {got['points'].get(indicator, '0.00')}, must be {points}"
                    )
        elif key == "red_lines":
            if sorted(got[key]) != sorted(value):
                found.append(f"{alias}: red_lines are {sorted(got[key])}, must be {sorted(value)}")
        elif key in got and got[key] != value:
            found.append(f"{alias}: {key} is {got[key]}, must be {value}")
    return found


def _line_differences(what: str, wanted: list[dict[str, Any]], got: list[dict[str, Any]]) -> list[str]:
    """The lines must be as many as expected, and each expected one must be met by a line of its own."""
    left = list(got)
    missing = []
    for line in sorted(wanted, key=len, reverse=True):
        match = next((one for one in left if all(one[key] == value for key, value in line.items())), None)
        if match is None:
            missing.append(f"no {what} {line}")
        else:
            left.remove(match)
    return missing + [f"{what} {one} is not expected" for one in left]
