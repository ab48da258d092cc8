"""What several nights leave on record: deliveries, duplicates, refusals, withdrawals, what was known when."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flows.acceptances import Acceptance
from flows.stages.ingest_landing import LandingFile, Unreadable, walk_landing
from records.errors import CreditgradeError, InputRefused, UsageError
from records.lake import withdraw

from .conftest import DAY, ZONE, City, as_csv, entities, honours, listings, penalties, rows_of, told

NOW = datetime(2026, 5, 20, 9, 0, tzinfo=ZONE)


def journal(city: City) -> list[tuple[str, int, str]]:
    lines = (city.lake / "received.jsonl").read_text().splitlines()
    return [(line["path"], line["order"], line["landed_on"]) for line in map(json.loads, lines)]


def test_a_first_night(city: City) -> None:
    intake = city.night()
    assert told(intake) == {
        "entities/a.csv": (3, 3, 0, 0), "penalties/a.csv": (2, 2, 0, 0), "名录名单/a.csv": (1, 1, 0, 0),
    }  # fmt: skip
    assert [(d.path, d.kind, d.file_ord) for d in intake.deliveries] == [
        ("entities/a.csv", "entities", 1), ("penalties/a.csv", "penalties", 2), ("名录名单/a.csv", "listings", 3),
    ]  # fmt: skip
    record = intake.deliveries[1].record
    assert (record["encoding"], record["layout"], record["newest_event"]) == (
        "utf-8",
        "csv/en",
        DAY.isoformat(),
    )
    assert rows_of(intake.deliveries[1]).column("sha256").to_pylist() == [intake.deliveries[1].sha256] * 2
    assert intake.warnings == ()
    assert journal(city) == [
        ("entities/a.csv", 1, "2026-05-04"), ("penalties/a.csv", 1, "2026-05-04"), ("名录名单/a.csv", 1, "2026-05-04"),
    ]  # fmt: skip


def test_a_second_night_with_nothing_new_changes_nothing(city: City) -> None:
    first = city.night()
    before = city.files(), journal(city)
    assert city.night(1) == first
    assert (city.files(), journal(city)) == before


def test_nothing_is_parsed_twice(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    city.night()
    city.put("penalties/b.csv", penalties(3))
    read: list[str] = []
    import records.readers

    real = records.readers.read_file
    monkeypatch.setattr(
        records.readers, "read_file", lambda *a, **k: (read.append(k["name"]), real(*a, **k))[1]
    )
    city.night(1)
    assert read == ["penalties/b.csv"]


def test_what_left_the_landing_folder_stays_an_input(city: City) -> None:
    first = city.night()
    for path in city.landing.rglob("*.csv"):
        path.unlink()
    assert replace(city.night(1), repairs=()) == first
    for folder in city.landing.iterdir():
        folder.rmdir()
    assert replace(city.night(2), repairs=()) == first


def test_new_bytes_under_a_path_are_a_new_delivery(city: City) -> None:
    city.night()
    city.put("penalties/a.csv", penalties(1, 2, 3))
    intake = city.night(1)
    assert [(d.path, d.order, d.file_ord) for d in intake.deliveries if d.kind == "penalties"] == [
        ("penalties/a.csv", 1, 2), ("penalties/a.csv", 2, 4),
    ]  # fmt: skip


def test_a_b_a_on_one_path_are_three_deliveries(city: City) -> None:
    a, b = as_csv(penalties(1, 2)), as_csv(penalties(1, 3))
    for day, content in enumerate((a, b, a)):
        city.put("penalties/a.csv", content)
        intake = city.night(day)
    mine = intake.taking_part("penalties")
    assert [(d.order, d.landed_on - DAY) for d in mine] == [(n + 1, timedelta(days=n)) for n in range(3)]
    assert mine[0].accepted == mine[2].accepted != mine[1].accepted
    assert all(not d.is_duplicate for d in mine)


def test_equal_bytes_elsewhere_are_a_duplicate_with_a_line_of_its_own(city: City) -> None:
    city.put("penalties/副本/b.csv", penalties(1, 2))
    intake = city.night()
    copy = next(d for d in intake.deliveries if d.path == "penalties/副本/b.csv")
    assert copy.is_duplicate
    assert (copy.accepted, copy.quarantine, copy.file_ord) == (None, None, 0)
    assert told(intake)["penalties/副本/b.csv"] == (2, 0, 0, 2)


def test_rows_equal_in_every_cell_are_duplicates(city: City) -> None:
    odd = penalties(5, decided_on=DAY + timedelta(days=9))  # quarantined, and twice
    rows = [*penalties(1, 2), *penalties(1), *odd, *odd]
    other = [{**row, "reported_by": "甲"} for row in penalties(1)]
    city.put("penalties/a.csv", rows)
    city.put("penalties/b.csv", [*other, {**other[0], "reported_by": "乙"}])
    intake = city.night()
    assert told(intake)["penalties/a.csv"] == (5, 2, 1, 2)
    assert told(intake)["penalties/b.csv"] == (2, 2, 0, 0)
    assert intake.warnings == ("penalties/b.csv: 1 unknown column kept out",)
    assert rows_of(intake.taking_part("penalties")[0]).column("source_row").to_pylist() == [1, 2]


def test_the_order_in_which_files_are_listed_does_not_matter(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        city.put(f"penalties/{n}.csv", penalties(n + 10))
    expected = city.night()
    other = City(tmp_path / "other")
    other.root.mkdir()
    real = walk_landing

    def backwards_walk(landing: Path) -> tuple[list[LandingFile], list[Unreadable]]:
        files, unreadable = real(landing)
        return files[::-1], unreadable

    monkeypatch.setattr("flows.stages.ingest_receive.walk_landing", backwards_walk)
    backwards = other.night(landing=city.landing)
    assert [(d.path, d.file_ord, d.sha256) for d in backwards.deliveries] == [
        (d.path, d.file_ord, d.sha256) for d in expected.deliveries
    ]
    assert other.files() == city.files()


def test_only_what_was_known_by_a_day(city: City) -> None:
    first = city.night()
    city.put("penalties/a.csv", penalties(1))
    city.put("penalties/b.csv", penalties(2))
    city.night(3)
    assert city.night(9, known_by=DAY + timedelta(days=2)) == first
    before = DAY - timedelta(days=1)
    with pytest.raises(InputRefused, match=f"had been received by {before}.*no_entities"):
        city.night(9, known_by=before)
    (city.landing / "penalties/gone.csv").symlink_to("nowhere.csv")
    with pytest.raises(InputRefused, match="file_unreadable"):
        city.night(9)
    past = city.night(9, known_by=DAY)
    assert past.deliveries == first.deliveries
    assert past.warnings == (
        "penalties/gone.csv: a link leads nowhere [file_unreadable]; not known by 2026-05-04",
    )


# -- refused files


BAD = "決定".encode() + b"\xff\xfe\x00,\n"
NO_COLUMN = as_csv([{k: v for k, v in row.items() if k != "facts"} for row in penalties(1)])


@pytest.mark.parametrize(
    ("path", "content", "rule"),
    [
        ("penalties/b.csv", NO_COLUMN, "missing_mandatory_column"),
        ("penalties/b.xlsx", b"no workbook", "file_not_what_name_says"),
        ("penalties/b.csv.gz", b"no gzip", "file_not_what_name_says"),
        ("listings/b.pdf", b"%PDF-1.4", "file_unknown_format"),
        ("entities/b.json", b"[{", "file_unreadable"),
        ("修复变更/b.csv", b"a,b\n1,2\n", "missing_mandatory_column"),
        ("rulings/b.csv", b"a,b\n1,2\n", "missing_mandatory_column"),
    ],
)
def test_a_refused_file_stops_each_run_until_it_is_accepted(
    city: City, path: str, content: bytes, rule: str
) -> None:
    city.put(path, content)
    for day in range(2):
        with pytest.raises(InputRefused) as raised:
            city.night(day)
        assert (raised.value.rule, raised.value.file, raised.value.exit_code) == (rule, path, 3)
        assert f"--accept-refused {shlex.quote(path)}" in str(raised.value)
        (city.landing / path).unlink(missing_ok=True)  # it is on record all the same
    intake = city.night(2, accept=[Acceptance.refused(path, "asked for a better one", DAY)])
    (gap,) = intake.accepted_gaps
    assert (gap["type"], gap["path"], gap["rule"], gap["reason"]) == (
        "refused",
        path,
        rule,
        "asked for a better one",
    )
    refused = next(d for d in intake.deliveries if d.path == path)
    assert (refused.refused_rule, refused.takes_part, refused.record["rows_read"]) == (rule, False, 0)
    with pytest.raises(InputRefused):
        city.night(3)


def test_a_better_delivery_of_the_same_path_ends_a_refusal(city: City) -> None:
    city.put("penalties/b.csv", NO_COLUMN)
    with pytest.raises(InputRefused, match="facts"):
        city.night()
    city.put("penalties/c.csv", penalties(3))
    with pytest.raises(InputRefused, match=r"penalties/b\.csv"):
        city.night(1)
    city.put("penalties/b.csv", penalties(4))
    assert told(city.night(2))["penalties/b.csv"] == (1, 1, 0, 0)


def test_a_refused_file_of_other_kinds_is_a_warning(city: City) -> None:
    city.put("honours/b.csv", b"a,b\n1,2\n")
    city.put("licences/b.xlsx", b"no workbook")
    intake = city.night()
    assert len(intake.warnings) == 2
    assert all("refused, its rows are missing" in warning for warning in intake.warnings)


def test_all_refused_files_are_named_at_once(city: City) -> None:
    city.put("penalties/b.csv", NO_COLUMN)
    city.put("listings/c.csv", b"a,b\n1,2\n")
    (city.landing / "amendments").mkdir()
    (city.landing / "amendments/out.csv").symlink_to("/etc/hostname")
    with pytest.raises(InputRefused) as raised:
        city.night()
    for path in ("penalties/b.csv", "listings/c.csv", "amendments/out.csv"):
        assert f"--accept-refused {path}" in str(raised.value)
    assert city.night(1, accept=["penalties/b.csv", "./listings/c.csv", "amendments/out.csv"]).accepted_gaps


def test_the_same_bytes_under_a_better_name_are_read(city: City) -> None:
    content = as_csv(honours(1))
    city.put("honours/b.xlsx", content)
    city.put("honours/b.csv", content)
    intake = city.night()
    assert [(d.path, d.refused_rule, d.takes_part) for d in intake.deliveries if d.kind == "honours"] == [
        ("honours/b.csv", None, True), ("honours/b.xlsx", "file_not_what_name_says", False),
    ]  # fmt: skip


# -- withdrawals


def test_a_withdrawn_delivery_takes_no_part_any_more(city: City) -> None:
    city.put("penalties/b.csv", penalties(3))
    before = city.night()
    sha256 = next(d.sha256 for d in before.deliveries if d.path == "penalties/b.csv")
    withdraw(city.lake, sha256, "another city's", NOW)
    after = city.night(30)
    gone = next(d for d in after.deliveries if d.path == "penalties/b.csv")
    assert (gone.is_withdrawn, gone.takes_part, gone.accepted) == (True, False, None)
    assert after.warnings == (
        f"penalties/b.csv: delivery {sha256[:12]} of 2026-05-04 withdrawn: another city's",
    )
    assert city.night(30, known_by=NOW.date() - timedelta(days=1)) == before


def test_a_withdrawn_refusal_stops_nothing(city: City) -> None:
    city.put("penalties/b.csv", NO_COLUMN)
    with pytest.raises(InputRefused):
        city.night()
    lines = [json.loads(line) for line in (city.lake / "received.jsonl").read_text().splitlines()]
    withdraw(city.lake, next(x["sha256"] for x in lines if x["path"] == "penalties/b.csv"), "by mistake", NOW)
    assert city.night(20).accepted_gaps == ()


def test_a_copy_takes_the_place_of_nothing_when_both_are_withdrawn(city: City) -> None:
    city.put("penalties/b.csv", penalties(1, 2))
    sha256 = city.night().taking_part("penalties")[0].sha256
    withdraw(city.lake, sha256, "wrong", NOW)
    assert city.night(20).taking_part("penalties") == ()


# -- nothing to grade


def test_no_entities_stop_the_run(city: City) -> None:
    (city.landing / "entities/a.csv").unlink()
    with pytest.raises(InputRefused, match="no_entities") as raised:
        city.night()
    assert raised.value.exit_code == 3


def test_an_empty_landing_folder_and_an_empty_lake_hold_no_entities(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.landing.mkdir()
    with pytest.raises(InputRefused, match="no_entities"):
        city.night()


def test_an_empty_landing_folder_before_a_lake_that_holds_deliveries_is_told_of(city: City) -> None:
    assert city.night().repairs == ()
    for folder in city.landing.iterdir():
        shutil.rmtree(folder)
    (city.landing / "penalties").mkdir()
    intake = city.night()
    assert [line.partition(":")[0] for line in intake.repairs] == [
        f"landing folder {city.landing} holds no file at all"
    ]
    assert not any("holds no file" in line for line in intake.warnings), "those stand in the manifest"
    city.put("penalties/.hidden", b"")
    assert city.night().repairs == ()


def test_empty_files_are_accepted_with_a_warning(city: City) -> None:
    city.put("penalties/empty.csv", b"")
    city.put("penalties/empty.dat", b"")
    city.put("listings/header.csv", as_csv(listings(1)).splitlines(keepends=True)[0])
    city.put("listings/copy of header.csv", as_csv(listings(1)).splitlines(keepends=True)[0])
    intake = city.night()
    counts = told(intake)
    assert (
        counts["penalties/empty.csv"]
        == counts["penalties/empty.dat"]
        == counts["listings/header.csv"]
        == (0,) * 4
    )
    # Their bytes are equal, yet none of them should be empty: each is named.
    assert sorted(warning.split(":")[0] for warning in intake.warnings) == [
        "listings/copy of header.csv",
        "listings/header.csv",
        "penalties/empty.csv",
        "penalties/empty.dat",
    ]
    only_header = City(city.root / "other")
    only_header.put("entities/a.csv", as_csv(entities(1)).splitlines(keepends=True)[0])
    with pytest.raises(InputRefused, match="no_entities"):
        only_header.night()


def test_an_unknown_folder_stops_before_anything_is_read(city: City) -> None:
    city.put("处罚/a.csv", penalties(9))
    with pytest.raises(InputRefused, match="unknown_folder"):
        city.night()
    assert not (city.lake / "received.jsonl").exists()


def test_the_key_belongs_to_the_lake(city: City) -> None:
    city.night()
    city.environ = {"CREDITGRADE_ID_KEY": "another key for tests"}
    with pytest.raises(UsageError, match="id_key_other") as raised:
        city.night(1)
    assert raised.value.exit_code == 2


def test_a_lake_in_use_is_left_alone(city: City) -> None:
    from records.lake import Lake

    with Lake(city.lake).locked(), pytest.raises(CreditgradeError, match="lake_busy"):
        city.night()
