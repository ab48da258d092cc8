"""Ibis expressions that a process of the tests has built before are found, not built again.

A grading is some thousand nodes, each validated as it is made: two thirds of the time that a small city takes, and
equal in the next grading but for what stands upon its day. Nodes never change, and equal ones mean the same.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from ibis.common.collections import FrozenDict, FrozenOrderedDict
from ibis.expr.rewrites import DerefMap
from ibis.expr.schema import Schema

NODES = 200_000  # of some twenty gradings; then all are forgotten
PLANS = 5_000
# Two of these that are made from the same are two.
_NEVER_EQUAL = (ops.Impure, ops.ScalarParameter, ops.SelfReference)
_PLAIN = (str, int, float, bool, date, type(None))  # 1, 1.0 and True are equal, and are three literals

_made: dict[Any, ops.Node] = {}
_make = ops.Node.__create__.__func__
_fill = DerefMap._fill_substitution_mappings
_compile = Backend.compile


class _UnknownError(Exception):
    pass


def _key(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return kind, value
    if isinstance(value, ir.Expr):
        return ir.Expr, value.op()
    if isinstance(value, ops.Node | dt.DataType | Schema):
        return value
    if kind in (tuple, list):
        return tuple, tuple(map(_key, value))
    if kind in (dict, FrozenOrderedDict):
        return dict, tuple((name, _key(one)) for name, one in value.items())
    raise _UnknownError


def _found_or_made(cls: type[ops.Node], *args: Any, **kwargs: Any) -> ops.Node:
    if issubclass(cls, _NEVER_EQUAL):
        return _make(cls, *args, **kwargs)
    try:
        key = cls, _key(args), _key(kwargs)
    except _UnknownError:
        return _make(cls, *args, **kwargs)
    if (node := _made.get(key)) is None:
        if len(_made) >= NODES:
            _made.clear()
        node = _made[key] = _make(cls, *args, **kwargs)
    return node


@lru_cache(maxsize=PLANS)
def _fields(relation: ops.Relation) -> FrozenOrderedDict[str, ops.Field]:
    return FrozenOrderedDict({name: ops.Field(relation, name) for name in relation.schema})


@lru_cache(maxsize=PLANS)
def _substitutions(rels: frozenset[ops.Relation]) -> tuple[FrozenDict[Any, Any], FrozenDict[Any, Any]]:
    traced = DerefMap(rels=rels, extra=None)
    _fill(traced)
    return traced.subs, traced.ambigs


def _fill_once(self: DerefMap) -> None:
    if self.subs is None:
        subs, ambigs = _substitutions(self.rels)
        object.__setattr__(self, "subs", FrozenDict({**subs, **self.extra}) if self.extra else subs)
        object.__setattr__(self, "ambigs", ambigs)


@lru_cache(maxsize=PLANS)
def _sql(node: ops.Node) -> str:
    return _compile(Backend(), node.to_expr())


def _compile_once(self: Backend, expr: ir.Expr, /, **options: Any) -> str:
    if any(value is not None for value in options.values()):
        return _compile(self, expr, **options)
    return _sql(expr.op())


def build_once() -> None:
    """Have this process build an expression once."""
    ops.Node.__create__ = classmethod(_found_or_made)
    ops.Relation.fields = property(_fields)
    DerefMap._fill_substitution_mappings = _fill_once
    Backend.compile = _compile_once
