"""The same classes and statuses as a hand-written pandas program.

`program` puts the parts in order; each leaves its tables in `Work`. The three programs are cut alike, so that
the same part of each can be laid side by side.
"""

from __future__ import annotations

from bench.baselines.pandas_program.program import run

__all__ = ["run"]
