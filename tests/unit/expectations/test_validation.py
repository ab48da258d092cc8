"""The suites judge: what is critical quarantines, what is a warning flags, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import Validation, engine, validate, validation
from expectations.engine import EXPECTATIONS, suite
from expectations.meanings import MEANINGS, describe
from records.errors import InputRefused
from records.registry import field
from records.rules import rules, verdict_columns
from records.schema import KINDS
from records.typed import split
from tests.unit.values.rows import GOOD, changed, read


def verdicts(kind: str, rows: list[list[str]]) -> pa.Table:
    """A table of verdicts: for each row the columns that are broken."""
    return pa.table(
        {name: pa.array([name in row for row in rows], pa.bool_()) for name in verdict_columns(kind)}
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_alone(kind: str) -> None:
    columns = list(verdict_columns(kind))
    found = validate(kind, verdicts(kind, [[], *([name] for name in columns)]))
    critical = [not name.startswith("warn:") for name in columns]
    assert found.rejected.tolist() == [False, *critical]
    assert found.rules.to_pylist() == [
        [],
        *([name] if is_critical else [] for name, is_critical in zip(columns, critical, strict=True)),
    ]
    assert found.flags.to_pylist() == [
        [],
        *(
            [] if is_critical else [name.removeprefix("warn:")]
            for name, is_critical in zip(columns, critical, strict=True)
        ),
    ]
    assert all(outcome.failed == 1 for outcome in found.outcomes)
    assert [outcome.rule for outcome in found.outcomes] == list(rules(kind))
    assert found.warnings == ()


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_at_once(kind: str) -> None:
    columns = list(verdict_columns(kind))
    found = validate(kind, verdicts(kind, [columns, [], columns]))
    assert found.rejected.tolist() == [True, False, True]
    assert found.rules[0].as_py() == sorted(name for name in columns if not name.startswith("warn:"))
    assert found.flags[2].as_py() == sorted(n.removeprefix("warn:") for n in columns if n.startswith("warn:"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows_only_warn(kind: str) -> None:
    found = validate(kind, verdicts(kind, []))
    assert (found.rows, found.warnings, len(found.rejected)) == (0, ("no_rows",), 0)
    assert (found.rules.to_pylist(), found.flags.to_pylist()) == ([], [])
    assert all(outcome.failed == 0 for outcome in found.outcomes)


def test_a_rule_that_was_not_applied_refuses() -> None:
    table = verdicts("listings", [[]]).drop_columns(["date_order:removed_on"])
    with pytest.raises(InputRefused, match="date_order:removed_on") as refused:
        validate("listings", table)
    assert refused.value.rule == "missing_mandatory_column"


PENALTY_COLUMNS = verdict_columns("penalties")


@given(st.lists(st.lists(st.sampled_from(PENALTY_COLUMNS), max_size=4, unique=True), max_size=30))
@settings(max_examples=8)
def test_any_verdicts(rows: list[list[str]]) -> None:
    found = validate("penalties", verdicts("penalties", rows))
    assert found.rules.to_pylist() == [sorted(n for n in row if not n.startswith("warn:")) for row in rows]
    assert found.flags.to_pylist() == [
        sorted(n.removeprefix("warn:") for n in row if n.startswith("warn:")) for row in rows
    ]
    assert found.rejected.tolist() == [any(not n.startswith("warn:") for n in row) for row in rows]
    for outcome in found.outcomes:
        assert outcome.failed == sum(outcome.rule.column in row for row in rows)


def test_files_are_judged_together_as_alone() -> None:
    rows = [["date_range:decided_on"], [], ["warn:reg_no_check:reg_no", "date_range:decided_on"], []]
    together = validate("penalties", verdicts("penalties", rows))
    for start, count in ((0, 1), (1, 2), (3, 1), (4, 0)):
        part = together.part(start, count)
        alone = validate("penalties", verdicts("penalties", rows[start : start + count]))
        assert part.rejected.tolist() == alone.rejected.tolist()
        assert part.rules.to_pylist() == alone.rules.to_pylist()
        assert part.flags.to_pylist() == alone.flags.to_pylist()
        assert part.outcomes == alone.outcomes
        assert part.warnings == alone.warnings


def test_chunked_verdicts() -> None:
    one, two = (
        verdicts("honours", [["missing_mandatory:issuer"]]),
        verdicts("honours", [[], ["warn:honour_unknown:honour_type"]]),
    )
    found = validate("honours", pa.concat_tables([one, two]))
    assert found.rejected.tolist() == [True, False, False]
    assert found.flags.to_pylist() == [[], [], ["honour_unknown:honour_type"]]


def test_from_cells_to_the_two_tables() -> None:
    rows = [
        changed("penalties"),
        changed("penalties", decided_on="x", publicity_until="y"),
        changed("penalties", legal_rep=None),
    ]
    result = read("penalties", *rows)
    accepted, held = split(result, validate("penalties", result.verdicts))
    assert accepted["source_row"].to_pylist() == [1, 3]
    assert accepted["flags"].to_pylist() == [[], ["conditional_missing:legal_rep"]]
    assert held["rules"].to_pylist() == [["date_unreadable:decided_on"]]


@pytest.mark.parametrize("kind", KINDS)
def test_good_rows_pass(kind: str) -> None:
    found = validate(kind, read(kind, GOOD[kind]).verdicts)
    assert isinstance(found, Validation)
    assert not found.rejected.any()


def test_patterns_that_were_judged_before_are_judged_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        ["date_range:decided_on"],
        [],
        ["date_range:decided_on", "uscc_check:uscc"],
        ["warn:uscc_lower_case:uscc", "uscc_check:uscc"],
    ]
    monkeypatch.setattr(validation, "_judged", {})
    # One after the other, in parts, and all at once.
    singly = [validate("penalties", verdicts("penalties", [row])).rules.to_pylist()[0] for row in rows]
    again = validate("penalties", verdicts("penalties", rows))
    monkeypatch.setattr(validation, "_judged", {})
    at_once = validate("penalties", verdicts("penalties", rows))
    assert singly == again.rules.to_pylist() == at_once.rules.to_pylist()
    assert again.flags.to_pylist() == at_once.flags.to_pylist() == [[], [], [], ["uscc_lower_case:uscc"]]


def test_only_new_patterns_are_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int | None]] = []
    run = engine.run

    def counted(kind: str, patterns: pd.DataFrame, columns: Collection[str] | None = None) -> engine.Found:
        asked.append((len(patterns), None if columns is None else len(columns)))
        return run(kind, patterns, columns)

    monkeypatch.setattr(validation, "_judged", {})
    monkeypatch.setattr(engine, "run", counted)
    for rows in (
        [[], []],
        [[]],
        [[], ["uscc_check:uscc"]],
        [["uscc_check:uscc"]],
        [["uscc_check:uscc", "uscc_length:uscc"]],
    ):
        validate("honours", verdicts("honours", rows))
    # The whole suite once, then the marked columns of each new pattern.
    assert asked == [(1, None), (1, 1), (1, 2)]


def test_many_patterns_are_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "_judged", {})
    monkeypatch.setattr(validation, "_MANY_PATTERNS", 1)
    for name in ("uscc_check:uscc", "uscc_length:uscc", "uscc_alphabet:uscc"):
        assert validate("honours", verdicts("honours", [[], [name]])).rules.to_pylist() == [[], [name]]


# -- the suites ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_suites_are_built_from_the_catalogue(kind: str) -> None:
    expectations = {e.meta["rule"]: e for e in suite(kind).expectations}
    assert set(expectations) == {"table_columns", "no_rows", *(rule.id for rule in rules(kind))}
    assert expectations["table_columns"].severity == "critical"
    assert expectations["no_rows"].severity == "warning"
    for rule in rules(kind):
        expectation = expectations[rule.id]
        assert (expectation.column, expectation.severity) == (rule.column, rule.severity)
        assert isinstance(expectation, EXPECTATIONS[MEANINGS[rule.rule].expectation])
        assert field(kind, rule.field).zh in expectation.description or "自然人" in expectation.description


def test_every_meaning_is_used_and_none_is_missing() -> None:
    assert {rule.rule for kind in KINDS for rule in rules(kind)} == set(MEANINGS)
    assert {meaning.expectation for meaning in MEANINGS.values()} == set(EXPECTATIONS)
    rule = next(rule for rule in rules("penalties") if rule.id == "uscc_check:uscc")
    assert describe("penalties", rule) == (
        "uscc must end in the right check character (GB 32100) / 行政相对人代码_1(统一社会信用代码)校验码应符合GB 32100"
    )


def test_an_expectation_that_cannot_be_evaluated_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    good = engine.suite("honours").expectations
    astray = [e.copy(update={"column": "nowhere"}) if n == 5 else e for n, e in enumerate(good)]
    monkeypatch.setattr(validation, "_judged", {})
    monkeypatch.setattr(
        engine, "suite", lambda kind: engine.gx.ExpectationSuite(name="astray", expectations=astray)
    )
    with pytest.raises(RuntimeError, match="could not be evaluated"):
        validate("honours", verdicts("honours", [[]]))


# -- silence and cost --------------------------------------------------------------------------------------------------


def test_importing_the_package_imports_no_great_expectations() -> None:
    code = (
        "import sys, expectations\n"
        "heavy = {'great_expectations', 'pandas', 'duckdb', 'ibis'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_validation_says_nothing_and_warns_of_nothing() -> None:
    code = (
        "import pyarrow as pa\n"
        "from expectations import validate\n"
        "from records.rules import verdict_columns\n"
        "v = validate('rulings', pa.table({n: pa.array([True]) for n in verdict_columns('rulings')}))\n"
        "assert v.rejected.tolist() == [True]\n"
    )
    home = os.environ | {"GX_ANALYTICS_ENABLED": "true"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False, env=home
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_great_expectations_brings_nothing_that_is_not_used_and_leaves_no_stand_in() -> None:
    code = (
        "import sys, expectations.engine\n"
        "unused = {'altair', 'pyspark', 'scipy.stats', 'sqlalchemy'} & set(sys.modules)\n"
        "assert not unused, unused\n"
        "from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as kl\n"
        "with expectations.engine._little_imported():\n"
        "    asked = sys.modules['altair'].Chart\n"
        "import scipy.stats, sqlalchemy, altair\n"
        "assert asked is altair.Chart\n"
        "assert kl.stats.entropy is scipy.stats.entropy and kl.alt.Chart is altair.Chart\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_many_rows_cost_no_more_than_their_patterns() -> None:
    # 200,000 rows of four patterns: what is asked of Great Expectations is four rows.
    count = 200_000
    marks = np.arange(count)
    columns = {name: pa.array(np.zeros(count, np.bool_)) for name in verdict_columns("penalties")}
    columns["warn:conditional_missing:uscc"] = pa.array(marks % 2 == 0)
    columns["date_range:decided_on"] = pa.array(marks % 1000 == 0)
    found = validate("penalties", pa.table(columns))
    assert len(found.pattern_rules) == 3
    assert int(found.rejected.sum()) == 200
    assert {o.id: o.failed for o in found.outcomes if o.failed} == {
        "conditional_missing:uscc": 100_000, "date_range:decided_on": 200,
    }  # fmt: skip
