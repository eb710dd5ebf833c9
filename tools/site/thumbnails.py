"""Small pictures for the index of the atlas: SVG of a kilobyte or two, in the page's colour."""

from __future__ import annotations

import numpy as np

from ogive.functions.activation import Definition
from ogive.functions.vector import AxisFunction
from ogive.report.figures import curves

LOW, HIGH, POINTS = -4.0, 4.0, 97
BOTTOM, TOP = -2.2, 4.2  # of the picture; what lies beyond is cut
WIDTH, HEIGHT = 120, 96


def thumbnail(entry: Definition | AxisFunction) -> str:
    """Value and, thin, slope of ``entry``; of a function along an axis the first result."""
    if isinstance(entry, AxisFunction):
        from atlas import first_results

        x = np.linspace(LOW, HIGH, POINTS)
        drawn = list(first_results(entry, x).values())
        lines = [(x, drawn[0], "value"), (x, drawn[1], "slope")]
    else:
        (curve,) = curves([entry()], LOW, HIGH)
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


def _path(x: np.ndarray, y: np.ndarray, place: object) -> str:
    """The line through the points, thinned, broken where y is not finite."""
    assert callable(place)
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
