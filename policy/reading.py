"""YAML as plain data, without its traps: no dates, no yes/no, no floats, no merged or doubled keys."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from policy.errors import PolicyError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # the base is chosen at run time
    """Knows null, true, false and decimal integers; every other plain scalar is text.

    A date stays the text that was written, ``no`` stays ``no``, ``0100`` keeps its zero, and 0.1 is never
    a binary fraction.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's name)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is not text; put it in quotes", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return dict(super().construct_mapping(node, deep=deep))


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^(?:0|-?[1-9][0-9]*)$"), list("-0123456789")
)


def read_yaml(path: Path) -> Any:
    """Read one YAML document as dicts, lists, text, integers, booleans and null.

    Raises:
        PolicyError: the file is not UTF-8, is not YAML, or has a doubled or non-text key.
    """
    try:
        return yaml.load(path.read_bytes().decode("utf-8-sig"), Loader=_Loader)
    except OSError as error:
        raise PolicyError(path.name, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyError(path.name, "is not UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        said = [getattr(error, part, None) for part in ("context", "problem")]
        words = ", ".join(text for text in said if text) or str(error)
        raise PolicyError(path.name, where + " ".join(words.split())) from error
