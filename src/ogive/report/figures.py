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
from ogive.report.families import Member, members
from ogive.report.labels import LINE, SIZE, Labelled, draw_labels, side
from ogive.report.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FARTHEST = 1e6
LOW, HIGH = -6.0, 6.0
POINTS = 801
SUFFIXES = (".png", ".svg", ".pdf")
# Another with every curve, so that print in black and white tells neighbours apart; with the
# seven colours 35 pairs differ.
STYLES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.6)),
    (0, (1.2, 1.2)),
    (0, (5, 1.4, 1.2, 1.4)),
    (0, (9, 3)),
)
# The colours of a family go from dark to light with the parameter; white paper takes no more.
RAMPS = (("viridis", 0.0, 0.82), ("Oranges", 1.0, 0.45), ("Blues", 1.0, 0.45))


@dataclass(frozen=True)
class Curve:
    """A function's numbers: NaN in ``value`` or ``slope`` breaks the line at a jump."""

    label: str
    x: Floats
    value: Floats
    slope: Floats
    points: tuple[tuple[float, float], ...]  # (x, f(x)) at the jumps
    look: dict[str, Any]  # colour, dashes and width of the line


def curves(
    functions: Sequence[Activation | str], low: float = LOW, high: float = HIGH
) -> list[Curve]:
    """The numbers of each function between ``low`` and ``high``, and how it is drawn.

    A text may name a family (``elu:alpha=0.1..2``): its curves are ordered by colour.

    Raises :class:`OgiveError` where the two are out of bounds or not in ascending order, and what
    :func:`ogive.report.families.members` raises.
    """
    if not -FARTHEST <= low < high <= FARTHEST:
        raise OgiveError(
            f"the picture's ends are {low:g} and {high:g}; give two numbers between "
            f"{-FARTHEST:g} and {FARTHEST:g}, the lower first"
        )
    drawn = members(functions)
    return [_curve(m, low, high, _look(m, i, len(drawn))) for i, m in enumerate(drawn)]


def _curve(member: Member, low: float, high: float, look: dict[str, Any]) -> Curve:
    function = member.function
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
    return Curve(member.label, x, value, slope, tuple(points), look)


def plot(
    *functions: Activation | str,
    ax: Axes | None = None,
    slope: bool = True,
    low: float = LOW,
    high: float = HIGH,
) -> Axes:
    """Draw functions of one number: ``ogive.plot("relu", "elu:alpha=0.1..2")``.

    ``functions`` are names, formulas, families of a parameter (``elu:alpha=0.1..2`` draws five
    values, ``elu:alpha=0.1..0.5..2`` those three) or activations; with ``slope`` their slopes are
    thin lines. On axes of their own the curves are named at their ends, on given ones ``ax`` in a
    legend. Returns the axes. Raises :class:`OgiveError` for a bad name, family or range of x.
    """
    return draw_functions(functions, ax, slope=slope, low=low, high=high)


def draw_functions(
    functions: Sequence[Activation | str],
    ax: Axes | None = None,
    *,
    slope: bool = True,
    low: float = LOW,
    high: float = HIGH,
) -> Axes:
    """Draw the functions on ``ax``, with their slopes as thin lines where asked."""
    drawn = curves(functions, low, high)
    own = ax is None
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(layout="constrained", figsize=(8, 5))[1]
    named = _draw_values(drawn, ax)
    if slope:
        for curve in drawn:
            look = curve.look | {"linestyle": ":", "linewidth": 1.1}
            label = f"slope of {curve.label}"
            ax.plot(curve.x, curve.slope, label=label, **look)
            named.append(Labelled(label, curve.x, curve.slope, look))
    finish(ax, "f(x) and slope f'(x)" if slope else "f(x)", low, high)
    if own:
        _name([(ax, named)])
    else:
        ax.legend(loc="best", framealpha=0.8, edgecolor="none", handlelength=3)
    return ax


def function_figure(
    functions: Sequence[Activation | str],
    *,
    slope: bool = True,
    low: float = LOW,
    high: float = HIGH,
) -> Figure:
    """A figure of its own: the functions, and below them their slopes where asked."""
    from matplotlib.figure import Figure

    drawn = curves(functions, low, high)
    rows = 2 if slope else 1
    high_enough = (len(drawn) * LINE * SIZE / 72 + 0.9) * rows
    size = (9, max(7.5 if slope else 5, high_enough))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    named = [(panels[0], _draw_values(drawn, panels[0]))]
    finish(panels[0], "f(x)", low, high)
    if slope:
        for curve in drawn:
            panels[1].plot(curve.x, curve.slope, label=curve.label, **curve.look)
        slopes = [Labelled(c.label, c.x, c.slope, c.look) for c in drawn]
        named.append((panels[1], slopes))
        finish(panels[1], "slope f'(x)", low, high)
        panels[0].set_xlabel("")
    _name(named)
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


def _draw_values(drawn: Sequence[Curve], ax: Axes) -> list[Labelled]:
    for curve in drawn:
        ax.plot(curve.x, curve.value, label=curve.label, **curve.look)
        for point in curve.points:
            ax.plot(*point, "o", color=curve.look["color"], markersize=6)
    return [Labelled(c.label, c.x, c.value, c.look) for c in drawn]


def _name(panels: Sequence[tuple[Axes, Sequence[Labelled]]]) -> None:
    """Name every curve at its end, on the side where the ends lie farther apart."""
    figure = panels[0][0].get_figure(root=True)
    assert figure is not None
    for ax, _ in panels:
        ax.set_ylim(ax.get_ylim())
    figure.draw_without_rendering()  # the layout's size of the panels
    where = side(panels)
    for ax, named in panels:
        if where == "left":  # the names stand where the numbers stood
            ax.yaxis.tick_right()
            ax.yaxis.set_label_position("right")
            ax.spines["left"].set_visible(False)
            ax.spines["right"].set_visible(True)
        draw_labels(ax, named, where)
    figure.align_ylabels()


def _look(member: Member, i: int, count: int) -> dict[str, Any]:
    """Colour, dashes and width of curve ``i``; later ones are thinner, so that none is covered."""
    colour = COLOURS[i % len(COLOURS)]
    if member.family is not None:
        from matplotlib import colormaps
        from matplotlib.colors import to_hex

        ramp, first, last = RAMPS[member.family % len(RAMPS)]
        colour = to_hex(colormaps[ramp](first + (last - first) * member.place))
    return {
        "color": colour,
        "linestyle": STYLES[i % len(STYLES)],
        "linewidth": 2.0 if count == 1 else 3.2 - 1.8 * i / (count - 1),
    }


def finish(ax: Axes, label: str, low: float, high: float) -> None:
    """Axes through 0, a pale grid, x from ``low`` to ``high``, and names beside both."""
    ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    if low < 0 < high:
        ax.axvline(0, color="0.6", linewidth=0.8, zorder=0)
    ax.grid(color="0.92", zorder=0)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlim(low, high)
    ax.set_xlabel("x")
    ax.set_ylabel(label)
