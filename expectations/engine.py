"""Great Expectations at work: the custom expectations, the suites and one silent, ephemeral context.

Importing this module imports Great Expectations (seconds); only `expectations.validation` does, when asked.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from expectations.meanings import MEANINGS, describe
from records.rules import Rule, rules, verdict_columns
from records.uncollected import uncollected

# No version of the library is to report use; it reads this when it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
# Engines that are not used here, each of which would be imported with it where it is installed (seconds).
_UNUSED = ("pyspark", "sqlalchemy")
# Of what the library draws and tests distributions with it takes no more than the name, as long as nobody asks.
_LATE = ("altair", "scipy.stats")


class _Late(ModuleType):
    """Stands for a module until something of it is asked for, which imports it."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


@contextmanager
def _little_imported() -> Iterator[None]:
    """While the library is imported, what it has no need of is not: a None says "not installed"."""
    stand_ins = dict.fromkeys(_UNUSED) | {name: _Late(name) for name in _LATE}
    put = {name: module for name, module in stand_ins.items() if name not in sys.modules}
    sys.modules.update(put)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, module in put.items():
            if sys.modules.get(name) is module:
                sys.modules.pop(name, None)


with warnings.catch_warnings(), uncollected(), _little_imported():
    # pyparsing of the library's file connectors, on Python 3.11.
    warnings.filterwarnings(
        "ignore", message=r"module 'sre_(constants|parse|compile)' is deprecated", category=DeprecationWarning
    )
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.expectations.core.expect_table_columns_to_match_set import (
        ExpectTableColumnsToMatchSet,
    )
    from great_expectations.expectations.core.expect_table_row_count_to_be_between import (
        ExpectTableRowCountToBeBetween,
    )
    from great_expectations.expectations.expectation import ColumnMapExpectation
    from great_expectations.expectations.metadata_types import FailureSeverity
    from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
        column_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
        ColumnMapMetricProvider,
    )

# The library tells of each metric; none of it is for an operator.
logging.getLogger("great_expectations").setLevel(logging.ERROR)

PATTERN = "pattern"
TABLE_COLUMNS, NO_ROWS = "table_columns", "no_rows"
TABLE_RULES = (TABLE_COLUMNS, NO_ROWS)


class VerdictIsClear(ColumnMapMetricProvider):
    """A verdict column: a row is as expected where it is false."""

    condition_metric_name = "column_values.verdict_is_clear"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:
        return ~column


class _ExpectClearVerdict(ColumnMapExpectation):
    map_metric = "column_values.verdict_is_clear"


class ExpectMandatoryCellsToBeFilled(_ExpectClearVerdict):
    """Mandatory fields (必填项) are filled in every row (contract §2)."""


class ExpectDatesToBeReadable(_ExpectClearVerdict):
    """Dates (日期) can be read, lie in their range and stand in order."""


class ExpectUsccToBeValid(_ExpectClearVerdict):
    """统一社会信用代码: length, alphabet and check character of GB 32100-2015."""


class ExpectOrganisationCodeCheckToHold(_ExpectClearVerdict):
    """组织机构代码: check character of GB 11714."""


class ExpectRegistrationNumberCheckToHold(_ExpectClearVerdict):
    """注册号: check digit of 15-digit numbers, GS 15-2006."""


class ExpectCitizenIdToBeSound(_ExpectClearVerdict):
    """公民身份号码: birth date and check character of GB 11643."""


class ExpectCodesToBeText(_ExpectClearVerdict):
    """Codes (代码) come as text: a number of 15 and more digits is not exact."""


class ExpectAmountsToBeExact(_ExpectClearVerdict):
    """Amounts (金额, 万元) are numbers, not negative, of six decimals."""


class ExpectValuesOfCodeList(_ExpectClearVerdict):
    """Code lists (代码表): the value stands in the policy's tables."""


class ExpectConditionalCellsToBeFilled(_ExpectClearVerdict):
    """Conditional fields (条件必填项) are filled where the standard wants them."""


