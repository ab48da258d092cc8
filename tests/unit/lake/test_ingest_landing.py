"""Every file under a kind's folder is read, refused or on the ignore list; anything else at the root stops."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.stages.ingest_landing import walk_landing
from records.errors import InputRefused, UsageError
from records.schema import KINDS, KINDS_ZH


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")


def found(root: Path) -> list[tuple[str, str]]:
    files, unreadable = walk_landing(root)
    assert unreadable == []
    return [(file.kind, file.path) for file in files]


def refused(root: Path) -> list[tuple[str, str]]:
    return [(item.path, item.rule) for item in walk_landing(root)[1]]


def test_kinds_by_english_and_chinese_folder_name(tmp_path: Path) -> None:
    put(tmp_path, *(f"{folder}/a.csv" for folder in (*KINDS, *KINDS_ZH.values())))
    assert set(found(tmp_path)) == {(kind, f"{kind}/a.csv") for kind in KINDS} | {
        (kind, f"{zh}/a.csv") for kind, zh in KINDS_ZH.items()
    }


def test_files_in_code_point_order_at_any_depth(tmp_path: Path) -> None:
    put(
        tmp_path,
        "penalties/b.csv",
        "penalties/a/z/c.csv",
        "penalties/市局/一.xlsx",
        "penalties/B.csv",
        "penalties/a.csv",
    )
    assert [path for _, path in found(tmp_path)] == [
        "penalties/B.csv", "penalties/a.csv", "penalties/a/z/c.csv", "penalties/b.csv", "penalties/市局/一.xlsx",
    ]  # fmt: skip


IGNORED = (
    ".hidden", "~$a.xlsx", "a.csv.part", "A.CSV.PART", "a.tmp", "a.MD5", "README", "readme.txt", "ReadMe_先看.md",
    ".DS_Store", "Thumbs.db", "THUMBS.DB", "desktop.ini",
)  # fmt: skip


def test_the_ignore_list_holds_in_folders_and_at_the_root_whatever_the_case(tmp_path: Path) -> None:
    put(
        tmp_path,
        *IGNORED,
        *(f"penalties/{name}" for name in IGNORED),
        "penalties/sub/README.md",
        "penalties/a.csv",
    )
    put(tmp_path, ".snapshots/a.csv", "__MACOSX/penalties/a.csv", "upload.tmp/a.csv")
    put(tmp_path, "penalties/.rsync/a.csv", "penalties/@eaDir/a.csv", "penalties/batch.part/a.csv")
    assert found(tmp_path) == [("penalties", "penalties/a.csv")]


def test_a_folder_named_like_a_note_is_read(tmp_path: Path) -> None:
    put(tmp_path, "penalties/README_2024/a.csv")
    assert found(tmp_path) == [("penalties", "penalties/README_2024/a.csv")]


@pytest.mark.parametrize(
    ("path", "rule"),
    [("处罚/a.csv", "unknown_folder"), ("out/x/a.csv", "unknown_folder"), ("Penalties2/a.csv", "unknown_folder"),
     ("a.csv", "file_at_root"), ("penalties", "file_at_root")],
)  # fmt: skip
def test_anything_unknown_at_the_root_stops_the_run(tmp_path: Path, path: str, rule: str) -> None:
    put(tmp_path, "listings/a.csv", path)
    with pytest.raises(InputRefused) as raised:
        walk_landing(tmp_path)
    assert raised.value.rule == rule
    assert raised.value.exit_code == 3
    assert raised.value.file == path.split("/")[0]


def test_all_that_should_not_lie_at_the_root_is_named_at_once(tmp_path: Path) -> None:
    put(tmp_path, "listings/a.csv", "b.csv", "处罚/a.csv", "out/x/a.csv", "README.txt")
    with pytest.raises(InputRefused) as raised:
        walk_landing(tmp_path)
    assert (raised.value.rule, raised.value.file) == ("unknown_folder", None)
    told = "in the landing folder lie folder out, folder 处罚, file b.csv: move it out of the landing folder, or under"
    assert str(raised.value).startswith(told)
    put(tmp_path, *(f"{number:02}.csv" for number in range(20)))
    with pytest.raises(InputRefused, match=r"file 06\.csv, file 07\.csv and 13 more: move it") as raised:
        walk_landing(tmp_path)
    assert "\n" not in str(raised.value)


def test_an_unknown_empty_folder_stops_too(tmp_path: Path) -> None:
    (tmp_path / "处罚").mkdir()
    with pytest.raises(InputRefused, match="unknown_folder"):
        walk_landing(tmp_path)


def test_an_empty_landing_folder_holds_nothing(tmp_path: Path) -> None:
    assert walk_landing(tmp_path) == ([], [])


@pytest.mark.parametrize("name", ["missing", "file"])
def test_no_landing_folder_is_wrong_usage(tmp_path: Path, name: str) -> None:
    put(tmp_path, "file")
    with pytest.raises(UsageError, match="landing_missing"):
        walk_landing(tmp_path / name)


def test_links_out_of_the_landing_folder_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "outside/a.csv", "landing/penalties/b.csv")
    landing = tmp_path / "landing"
    (landing / "penalties/link.csv").symlink_to(tmp_path / "outside/a.csv")
    (landing / "penalties/folder").symlink_to(tmp_path / "outside")
    (landing / "listings").symlink_to(tmp_path / "outside")
    assert refused(landing) == [
        ("listings", "link_out_of_landing"),
        ("penalties/folder", "link_out_of_landing"),
        ("penalties/link.csv", "link_out_of_landing"),
    ]
    assert [file.path for file in walk_landing(landing)[0]] == ["penalties/b.csv"]


def test_links_within_are_followed_and_loops_end(tmp_path: Path) -> None:
    put(tmp_path, "landing/penalties/2024/a.csv")
    landing = tmp_path / "link"
    landing.symlink_to(tmp_path / "landing")
    (landing / "penalties/now").symlink_to("2024")
    (landing / "penalties/b.csv").symlink_to("2024/a.csv")
    (landing / "penalties/2024/loop").symlink_to("..")
    (landing / "listings").symlink_to("penalties")
    paths = [path for _, path in found(landing)]
    assert paths[0].startswith("listings/")
    assert {"penalties/2024/a.csv", "penalties/b.csv", "penalties/now/a.csv"} <= set(paths)
    assert len(paths) == len(set(paths)) < 20


@pytest.mark.timeout(60)
def test_folders_that_lead_to_one_another_end(tmp_path: Path) -> None:
    """A dozen of them have more ways through than could be walked in a year."""
    for one in range(12):
        put(tmp_path, f"penalties/{one}/a.csv")
        for other in range(12):
            (tmp_path / f"penalties/{one}/to{other}").symlink_to(f"../{other}")
    files, unreadable = walk_landing(tmp_path)
    assert len(files) == 1_000 + 12
    assert {item.rule for item in unreadable} == {"limit_exceeded"} and len(unreadable) < 12_144


def test_what_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "penalties/a.csv")
    (tmp_path / "penalties/nowhere.csv").symlink_to("gone.csv")
    (tmp_path / "penalties/self.csv").symlink_to("self.csv")
    os.mkfifo(tmp_path / "penalties/pipe.csv")
    assert refused(tmp_path) == [
        ("penalties/nowhere.csv", "file_unreadable"),
        ("penalties/pipe.csv", "file_unreadable"),
        ("penalties/self.csv", "file_unreadable"),
    ]


def test_names_that_are_no_text_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "penalties/two\nlines.csv", "penalties/全角　空格 (1).csv")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/penalties/\xd6\xd0.csv"))).write_bytes(b"x")
    assert [rule for _, rule in refused(tmp_path)] == ["file_name_not_text"] * 2
    assert [file.path for file in walk_landing(tmp_path)[0]] == ["penalties/全角　空格 (1).csv"]


@pytest.mark.parametrize("trick", ["\x1b[2J", "\r", "\x7f", "\u202e", "\u2066", "\u2028", "\x9b31m"])
def test_names_that_would_play_tricks_on_a_terminal_are_shown_escaped(tmp_path: Path, trick: str) -> None:
    put(tmp_path, f"penalties/a{trick}b.csv")
    ((path, rule),) = refused(tmp_path)
    assert rule == "file_name_not_text"
    assert path.startswith("penalties/a\\") and trick not in path
    put(tmp_path, f"other{trick}/a.csv")
    with pytest.raises(InputRefused) as raised:
        walk_landing(tmp_path)
    assert trick not in str(raised.value)
