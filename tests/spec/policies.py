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
    """The policy with `changes`: a parameter's value or list of dated values, `lists.<name>.<field>`, or `feeds`.

    Args:
        folder: empty folder for the copy.
    """
    files = {path.name: read_yaml(path) for path in sorted(SOURCE.glob("*.yaml"))}
    for name, value in changes.items():
        if name == "feeds":
            files["feeds.yaml"]["sources"] = value
        elif name.startswith("lists."):
            _, list_name, field = name.split(".")
            (entry,) = [one for one in files["lists.yaml"]["lists"] if one["name"] == list_name]
            for values in entry["values"]:
                values[field] = value
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
    first = param["values"][0]
    is_dated = isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)
    dated = value if is_dated else [{"value": value}]
    param["values"] = [
        {**copy.deepcopy(first), "valid_from": None, "valid_to": None, **entry} for entry in dated
    ]
