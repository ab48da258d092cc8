"""Everything that a full run leaves or says: no citizen's id, no natural person's name, no class where it may not be.

Planted persons stand in every column and kind in which a department could write one; then every byte outside
`lake/received` is read, Parquet cell by cell.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.cli import _run
from records.identifiers import citizen_check
from tests.integration.errors.conftest import TODAY
from tests.integration.errors.landing import ENTITIES, code, write

Capture = pytest.CaptureFixture[str]

ID = "34180219800305123" + citizen_check("34180219800305123")
OLD_ID, PHONE, CARD = "341802800305123", "13805631234", "6222021234567890128"
NUMBERS = (ID, OLD_ID, PHONE, CARD)
# The representative, persons who were punished, listed, honoured, and one in a row that cannot be read.
NAMES = ("张三丰", "李四光", "王五六", "赵六七", "钱七八", "孙八九")
CLASS_WORDS = (
    "risk_class", "risk_points", "points_class", "red_lines", "ABNORMAL_LIST", "GENERAL_12M", "SERIOUS_12M",
    "points_other_method",
)  # fmt: skip
TEXT = f"当事人张三丰,身份证{ID},旧证{OLD_ID},电话{PHONE},卡号{CARD}"
EVENT = (TODAY - timedelta(days=3)).isoformat()
OFFICE = "宣城市市场监督管理局"


@dataclass(frozen=True)
class Run:
    """A run and what it said."""

    out: Path
    landing: Path
    spoken: str

    @property
    def snapshot(self) -> Path:
        path: str = json.loads((self.out / "latest.json").read_text(encoding="utf-8"))["path"]
        return self.out / path


def table(path: Path, rows: list[dict[str, str]]) -> None:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    write(path, [columns, *(tuple(row.get(name, "") for name in columns) for row in rows)])


def penalty(number: int, **cells: str) -> dict[str, str]:
    return {
        "subject_name": f"宣城市第{number}有限公司", "subject_kind": "法人及非法人组织", "uscc": code(number),
        "doc_no": f"宣市监罚〔2026〕{number}号", "violation_type": "销售过期食品", "facts": "经查属实",
        "basis": "食品安全法", "penalty_kinds": "罚款", "content": "罚款五千元", "fine_fen": "500000",
        "decided_on": EVENT, "authority": OFFICE, **cells,
    }  # fmt: skip


def person(name: str) -> dict[str, str]:
    return {
        "subject_name": name, "subject_kind": "自然人", "uscc": "", "legal_rep": "", "subject_id_type": "身份证",
        "subject_id": ID,
    }  # fmt: skip


def landed(folder: Path) -> Path:
    write(folder / "entities" / "a.csv", ENTITIES)
    clear = {"facts": TEXT, "remark": TEXT, "content": f"对张三丰罚款,{ID}", "basis": f"张三丰 {PHONE}",
             "violation_type": f"张三丰 {OLD_ID}", "legal_rep": "张三丰", "legal_rep_id_type": "身份证",
             "legal_rep_id": ID}  # fmt: skip
    rows = [
        penalty(1, **clear), penalty(2, **clear, decided_on="x") | {"decided_on": "x"},
        penalty(10, **person("李四光")), penalty(11, **person("李四光")) | {"decided_on": "x", "content": "李四光"},
        penalty(12, **person("王五六")) | {"uscc": code(2)}, penalty(13, uscc=ID), penalty(14, reg_no=ID, uscc=""),
        penalty(15, doc_no=f"案{ID}号"), penalty(16, org_code=ID, tax_no=ID, decided_on="x"),
    ]  # fmt: skip
    table(folder / "penalties" / "a.csv", rows)
    with open(folder / "penalties" / "a.csv", "a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["孙八九", "自然人", ID, PHONE, TEXT, *[""] * 30, "孙八九"])
    entry = {
        "list_type": "失信被执行人",
        "doc_no": "执1号",
        "authority": "宣州区人民法院",
        "listed_on": EVENT,
    }
    early = {**entry, "removed_on": "2001-01-01"}
    table(folder / "listings" / "a.csv", [
        {"uscc": "", "subject_name": "赵六七", "subject_kind": "", "reason": f"赵六七 {ID}", **entry},
        {"uscc": "", "subject_name": "王五六", "subject_kind": "自然人", "reason": TEXT, **entry},
        {"uscc": "", "subject_name": "赵六七", "subject_kind": "", "reason": "赵六七欠款", **early},
        {"uscc": code(2), "subject_name": "宣城市乙食品有限公司", **entry, "list_type": "经营异常名录"},
    ])  # fmt: skip
    table(folder / "licences" / "a.csv", [
        {**person("李四光"), "doc_name": "准予许可决定书", "doc_no": "许1号", "licence_class": "普通", "content": TEXT,
         "decided_on": EVENT, "valid_from": EVENT, "authority": OFFICE, "remark": TEXT},
    ])  # fmt: skip
    table(folder / "honours" / "a.csv", [
        {"subject_name": "钱七八", "honour_type": "诚信典型", "issuer": "宣城市人民政府", "valid_from": "2025-01-01"},
    ])  # fmt: skip
    table(folder / "inspections" / "a.csv", [
        {"subject_name": "钱七八", "task_no": "1", "item": f"项 {PHONE}", "result": result, "authority": OFFICE,
         "inspected_on": EVENT} for result in ("未发现问题", "3", f"{ID}")
    ])  # fmt: skip
    table(folder / "amendments" / "a.csv", [
        {"target_kind": "行政处罚", "authority": OFFICE, "doc_no": "无此号", "subject_name": "李四光", "action": action,
         "effective_on": EVENT} for action in ("撤销", "李四光")
    ])  # fmt: skip
    table(folder / "rulings" / "a.csv", [
        {"uscc": code(1), "kind": "行政处罚", "authority": OFFICE, "doc_no": "无此号", "conclusion": "不成立",
         "decided_on": EVENT, "decided_by": "信用办", "basis": basis} for basis in (TEXT, "")
    ])  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    import contextlib
    import io

    root = tmp_path_factory.mktemp("leaks")
    spoken = io.StringIO()
    with contextlib.redirect_stdout(spoken), contextlib.redirect_stderr(spoken):
        landing = landed(root / "landing")
        options = ("--landing", str(landing), "--out", str(root / "out"))
        assert _run(["run", *options]) == 0
        for number in (1, 2):
            assert _run(["explain", code(number), "--out", str(root / "out"), "--desk"]) == 0
        assert _run(["explain", ID, "--out", str(root / "out")]) == 2
    return Run(root / "out", landing, spoken.getvalue())


def texts(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file as text; Parquet as its cells."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            if path.suffix == ".parquet":
                whole = pq.read_table(path)
                yield (
                    path,
                    json.dumps([whole.column_names, whole.to_pylist()], ensure_ascii=False, default=str),
                )
            yield path, path.read_bytes().decode("utf-8", "replace")


def test_no_citizens_id_outside_the_delivered_bytes(done: Run) -> None:
    received = done.out / "lake" / "received"
    assert received.stat().st_mode & 0o777 == 0o700
    found = [
        (path, n)
        for path, text in texts(done.out)
        if received not in path.parents
        for n in NUMBERS
        if n in text
    ]
    assert found == []


def test_no_persons_name_outside_the_lake(done: Run) -> None:
    lake = done.out / "lake"
    found = [
        (path, n) for path, text in texts(done.out) if lake not in path.parents for n in NAMES if n in text
    ]
    assert found == []
    assert (lake.stat().st_mode & 0o777, (done.out / "datadocs").stat().st_mode & 0o777) == (0o700, 0o700)
    # The rows themselves are there, masked: the test looked at something.
    quarantine = pq.read_table(done.snapshot / "regulators" / "quarantine.parquet")
    assert "张**" in "".join(quarantine.column("raw").to_pylist())
    unmatched = (
        pq.read_table(done.snapshot / "regulators" / "unmatched.parquet").column("name_seen").to_pylist()
    )
    assert {"李**", "赵**", "王**", "钱**"} <= set(unmatched)


def test_nothing_is_said_of_a_person_or_a_class(done: Run) -> None:
    assert not [word for word in (*NUMBERS, *NAMES, *CLASS_WORDS) if word in done.spoken]


def test_no_class_but_in_the_regulators_folder(done: Run) -> None:
    regulators = done.out / "snapshots"
    found = [
        (path, word)
        for path, text in texts(done.out)
        if not (regulators in path.parents and "regulators" in path.parts) and path.name != "manifest.json"
        for word in CLASS_WORDS
        if word in text
    ]
    assert found == []
    desk = json.loads((done.snapshot / "desk" / "manifest.json").read_text(encoding="utf-8"))
    assert "classes" not in json.dumps(desk)
    for path in (done.snapshot / "desk").glob("*.parquet"):
        assert not {"risk_class", "risk_points", "red_lines", "method"} & set(pq.read_schema(path).names)


def test_logs_and_status_name_no_entity(done: Run) -> None:
    told = [path for path in done.out.iterdir() if path.is_file()] + list((done.out / "logs").iterdir())
    assert len(told) >= 4
    for path in told:
        text = path.read_text(encoding="utf-8")
        assert code(1) not in text and "贸易" not in text, path


@pytest.mark.parametrize("spoil", ["undecodable", "no_column", "stray", "json"])
def test_what_is_refused_is_refused_without_a_cell(tmp_path: Path, capsys: Capture, spoil: str) -> None:
    landing = landed(tmp_path / "all")
    path = tmp_path / "landing" / "penalties" / "a.csv"
    path.parent.mkdir(parents=True)
    (landing / "penalties" / "a.csv").rename(path)
    if spoil == "undecodable":
        path.write_bytes(path.read_bytes() + b"\xff\xfe\xfd\x81\x20\xff\n")
    elif spoil == "no_column":
        write(path, [("张三丰", ID, PHONE), ("李四光", ID, PHONE)])
    elif spoil == "stray":
        write(path, [(f'"{TEXT}', "x"), ("李四光", ID)])
    else:
        path.rename(path.with_suffix(".json"))
        path.with_suffix(".json").write_text('[{"doc_no": "张三丰"}, {"' + ID, encoding="utf-8")
    assert _run(["run", "--landing", str(tmp_path / "landing"), "--out", str(tmp_path / "out")]) == 3
    said = "".join(capsys.readouterr())
    said += (tmp_path / "out" / "status.json").read_text(encoding="utf-8")
    said += "".join(log.read_text(encoding="utf-8") for log in (tmp_path / "out" / "logs").iterdir())
    assert not [word for word in (*NUMBERS, *NAMES) if word in said]
