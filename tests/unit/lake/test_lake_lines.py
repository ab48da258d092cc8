"""Append-only lines survive a kill in mid-append and hide no damage."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from records.errors import CreditgradeError
from records.lake.lines import append_lines, read_lines


def test_lines_come_back_in_the_order_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    append_lines(path, [{"path": "penalties/第一.csv"}])
    append_lines(path, [{"n": 2}, {"n": 3}])
    assert read_lines(path) == [{"path": "penalties/第一.csv"}, {"n": 2}, {"n": 3}]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_file_has_no_lines(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "none.jsonl") == []
    append_lines(tmp_path / "none.jsonl", [])
    assert not (tmp_path / "none.jsonl").exists()


@pytest.mark.parametrize(
    "rest", [b'{"n": 2', b'{"n": 2}', b"\0\0\0\0", b"\0\0\n\0\0", '{"n": "二'.encode()[:-1]]
)
def test_an_unfinished_last_line_is_cut_off(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "a.jsonl"
    append_lines(path, [{"n": 1}])
    path.write_bytes(path.read_bytes() + rest)
    assert read_lines(path) == [{"n": 1}]
    append_lines(path, [{"n": 3}])
    assert read_lines(path) == [{"n": 1}, {"n": 3}]
    assert path.read_bytes() == b'{"n": 1}\n{"n": 3}\n'


@pytest.mark.parametrize("line", [b'{"n": 2', b"[1]", b'"text"', b"", b"\xff"])
def test_a_damaged_line_within_is_an_error(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n": 1}\n' + line + b'\n{"n": 3}\n')
    with pytest.raises(CreditgradeError, match=r"line 2 .*\[record_damaged\]"):
        read_lines(path)


def test_a_failed_append_leaves_the_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    append_lines(path, [{"n": 1}])

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("records.lake.lines.os.fsync", full)
    with pytest.raises(CreditgradeError, match="disk_full"):
        append_lines(path, [{"n": 2}])
    monkeypatch.undo()
    append_lines(path, [{"n": 3}])
    assert read_lines(path)[0] == {"n": 1}
    assert read_lines(path)[-1] == {"n": 3}
