"""The pictures of the atlas: one on each page, and small ones for the index."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ogive.functions.activation import Definition
from ogive.functions.vector import AxisFunction
from ogive.report import figures
from ogive.report.svg import svg

Entry = Definition | AxisFunction
LOW, HIGH, POINTS = -4.0, 4.0, 97  # of the small pictures
BOTTOM, TOP = -2.2, 4.2  # of the picture; what lies beyond is cut
WIDTH, HEIGHT = 120, 96


def picture(entry: Entry) -> str:
    """Value and slope from -6 to 6 as SVG in the page."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    ax = figure.subplots()
    if isinstance(entry, AxisFunction):
        said = f"The first result of {entry.name} for two numbers, one of them running"
        _draw_axis(entry, ax)
    else:
        said = f"{entry.name} and its slope from {figures.LOW:g} to {figures.HIGH:g}"
        figures.draw_functions([entry()], ax)
    return f'<figure class="picture">{svg(figure, said)}</figure>'


def first_results(entry: AxisFunction, x: np.ndarray) -> dict[str, np.ndarray]:
    """The first result where one of two numbers is x and the other 1."""
    one = np.ones_like(x)
    given = {f"{entry.name} of (x, 1)": (x, one), f"{entry.name} of (1, x)": (one, x)}
    found = {}
    for label, numbers in given.items():
        # The two numbers lie along the entry's usual axis, the many x along the first.
        columns = np.stack(numbers, axis=1).reshape(len(x), 2, *[1] * (-1 - entry.usual_axis))
        found[label] = entry(columns).reshape(len(x), -1)[:, 0]
    return found


def _draw_axis(entry: AxisFunction, ax: Axes) -> None:
    x = np.linspace(figures.LOW, figures.HIGH, figures.POINTS)
    looks = zip(figures.COLOURS, figures.STYLES, strict=False)
    for (label, y), (colour, style) in zip(first_results(entry, x).items(), looks, strict=False):
        ax.plot(x, y, label=label, color=colour, linestyle=style)
    figures.finish(ax, "first result", figures.LOW, figures.HIGH)
    ax.legend(loc="best", framealpha=0.8, edgecolor="none", handlelength=3)


def thumbnail(entry: Entry) -> str:
    """Value and, thin, slope of ``entry``: SVG of a kilobyte or two, in the page's colour.

    Of a function along an axis it is the first result, as each of two numbers runs.
    """
    if isinstance(entry, AxisFunction):
        x = np.linspace(LOW, HIGH, POINTS)
        drawn = list(first_results(entry, x).values())
        lines = [(x, drawn[0], "value"), (x, drawn[1], "slope")]
    else:
        (curve,) = figures.curves([entry()], LOW, HIGH)
        lines = [(curve.x, curve.slope, "slope"), (curve.x, curve.value, "value")]
    seen = np.concatenate([y[np.isfinite(y)] for _, y, _ in lines])
    low, high = max(BOTTOM, seen.min()), min(TOP, seen.max())
    room = 0.08 * (high - low) or 0.5
    low, high = low - room, high + room

    def place(x: float, y: float) -> str:
        across = (x - LOW) / (HIGH - LOW) * WIDTH
        return f"{across:.4g} {(high - y) / (high - low) * HEIGHT:.4g}"

    ground = "M" + place(LOW, 0) + "L" + place(HIGH, 0) if low < 0 < high else ""
    upright = "M" + place(0, low) + "L" + place(0, high)
    paths = "".join(f'<path class="{kind}" d="{_path(x, y, place)}"/>' for x, y, kind in lines)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<path class="axes" d="{ground}{upright}"/>{paths}</svg>'
    )


def _path(x: np.ndarray, y: np.ndarray, place: Callable[[float, float], str]) -> str:
    """The line through the points, thinned, broken where y is not finite."""
    kept = np.zeros(len(x), bool)
    kept[:: max(1, len(x) // POINTS)] = True
    gaps = np.flatnonzero(~np.isfinite(y))
    for gap in gaps:  # and its neighbours, so that a jump is upright
        kept[max(0, gap - 1) : gap + 2] = True
    kept[-1] = True
    parts, pen = [], "M"
    for a, b in zip(x[kept], y[kept], strict=True):
        if not np.isfinite(b):
            pen = "M"
            continue
        parts.append(pen + place(float(a), float(b)))
        pen = "L"
    return "".join(parts)
