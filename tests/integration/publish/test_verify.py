"""``verify`` finds each kind of damage, also where the manifest was mended to fit."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from publish.snapshot import Published
from publish.tables import QUARANTINE, SHADOW_POINTS, UNMATCHED
from publish.verify import verify
from publish.verify_tables import check_table
from records.errors import UsageError

Damage = Callable[[Path], None]


def rules(snapshot: Path) -> set[str]:
    return {problem.rule for problem in verify(snapshot)}


def change_manifest(
    snapshot: Path, change: Callable[[dict[str, Any]], None], name: str = "manifest.json"
) -> None:
    value = json.loads((snapshot / name).read_text(encoding="utf-8"))
    change(value)
    (snapshot / name).write_text(json.dumps(value), encoding="utf-8")


def relist(snapshot: Path, path: str, rows: int | None = None) -> None:
    """Mends the manifests after a file was changed: a forger, not an accident."""
    raw = (snapshot / path).read_bytes()

    def mend(value: dict[str, Any]) -> None:
        for output in value["outputs"]:
            if path.endswith(output["path"]):
                output.update(sha256=hashlib.sha256(raw).hexdigest(), bytes=len(raw))
                if rows is not None:
                    output["rows"] = rows
        if "desk_manifest_sha256" in value:
            value["desk_manifest_sha256"] = hashlib.sha256(
                (snapshot / "desk/manifest.json").read_bytes()
            ).hexdigest()

    change_manifest(snapshot, mend, "desk/manifest.json")
    change_manifest(snapshot, mend)


def rewrite(snapshot: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Changes a table, its CSV and the manifest together."""
    table = change(pq.read_table(snapshot / f"{name}.parquet", partitioning=None))
    table = table.cast(pa.schema([pa.field(f.name, f.type) for f in table.schema]))  # whatever may be null
    pq.write_table(table, snapshot / f"{name}.parquet")
    flat = pa.table(
        {
            field.name: pa.nulls(len(column), pa.string()) if pa.types.is_list(field.type) else column.cast(pa.string())
            for field, column in zip(table.schema, table.columns, strict=True)
        }
    )  # fmt: skip
    with open(snapshot / f"{name}.csv", "wb") as file:
        file.write(b"\xef\xbb\xbf")
        pa_csv.write_csv(flat, file)
    for suffix in ("parquet", "csv"):
        relist(snapshot, f"{name}.{suffix}", table.num_rows)


def with_column(name: str, values: list[Any]) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        index = table.schema.get_field_index(name)
        return table.set_column(
            index, table.schema.field(index), pa.array(values, table.schema.field(index).type)
        )

    return change


def test_a_good_snapshot_has_no_problem(published: Published) -> None:
    assert verify(published.path) == []


def test_a_copy_elsewhere_is_as_good(published: Published, tmp_path: Path) -> None:
    moved = published.path.rename(tmp_path / "backup")
    assert verify(moved) == []


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        verify(tmp_path / "nowhere")


def flip_a_byte(snapshot: Path) -> None:
    path = snapshot / "regulators/grades.csv"
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 1
    path.write_bytes(raw)


def cut_off(snapshot: Path) -> None:
    path = snapshot / "desk/eligibility.parquet"
    path.write_bytes(path.read_bytes()[:-8])


def link(snapshot: Path) -> None:
    path = snapshot / "regulators/grades.csv"
    path.symlink_to(path.rename(snapshot.parent / "elsewhere.csv"))


def lose_a_row(snapshot: Path) -> None:
    change_manifest(snapshot, lambda m: m["conservation"]["penalties"].update(current=4))


