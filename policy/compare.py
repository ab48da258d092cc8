"""What differs between two policies, value by value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from policy.values import Policy

# Keys that name an item of a list.
_NAMES = ("id", "name", "code", "channel")
_NOT_SHOWN = (
    "params",
    "series",
    "review_by",
    "version",
    "reader_digest",
    "champion",
    "challengers",
    "watched",
)
_CITATION = ("source", "article", "confidence", "reviewed_on", "review_by")


@dataclass(frozen=True)
class Difference:
    """One value that differs.

    Attributes:
        id: the parameter, or the place in a table (``penalty_kinds.警告.weight``).
        before, after: values in words; None where there is none.
        is_citation_only: only the source, article, confidence or review differ.
    """

    id: str
    before: str | None
    after: str | None
    is_citation_only: bool = False


def differences(one: Policy, other: Policy) -> list[Difference]:
    """Every value of two policies that differs, sorted by id; equal policies give none."""
    before, after = _flat(one), _flat(other)
    return [
        Difference(id_, before.get(id_), after.get(id_), id_.rpartition(".")[2] in _CITATION)
        for id_ in sorted(before.keys() | after.keys())
        if before.get(id_) != after.get(id_)
    ]


def _flat(policy: Policy) -> dict[str, str]:
    found: dict[str, str] = {}
    for id_, param in policy.params.items():
        for cited, value in policy.series[id_].entries:
            days = f"{cited.valid_from or '…'}..{cited.valid_to or '…'}"
            found[f"{id_}[{days}]"] = _words(value)
            for part in ("source", "article", "confidence", "reviewed_on"):
                found[f"{id_}[{days}].{part}"] = _words(getattr(cited, part))
        found[f"{id_}.review_by"] = _words(param.review_by)
    for name in sorted(vars(policy)):
        if name not in _NOT_SHOWN:
            found.update(_leaves(name, _plain(getattr(policy, name))))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _leaves(path: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(f"{path}.{key}", part)
    elif isinstance(value, list) and value and all(isinstance(part, Mapping) for part in value):
        for place, part in enumerate(value):
            yield from _leaves(f"{path}.{_name_of(part, place)}", part)
    else:
        yield path, _words(value)


def _name_of(part: Mapping[str, Any], place: int) -> str:
    named = next((str(part[key]) for key in _NAMES if part.get(key)), None)
    if named is not None:
        return named
    if "valid_from" in part:
        return f"[{part['valid_from'] or '…'}..{part.get('valid_to') or '…'}]"
    return str(place + 1)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_words(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(part) for part in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
