"""Errors travel from a worker to whom it works for."""

from __future__ import annotations

import copy
import pickle

import pytest

from records.errors import CreditgradeError, InputRefused, PromiseBroken, UsageError


@pytest.mark.parametrize("kind", [CreditgradeError, UsageError, InputRefused, PromiseBroken])
def test_an_error_comes_out_as_it_went_in(kind: type[CreditgradeError]) -> None:
    error = kind("holds no row", rule="no_header", file="a.csv", row=3)
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is kind
        assert str(other) == str(error) == "a.csv: row 3: holds no row [no_header]"
        assert (other.rule, other.file, other.row) == ("no_header", "a.csv", 3)
        assert other.exit_code == kind.exit_code
