"""Policies that a case changes: a copy of the policy's files with some values replaced."""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policy import Policy, load_policy
from policy.reading import read_yaml

SOURCE = Path(inspect.getfile(Policy)).parent


def changed_policy(changes: Mapping[str, Any], folder: Path) -> Policy:
    """The policy with `changes`, each a value or a list of dated values.

    Of a parameter, of `lists.<name>.<field>` or `honours.<name>.<field>` (one field of each can be dated); or `feeds`.

    Args:
        folder: empty folder for the copy.
    """
    files = {path.name: read_yaml(path) for path in sorted(SOURCE.glob("*.yaml"))}
    for name, value in changes.items():
        if name == "feeds":
            files["feeds.yaml"]["sources"] = value
        elif name.startswith(("lists.", "honours.")):
            table, wanted, field = name.split(".")
            (entry,) = [one for one in files[f"{table}.yaml"][table] if one["name"] == wanted]
            if _is_dated(value):
                entry["values"] = _dated(entry["values"][0], field, value)
            else:
                entry["values"] = [{**values, field: value} for values in entry["values"]]
        else:
            _set_parameter(files, name, value)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        # JSON is YAML; the policy's reader takes a date for text either way.
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return load_policy(folder)


def _set_parameter(files: Mapping[str, Any], name: str, value: Any) -> None:
    (param,) = [
        param
        for file, content in files.items()
        if file.startswith("rules_")
        for param in content["params"]
        if param["id"] == name
    ]
    param["values"] = _dated(param["values"][0], "value", value if _is_dated(value) else [{"value": value}])


def _is_dated(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)


def _dated(first: Mapping[str, Any], field: str, entries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Values like the first one, with their own days."""
    made = []
    for entry in entries:
        days = {name: entry.get(name) for name in ("valid_from", "valid_to")}
        made.append({**copy.deepcopy(dict(first)), **days, field: entry["value"]})
    return made
