"""Whoever runs the night, the supervisors' folder is written: Prefect, systemd, cron."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from records.errors import CreditgradeError, UsageError

UNITS = Path(__file__).parents[3] / "docs/operations/units"


@pytest.mark.parametrize("unit", ["creditgrade-run.service", "creditgrade.crontab"])
def test_a_night_without_prefect_writes_the_reports_after_a_good_run(unit: str) -> None:
    """Of a oneshot unit, and behind ``&&``, a command runs only where the one before ended with 0."""
    text = (UNITS / unit).read_text(encoding="utf-8")
    out = re.findall(r"creditgrade (?:run|report) .*?--out (\S+)", text)
    assert re.search(r"creditgrade run .*(&&|\nExecStart=).*creditgrade report -q --out", text)
    assert len(out) == 2 and len(set(out)) == 1
    if unit.endswith(".service"):
        assert "Type=oneshot" in text


@pytest.mark.parametrize(
    ("failures", "told", "with_pdf"),
    [
        ([], "", [True]),
        (
            [UsageError("no Pango", rule="pango_missing")],
            "; reports without PDF (pango_missing): no Pango [pango_missing]",
            [True, False],
        ),
        (
            [CreditgradeError("no room", rule="disk_full")],
            "; reports were not written (disk_full): `creditgrade report` writes them",
            [True],
        ),
    ],
)  # fmt: skip
def test_the_nightly_flow_writes_them_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    failures: list[Exception],
    told: str,
    with_pdf: list[bool],
) -> None:
    from flows.nightly.flow import _reports

    asked: list[bool] = []
    waiting = list(failures)

    def write(snapshot: Path, out: Path, *, with_pdf: bool = True, **_: Any) -> None:
        asked.append(with_pdf)
        if waiting:
            raise waiting.pop(0)

    monkeypatch.setattr("publish.report.write.write_reports", write)
    assert _reports(tmp_path, tmp_path / "snapshots/as_of=2026-06-30") == told
    assert asked == with_pdf
