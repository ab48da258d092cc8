"""Garbage is collected again after work without, and not before the last of it."""

from __future__ import annotations

import gc

import pytest

from records.uncollected import uncollected


def test_nothing_is_collected_inside_and_it_is_afterwards() -> None:
    assert gc.isenabled()
    with uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="failed"), uncollected():
        raise ValueError("failed")
    assert gc.isenabled()
