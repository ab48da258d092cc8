"""A lake belongs to one key, which it never tells."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from records.errors import UsageError
from records.lake import Lake, id_key, key_fingerprint

HEX = "00112233445566778899aabbccddeeff"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    with lake.locked():
        pass
    return lake


def test_a_key_is_made_once(lake: Lake) -> None:
    key = id_key(lake, {})
    assert len(key) == 32
    assert id_key(lake, {}) == key
    assert stat.S_IMODE(lake.key_file.stat().st_mode) == 0o600
    assert lake.key_file.read_text().strip() not in lake.key_record.read_text()
    assert key_fingerprint(key) in lake.key_record.read_text()


@pytest.mark.parametrize(
    ("text", "key"), [(HEX, bytes.fromhex(HEX)), (" 密钥 text\n", "密钥 text".encode()), ("abc", b"abc")]
)
def test_the_environment_gives_hex_or_text(lake: Lake, tmp_path: Path, text: str, key: bytes) -> None:
    assert id_key(lake, {"CREDITGRADE_ID_KEY": text}) == key
    file = tmp_path / "key"
    file.write_text(text, encoding="utf-8")
    assert id_key(lake, {"CREDITGRADE_ID_KEY_FILE": str(file)}) == key
    assert not lake.key_file.exists()


def test_another_key_is_wrong_usage_and_stays_secret(lake: Lake) -> None:
    id_key(lake, {"CREDITGRADE_ID_KEY": "the first key"})
    for environ in ({"CREDITGRADE_ID_KEY": "the second key"}, {}):
        with pytest.raises(UsageError, match="id_key_other") as raised:
            id_key(lake, environ)
        assert "second" not in str(raised.value)
        assert "first" not in str(raised.value)
    assert not lake.key_file.exists()


def test_a_changed_key_file_is_found(lake: Lake) -> None:
    id_key(lake, {})
    lake.key_file.write_text(HEX)
    with pytest.raises(UsageError, match="id_key_other"):
        id_key(lake, {})


def test_a_key_file_that_says_nothing_is_wrong_usage(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("empty", "missing"):
        with pytest.raises(UsageError, match="id_key_unreadable"):
            id_key(lake, {"CREDITGRADE_ID_KEY_FILE": str(tmp_path / name)})
    lake.key_record.write_text("{}")
    with pytest.raises(UsageError, match="id_key_unreadable"):
        id_key(lake, {"CREDITGRADE_ID_KEY": "x"})
