"""Every page and picture that a document points to is there, and every relative path in it stays in the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_points_to_is_there(page: Path) -> None:
    targets = [link for link in _LINK.findall(page.read_text("utf-8")) if "://" not in link]
    missing = [link for link in targets if not (page.parent / link).resolve().exists()]
    assert not missing
    assert all((page.parent / link).resolve().is_relative_to(ROOT) for link in targets)