EXPECTATIONS: dict[str, type[_ExpectClearVerdict]] = {
    "mandatory": ExpectMandatoryCellsToBeFilled,
    "date": ExpectDatesToBeReadable,
    "uscc": ExpectUsccToBeValid,
    "organisation_code": ExpectOrganisationCodeCheckToHold,
    "registration_number": ExpectRegistrationNumberCheckToHold,
    "citizen_id": ExpectCitizenIdToBeSound,
    "code_as_text": ExpectCodesToBeText,
    "amount": ExpectAmountsToBeExact,
    "code_list": ExpectValuesOfCodeList,
    "conditional": ExpectConditionalCellsToBeFilled,
}


@cache
def _batch_definition() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.enable_analytics(enable=False)
    source = context.data_sources.add_pandas("verdicts")
    return source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("batch")


def _expectation(kind: str, rule: Rule) -> ColumnMapExpectation:
    make = EXPECTATIONS[MEANINGS[rule.rule].expectation]
    return make(
        column=rule.column,
        severity=FailureSeverity(rule.severity),
        description=describe(kind, rule),
        meta={"rule": rule.id},
    )


@cache
def suite(kind: str) -> Any:
    """The expectation suite of a kind: its row rules, and what is expected of the table.

    Table-level: every verdict column is there (critical, the file is refused), there are rows (warning).
    """
    table = [
        ExpectTableColumnsToMatchSet(
            column_set=list(verdict_columns(kind)),
            exact_match=False,
            severity=FailureSeverity.CRITICAL,
            description="every rule was applied / 各项规则均已执行",
            meta={"rule": TABLE_COLUMNS},
        ),
        ExpectTableRowCountToBeBetween(
            min_value=1,
            severity=FailureSeverity.WARNING,
            description="there are rows / 有数据行",
            meta={"rule": NO_ROWS},
        ),
    ]
    return gx.ExpectationSuite(
        name=kind, expectations=[*table, *(_expectation(kind, rule) for rule in rules(kind))]
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What the suite found.

    Attributes:
        table: ids of the expectations of the whole table that are not met.
        rows: id of each row rule asked for -> the patterns that break it.
    """

    table: tuple[str, ...]
    rows: dict[str, list[int]]


def _part_of_suite(kind: str, columns: Collection[str]) -> Any:
    """The suite of a kind without the row rules of other columns."""
    wanted = {rule.id for rule in rules(kind) if rule.column in columns} | set(TABLE_RULES)
    return gx.ExpectationSuite(
        name=kind, expectations=[e for e in suite(kind).expectations if e.meta["rule"] in wanted]
    )


def run(kind: str, patterns: pd.DataFrame, columns: Collection[str] | None = None) -> Found:
    """Validate a frame of verdict patterns against the suite of a kind.

    Args:
        kind: record kind.
        patterns: the verdict columns, and the number of each pattern in column PATTERN.
        columns: verdict columns whose rules are asked for; None for the whole suite.

    Raises:
        RuntimeError: an expectation could not be evaluated.
    """
    batch = _batch_definition().get_batch({"dataframe": patterns})
    result_format = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": [PATTERN],
        "include_unexpected_rows": False,
        "return_unexpected_index_query": False,
        "partial_unexpected_count": 0,
    }
    asked = suite(kind) if columns is None else _part_of_suite(kind, columns)
    with uncollected():
        validated = batch.validate(asked, result_format=result_format)
    results = {result.expectation_config.meta["rule"]: result for result in validated.results}
    table = tuple(id_ for id_ in TABLE_RULES if not results[id_].success)
    if TABLE_COLUMNS in table:
        return Found(table, {})
    rows: dict[str, list[int]] = {}
    for rule in rules(kind):
        if columns is not None and rule.column not in columns:
            continue
        result = results[rule.id]
        # An evaluated expectation counts its elements, even where there are none.
        if "element_count" not in result.result:
            raise RuntimeError(f"{kind}: expectation {rule.id} could not be evaluated")
        rows[rule.id] = [row[PATTERN] for row in result.result.get("unexpected_index_list") or ()]
        if bool(rows[rule.id]) is bool(result.success):
            raise RuntimeError(f"{kind}: expectation {rule.id} contradicts itself")
    return Found(table, rows)
