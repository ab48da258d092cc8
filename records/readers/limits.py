"""Bounds of the readers. A file beyond one of them is refused (`limit_exceeded`) with the number.

They keep memory bounded whatever is delivered; none of them is near what a real file holds.
"""

from __future__ import annotations

MIB = 1 << 20

MAX_COLUMNS = 2_000
# A physical line of text, and one record of several lines (bytes and characters).
MAX_LINE_BYTES = 16 * MIB
MAX_RECORD_CHARS = 64 * MIB
# A quoted cell of more lines is taken for a stray quote (contract §2; policy: quoted_cell_max_lines).
QUOTED_CELL_MAX_LINES = 20
# One JSON object, in characters.
MAX_OBJECT_CHARS = 16 * MIB

# Compressed content: beyond the first bound a greater ratio than the second is no office file.
FREE_EXPANSION_BYTES = 256 * MIB
MAX_EXPANSION_RATIO = 400

MAX_WORKBOOK_FILE_BYTES = 512 * MIB
MAX_WORKBOOK_EXPANDED_BYTES = 4_096 * MIB
# Cells of the rectangle that a sheet spans: it is held in memory at 32 bytes a cell.
MAX_SHEET_CELLS = 40_000_000
# The header of a workbook is looked for in the first rows of each sheet.
HEADER_SEARCH_ROWS = 1_000

# How much is read at once, how finely an irregular block is divided, how large a batch may grow.
BLOCK_BYTES = 2 * MIB
PIECE_BYTES = MIB // 2
MAX_BATCH_BYTES = 64 * MIB
