"""Every format, encoding and header style of the contract stands in a sample, and every file can be read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from data.sample import generate
from data.sample.layout import COPIED, COPY, FILES
from data.sample.report import FileReport, SampleReport
from data.sample.text import DATE_STYLES
from policy import load_policy
from records.schema import KINDS, KINDS_ZH

from .conftest import AS_OF, ReadFile, Row, read


def test_every_format_is_there(sample: SampleReport) -> None:
    endings = {"".join(Path(file.path).suffixes) for file in sample.files}
    assert {".csv", ".csv.gz", ".xlsx", ".xls", ".json", ".json.gz", ".jsonl", ".jsonl.gz"} <= endings
    assert {".parquet", ".parquet.gz"} <= endings


def test_every_encoding_and_delimiter_is_there(sample: SampleReport) -> None:
    assert {file.encoding for file in sample.files} == {None, "utf-8", "utf-8-sig", "gb18030", "utf-16"}
    assert {spec.delimiter for spec in FILES} == {",", ";", "\t"}


def test_every_header_style_is_there(sample: SampleReport) -> None:
    styles = {(file.kind, file.style) for file in sample.files}
    for kind in ("licences", "penalties"):
        assert {(kind, style) for style in ("code", "camel", "snake", "2015", "zh", "variant")} <= styles
    assert {("penalties", "gsxt"), ("inspections", "gsxt")} <= styles
    assert {kind for kind, style in styles if style.startswith("en")} == set(KINDS)


def test_every_way_of_writing_a_day_is_there() -> None:
    assert {spec.dates for spec in FILES} == set(DATE_STYLES)


def test_files_are_read_as_they_were_written(
    sample: SampleReport, files: Callable[[FileReport], ReadFile]
) -> None:
    layouts = {"code": "2018", "camel": "2018", "snake": "2018", "variant": "zh", "en_camel": "en"}
    for file in sample.files:
        seen = files(file)
        assert len(seen.rows) + seen.shapes == file.rows, file.path
        assert seen.layout == f"{file.format}/{layouts.get(file.style, file.style)}", file.path
        encodings = {None: None, "utf-16": "utf-16-le"}
        assert seen.encoding == encodings.get(file.encoding, file.encoding), file.path
        assert file.bytes == (sample.target / file.path).stat().st_size


def test_report_counts_what_lies_there(sample: SampleReport) -> None:
    assert sum(file.rows for file in sample.files) == sample.total_rows
    assert set(sample.rows) == set(KINDS)
    assert all(file.rows > 0 for file in sample.files)
    assert {spec.path for spec in FILES} | {COPY} == {file.path for file in sample.files}


def test_folders_are_named_in_both_languages(sample: SampleReport) -> None:
    folders = {Path(file.path).parts[0] for file in sample.files}
    assert folders <= set(KINDS) | set(KINDS_ZH.values())
    assert folders & set(KINDS_ZH.values()) and folders & set(KINDS)
    assert any(len(Path(file.path).parts) > 2 for file in sample.files)


def test_what_is_no_data_is_on_the_ignore_list(sample: SampleReport) -> None:
    data = {sample.target / file.path for file in sample.files}
    others = [path for path in sample.target.rglob("*") if path.is_file() and path not in data]
    assert {path.suffix for path in others} >= {".md", ".md5", ".xlsx"}
    for path in others:
        assert path.name.startswith((".", "~$", "README")) or path.suffix == ".md5", path
    checksum = next(path for path in others if path.suffix == ".md5")
    content = (sample.target / checksum.relative_to(sample.target).with_suffix("")).read_bytes()
    assert checksum.read_text(encoding="utf-8").split()[0] == hashlib.md5(content).hexdigest()


def test_one_file_is_delivered_twice(sample: SampleReport) -> None:
    assert (sample.target / COPIED).read_bytes() == (sample.target / COPY).read_bytes()


@pytest.mark.parametrize("seed", [1, 2])
def test_smallest_sample_is_complete(tmp_path: Path, seed: int) -> None:
    report = generate(tmp_path / "landing", 100, seed, AS_OF)
    assert {spec.path for spec in FILES} | {COPY} == {file.path for file in report.files}
    rows: dict[str, list[Row]] = {}
    for file in report.files:
        rows.setdefault(file.kind, []).extend(read(report.target, file).rows)
    assert len(rows["entities"]) >= 100
    assert {row["conclusion"] for row in rows["rulings"]} == {
        "属实有效",
        "不涉及该主体",
        "不成立",
        "重新核查",
    }
    words = {
        word: name for name, aliases in load_policy().codes["action"].items() for word in (name, *aliases)
    }
    actions = {words.get(row["action"] or "") for row in rows["amendments"]}
    assert {"信用修复", "撤销", "变更", "复议诉讼受理"} <= actions
    assert {"stray_quote", "uscc_check", "missing_mandatory", "superseded_version"} <= set(
        report.defects["penalties"]
    )


def test_the_smallest_sample_has_what_a_run_needs(tmp_path: Path) -> None:
    """Files that no row fell to are not there; the kinds without which a run ends are, whatever the seed."""
    for seed in range(3):
        report = generate(tmp_path / str(seed), 20, seed, AS_OF)
        assert {"entities", "penalties", "listings"} <= {kind for kind, rows in report.rows.items() if rows}
        assert all(file.rows > 0 for file in report.files)
        assert all(path.with_suffix("").exists() for path in (tmp_path / str(seed)).rglob("*.md5"))
