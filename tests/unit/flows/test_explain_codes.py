"""A code that is none is shown as typed, but for numbers that are somebody's own."""

from __future__ import annotations

import pytest

from flows.explain import read_uscc
from records.errors import UsageError


@pytest.mark.parametrize(
    "typed",
    ["010-1234567", "(010)1234567", "0563-3012345", "13800138000", "342501900101123", "342501199001011234"],
)
def test_a_persons_number_is_not_repeated(typed: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_uscc(typed)
    assert "[" in str(raised.value) and typed not in str(raised.value)


@pytest.mark.parametrize("typed", ["91341802MA2WE5W03", "9134", "宣城市甲公司", "91341802MA2WE5W03A"])
def test_anything_else_is_shown(typed: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_uscc(typed)
    assert typed in str(raised.value)
