"""The figures of a benchmark as one picture (SVG, no browser)."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def draw(figures: dict[str, Any], target: Path) -> None:
    """Bars: seconds of each stage and baseline, and rows a second of each kind's ingest."""
    import altair as alt
    import pandas as pd

    stages = [
        {"what": f"stage {name}", "seconds": seconds, "group": "creditgrade"}
        for name, seconds in figures["cold"]["stages"].items()
    ]
    programs = [
        {"what": name, "seconds": one["seconds"], "group": "by hand"}
        for name, one in figures["baselines"].items()
    ]
    speeds = [{"kind": kind, "rows_per_s": one["rows_per_s"]} for kind, one in figures["ingest"].items()]
    time = (
        alt.Chart(pd.DataFrame([*stages, *programs]), title=f"Seconds, profile {figures['profile']}")
        .mark_bar()
        .encode(
            x=alt.X("seconds:Q", title="seconds"), y=alt.Y("what:N", sort=None, title=None), color="group:N"
        )
    )
    speed = (
        alt.Chart(pd.DataFrame(speeds), title="Ingest with validation")
        .mark_bar()
        .encode(x=alt.X("rows_per_s:Q", title="rows a second"), y=alt.Y("kind:N", title=None))
    )
    alt.vconcat(time, speed).save(target)
