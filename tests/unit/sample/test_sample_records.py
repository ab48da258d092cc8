"""What stands in the rows: valid identifiers, known codes, days in order, defects as the report counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from stdnum.cn import uscc

from data.sample.defects import DEFECTS
from data.sample.layout import COPY
from data.sample.report import FileReport, SampleReport
from policy import fold, load_policy
from records.schema import KINDS

from .conftest import AS_OF, ReadFile, Row, Rows

_BAD_CODES = ("uscc_check", "uscc_length", "uscc_alphabet", "code_as_number")


def _org_is_valid(code: str) -> bool:
    values = ["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(char) for char in code[8:16]]
    check = 11 - sum(v * w for v, w in zip(values, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return code[16] == {10: "X", 11: "0"}.get(check, str(check))


def _citizen_is_valid(code: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return code[-1] == "10X98765432"[sum(int(c) * w for c, w in zip(code, weights, strict=False)) % 11]


def _reg_no_is_valid(code: str) -> bool:
    p = 10
    for char in code:
        s = (p + int(char)) % 10 or 10
        last, p = p, s * 2 % 11
    return (last + int(code[-1])) % 10 == 1


@pytest.mark.parametrize("kind", KINDS)
def test_invalid_codes_are_those_of_the_report(sample: SampleReport, rows_of: Rows, kind: str) -> None:
    seen = [row["uscc"] for row in rows_of(kind) if row.get("uscc") not in (None, "", "-", "/", "无", "NULL")]
    invalid = [code for code in seen if code and not uscc.is_valid(code)]
    counted = sample.defects.get(kind, Counter())
    assert len(invalid) == sum(counted[name] for name in _BAD_CODES)
    assert all(code.startswith(("91", "92", "93", "52")) for code in seen if code and code not in invalid)


def test_organisation_codes_fail_only_where_counted(sample: SampleReport, rows_of: Rows) -> None:
    codes = [row["uscc"] for row in rows_of("entities") if row["uscc"] and uscc.is_valid(row["uscc"])]
    wrong = [code for code in codes if not _org_is_valid(code)]
    assert len(wrong) == sample.defects["entities"]["wrong_org_check"] > 0


def test_persons_and_firms_are_fictitious(rows_of: Rows) -> None:
    rows = rows_of("penalties") + rows_of("licences")
    ids = [
        code
        for row in rows
        for code in (row.get("subject_id"), row.get("legal_rep_id"))
        if code and code[0] == "3"
    ]
    assert len(ids) > 1_000
    assert all(_citizen_is_valid(code) and code.startswith("349901") for code in ids)
    codes = [row["uscc"] for row in rows if row["uscc"] and uscc.is_valid(row["uscc"])]
    assert all(code is not None and code[8:11] == "MAX" for code in codes)


def test_registration_numbers_have_their_check_digit(rows_of: Rows) -> None:
    numbers = [row["reg_no"] for row in rows_of("entities") if (row.get("reg_no") or "-")[0].isdigit()]
    assert len(numbers) > 300
    assert all(number and len(number) == 15 and _reg_no_is_valid(number) for number in numbers)


def test_exact_duplicates_are_those_of_the_report(
    sample: SampleReport, files: Callable[[FileReport], ReadFile]
) -> None:
    found: Counter[str] = Counter()
    for file in sample.files:
        if file.path != COPY:
            rows = Counter(tuple(row.values()) for row in files(file).rows)
            found[file.kind] += sum(rows.values()) - len(rows)
    assert found == Counter({kind: sample.defects[kind]["exact_duplicate"] for kind in KINDS})


def test_every_defect_is_there(sample: SampleReport, files: Callable[[FileReport], ReadFile]) -> None:
    seen = {name for counts in sample.defects.values() for name in counts}
    assert {defect.name for defect in DEFECTS} <= seen
    assert {"ambiguous_name", "stray_quote", "surplus_cell", "duplicate_file", "superseded_version"} <= seen
    for kind in KINDS:
        shapes = sum(files(file).shapes for file in sample.files if file.kind == kind and file.path != COPY)
        counted = sample.defects.get(kind, Counter())
        assert shapes == counted["stray_quote"] + counted["surplus_cell"], kind


def test_defects_keep_to_their_rates(sample: SampleReport) -> None:
    for kind in KINDS:
        spoiled = sum(sample.defects[kind][defect.name] for defect in DEFECTS)
        allowed = sum(defect.rate for defect in DEFECTS if kind in defect.fields)
        assert spoiled <= 2 * allowed * sample.rows[kind] + len(DEFECTS), kind


def test_stated_codes_are_known_to_the_policy(sample: SampleReport, rows_of: Rows) -> None:
    policy = load_policy()
    tables = {
        ("entities", "status"): "entity_status", ("penalties", "subject_kind"): "subject_kind",
        ("licences", "subject_kind"): "subject_kind", ("inspections", "result"): "inspection_result",
        ("amendments", "action"): "action", ("amendments", "target_kind"): "target_kind",
        ("rulings", "conclusion"): "conclusion", ("rulings", "kind"): "record_kind",
    }  # fmt: skip
    for (kind, field), table in tables.items():
        known = {fold(word) for name, words in policy.codes[table].items() for word in (name, *words)}
        unknown = [
            row[field] for row in rows_of(kind) if row.get(field) and fold(row[field] or "") not in known
        ]
        counted = sample.defects[kind]
        assert len(unknown) <= counted["enum_unknown"] + counted["bare_number_result"], (kind, field, unknown)
    lists = {fold(word) for entry in policy.lists for word in (entry.name, *entry.aliases)}
    unlisted = [row["list_type"] for row in rows_of("listings") if fold(row["list_type"] or "") not in lists]
    assert len(unlisted) == sample.defects["listings"]["enum_unknown"]
    blocking = {entry.name for entry in policy.lists if policy.list_value(entry.name, "is_blocking", AS_OF)}
    seen = {fold(row["list_type"] or "") for row in rows_of("listings")}
    for entry in policy.lists:
        if entry.name in blocking:
            assert seen & {fold(word) for word in (entry.name, *entry.aliases)}, entry.name


def test_authorities_are_known_to_the_policy(rows_of: Rows) -> None:
    policy = load_policy()
    names = {
        fold(name) for a in policy.authorities for name in (a.name, *(alias.name for alias in a.aliases))
    }
    for kind in ("penalties", "licences", "inspections", "listings", "amendments"):
        seen = {row["authority"] for row in rows_of(kind) if row["authority"]}
        assert len(seen) > 5
        assert {name for name in seen if name and fold(name) not in names} == set(), kind


def _day(cell: str | None) -> date | None:
    try:
        return date.fromisoformat((cell or "")[:10].replace("/", "-"))
    except ValueError:
        return None


def _latest(rows: list[Row], field: str) -> date:
    days = [day for row in rows if (day := _day(row[field])) is not None and day.year < 2060]
    assert all(day <= AS_OF for day in days)
    return max(days)


def test_newest_events_are_fresh_and_none_is_later(rows_of: Rows) -> None:
    assert _latest(rows_of("penalties"), "decided_on") >= AS_OF - timedelta(days=5)
    assert _latest(rows_of("listings"), "listed_on") >= AS_OF - timedelta(days=10)
    for kind, field in (
        ("amendments", "effective_on"),
        ("rulings", "decided_on"),
        ("inspections", "inspected_on"),
    ):
        _latest(rows_of(kind), field)


def test_city_is_mixed_as_cities_are(rows_of: Rows) -> None:
    current = {row["uscc"]: row for row in rows_of("entities") if row["uscc"]}
    kinds = Counter((code or "")[:2] for code in current)
    assert 0.55 < kinds["92"] / len(current) < 0.75
    assert kinds["91"] / len(current) > 0.2 and kinds["93"] and kinds["52"]
    assert any(row["parent_uscc"] in current for row in current.values())
    assert any(row["predecessor_uscc"] in current for row in current.values())
    names = Counter(row["name"] for row in current.values())
    assert sum(count > 1 for count in names.values()) >= 20
    versions = Counter(row["uscc"] for row in rows_of("entities"))
    assert sum(count > 1 for count in versions.values()) > 200


def test_fines_are_heavy_tailed(rows_of: Rows) -> None:
    amounts = []
    for row in rows_of("penalties"):
        cell = (row.get("fine_fen") or "").removeprefix("\x01")
        if cell.replace(".", "", 1).isdigit():
            # Under the canonical English header the unit is fen, and no fine is below one yuan.
            amounts.append(float(cell) / 1e6 if float(cell) >= 1_000 else float(cell))
    low = sum(amount <= 0.3 for amount in amounts) / len(amounts)
    assert 0.45 < low < 0.85
    assert max(amounts) > 10
    assert sum(sorted(amounts)[-len(amounts) // 20 :]) > 0.3 * sum(amounts)
