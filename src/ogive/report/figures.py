"""Pictures of functions: first the numbers, then the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.numerics.quadrature import Floats
from ogive.report.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FARTHEST = 1e6
LOW, HIGH = -6.0, 6.0
POINTS = 801
SUFFIXES = (".png", ".svg", ".pdf")
STYLES = ("-", "--", "-.", ":")  # another after each round of the colours


@dataclass(frozen=True)
class Curve:
    """A function's numbers: NaN in ``value`` or ``slope`` breaks the line at a jump."""

    label: str
    x: Floats
    value: Floats
    slope: Floats
    points: tuple[tuple[float, float], ...]  # (x, f(x)) at the jumps


def curves(functions: Sequence[Activation], low: float = LOW, high: float = HIGH) -> list[Curve]:
    """The numbers of each function between ``low`` and ``high``.

    Raises :class:`OgiveError` where the two are out of bounds or not in ascending order.
    """
    if not -FARTHEST <= low < high <= FARTHEST:
        raise OgiveError(
            f"the picture's ends are {low:g} and {high:g}; give two numbers between "
            f"{-FARTHEST:g} and {FARTHEST:g}, the lower first"
        )
    return [_curve(function, low, high) for function in functions]


def _curve(function: Activation, low: float, high: float) -> Curve:
    kinks = np.array([k for k in function.facts.kinks if low < k < high])
    before, after = np.nextafter(kinks, -np.inf), np.nextafter(kinks, np.inf)
    x = np.unique(np.concatenate([np.linspace(low, high, POINTS), kinks, before, after]))
    value, slope = function(x), function.slope(x)
    points = []
    for kink, left, right in zip(kinks, before, after, strict=True):
        sides = np.array([left, right])
        at = np.searchsorted(x, kink)
        if abs(np.subtract(*function(sides))) > 1e-6:
            points.append((float(kink), float(value[at])))
            value[at] = np.nan
        if abs(np.subtract(*function.slope(sides))) > 1e-6:
            slope[at] = np.nan
    return Curve(function.label, x, value, slope, tuple(points))


def draw_functions(
    functions: Sequence[Activation],
    ax: Axes | None = None,
    *,
    slope: bool = True,
    low: float = LOW,
    high: float = HIGH,
) -> Axes:
    """Draw the functions on ``ax``, with their slopes as thin dashed lines where asked."""
    drawn = curves(functions, low, high)
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots()[1]
    _draw_values(drawn, ax)
    if slope:
        for i, curve in enumerate(drawn):
            look = _look(i, len(drawn)) | {"linestyle": "--", "linewidth": 1.2}
            ax.plot(curve.x, curve.slope, label=f"slope of {curve.label}", **look)
    _finish(ax, "f(x) and slope f'(x)" if slope else "f(x)", low, high)
    ax.legend(loc="best", framealpha=0.8, edgecolor="none")
    return ax


def function_figure(
    functions: Sequence[Activation], *, slope: bool = True, low: float = LOW, high: float = HIGH
) -> Figure:
    """A figure of its own: the functions, and below them their slopes where asked."""
    from matplotlib.figure import Figure

    drawn = curves(functions, low, high)
    figure = Figure(figsize=(9, 7.5 if slope else 5), layout="constrained")
    panels = figure.subplots(2 if slope else 1, 1, sharex=True, squeeze=False)[:, 0]
    _draw_values(drawn, panels[0])
    _finish(panels[0], "f(x)", low, high)
    if slope:
        for i, curve in enumerate(drawn):
            panels[1].plot(curve.x, curve.slope, **_look(i, len(drawn)))
        _finish(panels[1], "slope f'(x)", low, high)
        panels[0].set_xlabel("")
    # Outside the axes, where it hides no curve.
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", frameon=False)
    return figure


def save(figure: Figure, path: str | Path) -> Path:
    """Write the figure to ``path`` as PNG, SVG or PDF, by its suffix.

    Raises :class:`OgiveError` for another suffix or a path that cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise OgiveError(
            f"{path} has no picture's suffix; name a file that ends in {', '.join(SUFFIXES)}"
        )
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise OgiveError(
            f"{path} cannot be written ({error.strerror or error}); "
            f"name a file in a folder that exists and that you may write to"
        ) from None
    return path


def _draw_values(drawn: Sequence[Curve], ax: Axes) -> None:
    for i, curve in enumerate(drawn):
        ax.plot(curve.x, curve.value, label=curve.label, **_look(i, len(drawn)))
        for point in curve.points:
            ax.plot(*point, "o", color=_look(i, len(drawn))["color"], markersize=6)


def _look(i: int, count: int) -> dict[str, Any]:
    """Colour, style and width of curve ``i``; later ones are thinner, so that none is covered."""
    return {
        "color": COLOURS[i % len(COLOURS)],
        "linestyle": STYLES[i // len(COLOURS) % len(STYLES)],
        "linewidth": 2.0 if count == 1 else 3.6 - 2.4 * i / (count - 1),
    }


def _finish(ax: Axes, label: str, low: float, high: float) -> None:
    ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    if low < 0 < high:
        ax.axvline(0, color="0.6", linewidth=0.8, zorder=0)
    ax.grid(color="0.92", zorder=0)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlim(low, high)
    ax.set_xlabel("x")
    ax.set_ylabel(label)
