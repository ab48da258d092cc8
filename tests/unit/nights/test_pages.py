"""Every rule that can end a night stands on the page of its exit code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from records import errors

ROOT = Path(__file__).parents[3]
# What a night calls, and what stands around it; the desk, the model and the reports have pages of their own.
OF_FLOWS = (
    "acceptances", "backfill", "check", "days", "doctor", "lake_care", "metrics", "pipeline", "prefect_flow", "prune",
    "request", "run", "commands_night", "commands_care",
)  # fmt: skip
SOURCES = (
    *(f"flows/{name}.py" for name in OF_FLOWS),
    "flows/control/*.py", "flows/nightly/*.py", "flows/stages/ingest*.py", "records/**/*.py", "publish/snapshot.py",
    "publish/verify.py", "publish/writer.py",
)  # fmt: skip
CLASSES = ("CreditgradeError", "UsageError", "InputRefused", "PromiseBroken")


def raised() -> Iterator[tuple[int, str, str]]:
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in CLASSES:
                    continue
                for word in node.keywords:
                    if word.arg == "rule" and isinstance(word.value, ast.Constant):
                        code = getattr(errors, node.func.id).exit_code  # type: ignore[attr-defined]
                        yield code, str(word.value.value), path.relative_to(ROOT).as_posix()


def test_each_rule_has_its_line() -> None:
    pages = {
        code: (ROOT / "docs" / "operations" / f"exit-{code}.md").read_text(encoding="utf-8")
        for code in range(5)
    }
    found = list(raised())
    assert len(found) > 40
    missing = sorted({item for item in found if f"`{item[1]}`" not in pages[item[0]]})
    assert missing == []


@pytest.mark.parametrize("code", range(5))
def test_each_page_says_what_is_safe(code: int) -> None:
    page = (ROOT / "docs" / "operations" / f"exit-{code}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# Exit {code}: ")
    assert "safe" in page.lower()
