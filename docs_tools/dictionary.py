"""docs/dictionary.md: every column that is delivered and every column of a snapshot.

python -m docs_tools.dictionary          # writes docs/dictionary.md
python -m docs_tools.dictionary --check  # exit 1 where it is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from publish.report.package import dictionary

PLACE = Path(__file__).parent.parent / "docs" / "dictionary.md"


def main(arguments: Sequence[str]) -> int:
    """Writes the document, or with ``--check`` says whether it is up to date."""
    made = dictionary()
    if "--check" in arguments:
        is_same = PLACE.is_file() and PLACE.read_text(encoding="utf-8") == made
        print(f"docs/dictionary.md is {'up to date' if is_same else 'out of date: make docs'}")
        return 0 if is_same else 1
    PLACE.write_text(made, encoding="utf-8")
    print(f"docs/dictionary.md: {made.count(chr(10))} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
