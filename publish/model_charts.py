"""Figures of the model card as SVG, drawn by Vega-Lite; nothing is loaded from outside."""

from __future__ import annotations

from typing import Any

_FONT = "Noto Sans CJK SC, Microsoft YaHei, sans-serif"
_COLOURS = ["#0b5394", "#8a8a8a", "#b45f06", "#6aa84f", "#990000"]


def auc_chart(windows: list[dict[str, Any]], methods: list[str]) -> str:
    """AUC of each method in each window.

    Args:
        windows: window (label), method, auc.
        methods: in the order of the legend, the scorecard first.
    """
    import altair as alt

    base = alt.Chart(_data(windows)).encode(
        x=alt.X("window:O", title="窗口末日 window ends", axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("auc:Q", title="AUC", scale=alt.Scale(zero=False)),
        color=alt.Color(
            "method:N",
            title="方法 method",
            sort=methods,
            legend=alt.Legend(labelLimit=0),
            scale=alt.Scale(domain=methods, range=_COLOURS[: len(methods)]),
        ),
        strokeDash=alt.StrokeDash("method:N", sort=methods, legend=None),
    )
    half = alt.Chart(_data([{"y": 0.5}])).mark_rule(color="#444", strokeDash=[2, 2]).encode(y="y:Q")
    return _svg(half + base.mark_line(point=True), 640, 260)


def reliability_chart(tenths: list[dict[str, Any]]) -> str:
    """Foretold against observed rate of tenths of the entities, with intervals.

    Args:
        tenths: foretold, observed, low, high.
    """
    import altair as alt

    most = max([*(t["foretold"] for t in tenths), *(t["high"] for t in tenths), 0.01])
    scale = alt.Scale(domain=[0, most])
    line = alt.Chart(_data([{"x": 0, "y": 0}, {"x": most, "y": most}])).mark_line(
        color="#888", strokeDash=[4, 3]
    )
    points = alt.Chart(_data(tenths))
    x = alt.X("foretold:Q", title="预测比例 foretold", scale=scale, axis=alt.Axis(format="%"))
    y = alt.Y("observed:Q", title="实际比例 observed", scale=scale, axis=alt.Axis(format="%"))
    bars = points.mark_rule(color=_COLOURS[0]).encode(x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q")
    return _svg(
        line.encode(x="x:Q", y="y:Q")
        + bars
        + points.mark_circle(size=60, color=_COLOURS[0]).encode(x=x, y=y),
        340,
        300,
    )


def points_chart(rows: list[dict[str, Any]]) -> str:
    """Span of points of each indicator.

    Args:
        rows: title, least, most (points), in the order to be shown.
    """
    import altair as alt

    chart = (
        alt.Chart(_data(rows))
        .mark_bar(color=_COLOURS[0])
        .encode(
            y=alt.Y("title:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
            x=alt.X("least:Q", title="分值范围 span of points"),
            x2="most:Q",
        )
    )
    return _svg(chart, 480, 20 * max(1, len(rows)))


def _data(values: list[dict[str, Any]]) -> Any:
    import altair as alt

    return alt.Data(values=values)  # type: ignore[no-untyped-call]


def _svg(chart: Any, width: int, height: int) -> str:
    import vl_convert

    spec = (
        chart.properties(width=width, height=height)
        .configure(font=_FONT, background="white")
        .configure_axis(grid=True, gridColor="#eee")
        .to_dict()
    )
    return str(vl_convert.vegalite_to_svg(spec))