def speak_of_classes_at_the_desk(snapshot: Path) -> None:
    change_manifest(snapshot, lambda m: m.update(classes={"A": 1}), "desk/manifest.json")


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        (lambda s: (s / "manifest.json").unlink(), "manifest_missing"),
        (lambda s: (s / "manifest.json").write_text("{"), "manifest_damaged"),
        (lambda s: (s / "manifest.json").write_text("[]"), "manifest_damaged"),
        (lambda s: (s / "manifest.json").write_text("{}"), "manifest_damaged"),
        (lambda s: change_manifest(s, lambda m: m.update(outputs=[1])), "manifest_damaged"),
        (lambda s: change_manifest(s, lambda m: m.update(summary=None)), "manifest_damaged"),
        (lambda s: (s / "desk/manifest.json").unlink(), "manifest_missing"),
        (lambda s: (s / "regulators/unmatched.csv").unlink(), "file_missing"),
        (lambda s: (s / "regulators/extra.csv").write_text("x"), "file_not_listed"),
        (lambda s: change_manifest(s, lambda m: m["outputs"].pop()), "file_not_listed"),
        (flip_a_byte, "file_changed"),
        (cut_off, "file_changed"),
        (link, "file_changed"),
        (speak_of_classes_at_the_desk, "class_at_desk"),
        (speak_of_classes_at_the_desk, "file_changed"),
        (lambda s: change_manifest(s, lambda m: m["inputs"][0].update(accepted=4)), "conservation_of_file"),
        (lambda s: change_manifest(s, lambda m: m["conservation"].clear()), "conservation_of_kind"),
        (lose_a_row, "conservation_of_kind"),
        (lambda s: change_manifest(s, lambda m: m["summary"]["classes"].update(A=2)), "summary_differs"),
        (lambda s: change_manifest(s, lambda m: m.update(as_of="2026-06-29")), "as_of_differs"),
        (lambda s: change_manifest(s, lambda m: m.update(policy_version="p+2")), "version_differs"),
    ],
)  # fmt: skip
def test_damage(published: Published, damage: Damage, rule: str) -> None:
    damage(published.path)
    assert rule in rules(published.path)


def test_a_path_that_leads_out_is_not_followed(published: Published) -> None:
    change_manifest(published.path, lambda m: m["outputs"][0].update(path="../../../etc/passwd"))
    assert "file_missing" in rules(published.path)


@pytest.mark.parametrize(
    ("name", "change", "rule"),
    [
        ("regulators/grades", lambda t: t.slice(1), "graded_fewer"),
        ("regulators/grades", lambda t: t.take([1, 0, 2]), "not_sorted"),
        ("regulators/grades", lambda t: pa.concat_tables([t.slice(0, 1), t]), "not_sorted"),
        ("regulators/grades", with_column("risk_points", [12.5, 230.0, None]), "points_do_not_add_up"),
        ("regulators/grades", with_column("uscc", [None, "91341802MAX000002Y", "92341802MAX000003W"]), "null_value"),
        ("regulators/grades", lambda t: t.drop_columns(["method"]), "table_columns"),
        ("regulators/grade_reasons", lambda t: t.slice(1), "points_do_not_add_up"),
        ("regulators/grade_reasons", with_column("points", [20.104, -7.604, 30.55, 200.0]), "points_not_hundredths"),
        ("regulators/quarantine", lambda t: t.slice(1), "quarantine_lost"),
        ("regulators/unmatched", lambda t: t.slice(1), "unmatched_lost"),
        ("desk/eligibility", with_column("eligible", [True, True, True]), "eligible_not_status"),
        ("desk/eligibility", lambda t: t.slice(0, 2), "graded_unknown"),
        ("desk/eligibility", lambda t: t.append_column("risk_class", pa.array(["A", "B", "C"])), "class_at_desk"),
        ("desk/eligibility_blockers", with_column("uscc", ["91341802MAX0000011"]), "eligible_with_blocker"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_forgery(published: Published, name: str, change: Callable[[pa.Table], pa.Table], rule: str) -> None:
    """The file, its CSV and the manifest agree with one another, yet a promise does not hold."""
    rewrite(published.path, name, change)
    expected = "summary_differs" if rule == "graded_fewer" else rule
    assert expected in rules(published.path)


def test_a_csv_with_fewer_rows_than_its_parquet(published: Published) -> None:
    path = published.path / "desk/eligibility.csv"
    path.write_bytes(b"\n".join(path.read_bytes().split(b"\n")[:-2]) + b"\n")
    relist(published.path, "desk/eligibility.csv")
    assert rules(published.path) == {"row_count"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("desk/eligibility.csv", b",true,", b",false,"),
        ("desk/eligibility.csv", b"2026-06-30", b"2026-06-29"),
        ("desk/eligibility.csv", b'"CLEAN3Y"', b""),
        ("regulators/grades.csv", b"12.5", b"12.51"),
        ("regulators/grades.csv", b"12.5", b'"x"'),
        ("regulators/quarantine.csv", "'=王**".encode(), "=王**".encode()),  # a spreadsheet would compute it
        ("regulators/unmatched.csv", b"'+12", b"+12"),
    ],
)
def test_a_csv_with_another_cell_than_its_parquet(
    published: Published, file: str, old: bytes, new: bytes
) -> None:
    path = published.path / file
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new, 1))
    relist(published.path, file)
    assert rules(published.path) == {"csv_differs"}


