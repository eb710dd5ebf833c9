"""Pictures of the theory of a function: first the numbers, then the drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ogive.meanfield.correlations import correlation_map
from ogive.meanfield.edge import Edge, edge
from ogive.meanfield.lengths import HIGHEST, LOWEST, lengths
from ogive.meanfield.moments import SECOND, moment_table
from ogive.meanfield.theory import Theory
from ogive.meanfield.words import figure as number
from ogive.numerics.quadrature import Floats
from ogive.report.style import BLUE, GREY, VERMILLION, plain, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 81
CELLS = 161
EDGE_POINTS = 200
LAYERS = 400  # iterations of the length map behind the phase diagram
FAN_IN = 256  # of PyTorch's default initialisation as marked
ORDERED, CHAOTIC, GROWING = 0, 1, 2
SHADES = ("#DCE9F3", "#F8E1D4", "#E3E3E3")
PHASES = ("ordered", "chaotic", "the signal grows\nwithout bound")


@dataclass(frozen=True)
class Map:
    """A map of one layer: ``after`` against ``before``, and its fixed points (place, stable)."""

    before: Floats
    after: Floats
    fixed: tuple[tuple[float, bool], ...]


@dataclass(frozen=True)
class Phases:
    """``kind[i, j]`` is the phase at sigma_w[i] and sigma_b[j]; ``edge`` the edge of chaos."""

    sigma_b: Floats
    sigma_w: Floats
    kind: np.ndarray
    edge: Edge


@dataclass(frozen=True)
class Mark:
    """An initialisation to be marked in the phase diagram."""

    label: str
    sigma_b: float
    sigma_w: float
    marker: str


def length_curve(theory: Theory) -> Map:
    """The length map, up to twice the longest fixed length of note."""
    shown = [p.length for p in theory.fixed_lengths if p.length < 1e3]
    top = 2 * max(1.0, *shown, theory.length or 0.0) if shown else 2.0
    before = np.linspace(top / POINTS, top, POINTS)
    second = moment_table(theory.function, np.zeros(POINTS), before)
    after = theory.sigma_w**2 * second.column(SECOND) + theory.sigma_b**2
    fixed = tuple((p.length, p.stable) for p in theory.fixed_lengths if p.length <= top)
    return Map(before, after, fixed)


def correlation_curve(theory: Theory) -> Map | None:
    """The correlation map from 0 to 1 at the length reached; None where no length is kept."""
    if theory.correlation is None and theory.fate != "kept":
        return None
    table = lengths(theory.function)
    length, scale, bias = theory.length, theory.sigma_w, theory.sigma_b
    if not length:  # grows or fades, but only the ratio of lengths matters
        length, scale, bias = 1.0, float(table.second[0] / table.grid[0]) ** -0.5, 0.0
    # Equal steps of the angle: closer together towards 1, where the map may be steep.
    before = np.cos(np.linspace(math.pi / 2, 0.0, POINTS // 2))
    before[0], before[-1] = 0.0, 1.0
    after = correlation_map(theory.function, length, scale, bias)(before)
    fixed = ((p.correlation, p.stable) for p in theory.fixed_correlations)
    return Map(before, after, tuple(p for p in fixed if p[0] >= 0))


def marks(theory: Theory) -> tuple[Mark, ...]:
    """This initialisation, PyTorch's default for Linear and the variance-keeping gain.

    PyTorch draws weights and biases from U(-1/sqrt(n), 1/sqrt(n)), n being fan_in: sigma_w^2 =
    1/3 and sigma_b^2 = 1/(3n).
    """
    usual = Mark(f"PyTorch's default (fan_in {FAN_IN})", (3 * FAN_IN) ** -0.5, 3**-0.5, "s")
    here = Mark("this initialisation", theory.sigma_b, theory.sigma_w, "*")
    if theory.gain is None:
        return (usual, here)
    if theory.sigma_b == 0 and abs(theory.sigma_w - theory.gain) < 1e-9 * theory.gain:
        return (usual, Mark("this initialisation: the gain", 0.0, theory.gain, "*"))
    return (usual, Mark("variance-keeping gain", 0.0, theory.gain, "^"), here)


def phases(theory: Theory) -> Phases:
    """The phase diagram around the initialisations of note; lengths are interpolated."""
    table = lengths(theory.function)
    known = [m.sigma_w for m in marks(theory)]
    critical = theory.critical_point
    top_w = 1.4 * max([*known, critical.sigma_w if critical else 0.0])
    top_b = 1.25 * max(0.8, theory.sigma_b)
    sigma_b, sigma_w = np.linspace(0, top_b, CELLS), np.linspace(top_w / CELLS, top_w, CELLS)
    weights, biases = sigma_w[:, None] ** 2, sigma_b[None, :] ** 2
    usable = np.isfinite(table.second)
    logs, second = np.log(table.grid[usable]), table.second[usable]
    most = table.grid[usable][-1]
    q = np.ones((CELLS, CELLS))
    for _ in range(LAYERS):
        q = np.clip(weights * np.interp(np.log(q), logs, second) + biases, LOWEST, HIGHEST)
    finite = np.isfinite(table.slopes)
    slopes = np.interp(np.log(q), np.log(table.grid[finite]), table.slopes[finite])
    chi = np.full_like(q, np.inf) if table.jumps else weights * slopes
    kind = np.where(chi > 1 + 1e-6, CHAOTIC, ORDERED)
    kind[q >= 0.5 * most] = GROWING
    if table.homogeneous:
        kind[np.broadcast_to(weights * table.slopes[0] > 1, q.shape)] = GROWING
    return Phases(sigma_b, sigma_w, kind, edge(theory.function, top_b, EDGE_POINTS))


@styled
def draw_phases(theory: Theory, ax: Axes | None = None) -> Axes:
    """Draw the phase diagram of ``theory`` on ``ax``, with the initialisations marked."""
    from matplotlib.colors import ListedColormap

    drawn = phases(theory)
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(layout="constrained")[1]
    colours = ListedColormap(SHADES)
    ax.pcolormesh(
        drawn.sigma_b, drawn.sigma_w, drawn.kind, cmap=colours, vmin=-0.5, vmax=2.5, rasterized=True
    )
    _name_phases(drawn, ax)
    curve = drawn.edge
    if len(curve.length) == 1:
        ax.plot(curve.sigma_b, curve.sigma_w, "o", color="black", markersize=9, fillstyle="none",
                label="edge of chaos (a point)", clip_on=False, zorder=4)  # fmt: skip
    elif len(curve.length):
        for stable, line in ((True, "-"), (False, ":")):
            if (curve.stable == stable).any():
                shown = np.where(curve.stable == stable, curve.sigma_w, np.nan)
                label = "edge of chaos" if stable else "edge of chaos, length not stable"
                ax.plot(curve.sigma_b, shown, color="black", linewidth=1.8, linestyle=line,
                        label=label)  # fmt: skip
    for mark in marks(theory):
        colour = {"*": VERMILLION, "s": BLUE, "^": GREY}[mark.marker]
        size = 13 if mark.marker == "*" else 8
        ax.plot(mark.sigma_b, mark.sigma_w, mark.marker, color=colour, markersize=size,
                markeredgecolor="white", label=mark.label, clip_on=False, zorder=5)  # fmt: skip
    ax.set_xlim(0, drawn.sigma_b[-1])
    ax.set_ylim(0, drawn.sigma_w[-1])
    ax.set_xlabel("sigma_b")
    ax.set_ylabel("sigma_w")
    ax.set_title(plain(f"Phases of {theory.label}"))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    return ax


def _name_phases(drawn: Phases, ax: Axes) -> None:
    for kind, name in enumerate(PHASES):
        rows, columns = np.nonzero(drawn.kind == kind)
        if len(rows) < 0.06 * drawn.kind.size:
            continue
        # The cell of the phase nearest to its centre of mass: inside it, whatever its shape.
        away = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
        at = int(np.argmin(away))
        place = drawn.sigma_b[columns[at]], drawn.sigma_w[rows[at]]
        ax.text(*place, name, ha="center", va="center", color="#444444", fontsize=9)


@styled
def theory_figure(theory: Theory) -> Figure:
    """A figure of its own: length map, correlation map and phase diagram."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.5, 4.8), layout="constrained")
    panels = figure.subplots(1, 3)
    _draw_map(length_curve(theory), panels[0])
    panels[0].set_xlabel("variance q of a pre-activation")
    panels[0].set_ylabel("one layer later")
    panels[0].set_title("Length map")
    correlations = correlation_curve(theory)
    panels[1].set_title("Correlation map")
    if correlations is None:
        panels[1].text(0.5, 0.5, "none: no length is kept", ha="center", va="center",
                       transform=panels[1].transAxes)  # fmt: skip
        panels[1].set_axis_off()
    else:
        _draw_map(correlations, panels[1])
        panels[1].set_xlabel("correlation c of two inputs")
        panels[1].set_ylabel("one layer later")
    draw_phases(theory, panels[2])
    head = f"{theory.label} at sigma_w = {number(theory.sigma_w)}, sigma_b = "
    figure.suptitle(plain(f"{head}{number(theory.sigma_b)}"))
    return figure


def _draw_map(drawn: Map, ax: Axes) -> None:
    top = float(drawn.before[-1])
    ax.plot([0, top], [0, top], color=GREY, linewidth=0.9, linestyle="--", label="unchanged")
    shown = np.where(np.isfinite(drawn.after), drawn.after, np.nan)
    ax.plot(drawn.before, shown, color=BLUE, linewidth=2, label="map")
    for stable in (True, False):
        places = [place for place, kind in drawn.fixed if kind is stable]
        if places:
            ax.plot(places, places, "o", color=VERMILLION, markersize=8, zorder=4, clip_on=False,
                    markerfacecolor=VERMILLION if stable else "white",
                    label="stable" if stable else "not stable")  # fmt: skip
    ax.set_xlim(0, top)
    ax.set_ylim(
        min(0.0, float(np.nanmin(shown))), min(1.5 * top, 1.05 * max(top, float(np.nanmax(shown))))
    )
    ax.legend(loc="best")
