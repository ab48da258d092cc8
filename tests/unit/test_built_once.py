"""What the tests' processes build once means what it meant."""

from __future__ import annotations

from datetime import date, datetime

import ibis
import pytest
from ibis.common.exceptions import IbisTypeError

TABLE = ibis.table({"a": "int64", "b": "string"}, "of_the_tests")


def _expression(table: ibis.Table, day: date) -> ibis.Table:
    other = table.view()
    joined = table.join(other, [table.a == other.a]).select(table.a, c=other.b)
    return joined.filter(joined.c == "x").mutate(d=ibis.literal(day), e=joined.a + 1)


def test_an_expression_is_built_once() -> None:
    one, two = (ibis.table({"a": "int64", "b": "string"}, "of_the_tests") for _ in range(2))
    assert one.filter(one.a > 1).op() is two.filter(two.a > 1).op()
    assert one.filter(one.a > 1).op() is not two.filter(two.a > 2).op()


@pytest.mark.parametrize(
    ("value", "like"),
    [(1, True), (1, 1.0), (0, False), (date(2026, 1, 1), datetime(2026, 1, 1)), ([1], [True])],
)
def test_equal_values_of_two_types_stay_two(value: object, like: object) -> None:
    for one, other in ((value, like), (like, value)):
        assert ibis.literal(one).type() != ibis.literal(other).type()


def test_a_comparison_keeps_the_type_of_its_value() -> None:
    said = [(TABLE.a * value).type() for value in (1, 1.0, 1)]
    assert said[0] == said[2] != said[1]
    assert (TABLE.a == 1).op() is (TABLE.a == 1).op()
    assert (TABLE.a == 1).op() is not (TABLE.a == 1.0).op()
    with pytest.raises(IbisTypeError):
        TABLE.a == True  # noqa: B015, E712


def test_two_views_of_a_table_stay_two() -> None:
    assert TABLE.view().op() != TABLE.view().op()
    sql = str(ibis.duckdb.compile(_expression(TABLE, date(2026, 1, 1))))
    assert sql.count('"of_the_tests"') == 2


def test_a_plan_is_told_as_asked() -> None:
    assert str(ibis.duckdb.compile(TABLE)) == str(ibis.duckdb.compile(TABLE))
    assert str(ibis.duckdb.compile(TABLE, pretty=True)) != str(ibis.duckdb.compile(TABLE))
    assert "LIMIT 3" in str(ibis.duckdb.compile(TABLE, limit=3))