def test_a_csv_without_a_byte_order_mark(published: Published) -> None:
    path = published.path / "desk/eligibility.csv"
    path.write_bytes(path.read_bytes()[3:])
    relist(published.path, "desk/eligibility.csv")
    assert rules(published.path) == {"csv_no_bom"}


def test_no_message_tells_a_class_or_points(published: Published) -> None:
    rewrite(published.path, "regulators/grades", with_column("risk_points", [12.5, 999.99, None]))
    rewrite(published.path, "regulators/grades", with_column("risk_class", ["D", "D", None]))
    messages = " ".join(problem.message for problem in verify(published.path))
    assert "999" not in messages
    assert "D" not in messages.replace("MAX", "")


@pytest.mark.parametrize("seed", range(6))
def test_the_first_row_out_of_order_is_named(seed: int, tmp_path: Path) -> None:
    """Across groups of rows, with nulls, lists and rows that are equal in the first columns."""
    rng = random.Random(seed)

    def comparable(row: dict[str, Any]) -> list[tuple[bool, Any]]:
        return [(value is not None, "" if value is None else value) for value in row.values()]

    for _ in range(60):
        spec = rng.choice([QUARANTINE, UNMATCHED, SHADOW_POINTS])
        rows = [
            {
                field.name: rng.choice([["a"], ["a", "b"], ["b"]]) if pa.types.is_list(field.type)
                else None if field.nullable and rng.random() < 0.3
                else rng.choice("中ab") if pa.types.is_string(field.type)
                else date(2026, 6, rng.choice([1, 2])) if pa.types.is_date(field.type)
                else rng.choice([1, 2])
                for field in spec.schema
            }
            for _ in range(rng.randrange(14))
        ]  # fmt: skip
        rows.sort(key=comparable)
        for _ in range(rng.randrange(2)):
            rng.shuffle(rows)
        keyed = [comparable(row)[: len(spec.key) or None] for row in rows]
        bad = [
            at + 2
            for at, (one, other) in enumerate(itertools.pairwise(keyed))
            if one > other or (spec.key and one == other)
        ]
        path = tmp_path / spec.parquet
        path.parent.mkdir(exist_ok=True)
        pq.write_table(
            pa.Table.from_pylist(rows, spec.schema), path, row_group_size=rng.choice([1, 2, 5, 99])
        )
        (tmp_path / spec.csv).write_bytes(b"")  # of no interest
        told = check_table(tmp_path, spec, {spec.parquet: len(rows)})
        found = [message for rule, message in told if rule == "not_sorted"]
        assert found == [f"{spec.parquet}: row {at} is out of order or repeats a key" for at in bad[:1]]
