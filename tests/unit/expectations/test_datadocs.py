"""Data Docs: counts only, nothing from elsewhere, for their owner's eyes."""

from __future__ import annotations

import re
import stat
from html.parser import HTMLParser
from pathlib import Path

from expectations import Counts, validate, write_datadocs
from records.rules import rules
from tests.unit.values.rows import changed, read

CITIZEN = "34052419800101001X"


class Page(HTMLParser):
    """Tags with their attributes, and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def write(folder: Path) -> Path:
    bad = read(
        "penalties",
        changed("penalties", subject_name="张小三", subject_id=CITIZEN, decided_on="某年某日", remark="秘密"),
    )
    good = read("penalties", changed("penalties"), changed("penalties", legal_rep=None))
    empty = read("honours", changed("honours"))
    validations = [
        validate("penalties", bad.verdicts),
        validate("penalties", good.verdicts),
        validate("honours", empty.verdicts.slice(0, 0)),
    ]
    return write_datadocs(validations, folder)


def test_pages_count_over_all_files_of_a_kind(tmp_path: Path) -> None:
    index = write(tmp_path / "docs")
    page = Page((index.parent / "penalties.html").read_text(encoding="utf-8"))
    text = " ".join(page.texts)
    assert "行数 / rows: 3; 隔离 / quarantined: 1 (33.333 %)" in text
    for rule in rules("penalties"):
        assert rule.id in page.texts
    at = page.texts.index("date_unreadable:decided_on")
    assert page.texts[at : at + 7][-2:] == ["1", "33.333 %"] or page.texts[at + 2 : at + 4] == [
        "1",
        "33.333 %",
    ]
    assert "3" in Page(index.read_text(encoding="utf-8")).texts
    assert "没有数据行" in (index.parent / "honours.html").read_text(encoding="utf-8")
    assert not (index.parent / "entities.html").exists()


def test_no_value_is_quoted(tmp_path: Path) -> None:
    index = write(tmp_path / "docs")
    for path in index.parent.iterdir():
        text = path.read_text(encoding="utf-8")
        for value in ("张小三", CITIZEN, "某年某日", "秘密", "宣市监罚", "宣城", "91340000711771143J"):
            assert value not in text


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    index = write(tmp_path / "docs")
    for path in index.parent.iterdir():
        text = path.read_text(encoding="utf-8")
        assert re.search(r"https?:|//|@import|url\(", text.replace("text/html", "")) is None
        page = Page(text)
        assert not {tag for tag, _ in page.tags} & {
            "script",
            "iframe",
            "img",
            "object",
            "embed",
            "link",
            "form",
        }
        for _, attributes in page.tags:
            if "href" in attributes:
                assert (index.parent / str(attributes["href"])).is_file()
        assert (
            "meta",
            {
                "http-equiv": "Content-Security-Policy",
                "content": "default-src 'none'; style-src 'unsafe-inline'",
            },
        ) in page.tags


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir(mode=0o755)
    index = write(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert index == folder / "index.html"


def test_pages_of_an_earlier_run_are_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    write(folder)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "listings.html").write_text("old")
    (folder / "penalties.html").write_text("old")
    write(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_pages_from_the_counts_of_the_lakes_records(tmp_path: Path) -> None:
    counts = [
        Counts("listings", 10, 2, {"row_shape": 1, "date_order:removed_on": 1}),
        Counts("listings", 5, 1, {"row_shape": 1}),
    ]
    index = write_datadocs(counts, tmp_path / "docs")
    texts = [
        text for text in Page((index.parent / "listings.html").read_text(encoding="utf-8")).texts if text
    ]
    assert texts[texts.index("row_shape") + 2 : texts.index("row_shape") + 4] == ["2", "13.333 %"]
    assert texts[texts.index("date_order:removed_on") + 2] == "1"
    assert "行数 / rows: 15; 隔离 / quarantined: 3 (20.000 %)" in texts


def test_nothing_was_validated(tmp_path: Path) -> None:
    index = write_datadocs([], tmp_path / "docs")
    assert [path.name for path in index.parent.iterdir()] == ["index.html"]
