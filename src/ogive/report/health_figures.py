"""The figures of a diagnosis: measures by layer, and histograms of the pre-activations.

For each, one function gives its numbers and one draws them. pyplot is not used, except to make
the Axes that a caller does not give.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.diagnosis.figures import LayerHealth
from ogive.diagnosis.health import Health
from ogive.diagnosis.measures import BINS, REACH
from ogive.errors import UnknownName
from ogive.functions import registry
from ogive.report.style import BLUE, GREY, ORANGE, VERMILLION, WIDTH, plain, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 24  # histograms on a page
MOST_ROWS = 60  # layers in a picture
LONGEST = 34  # characters of a name
COLUMNS = 4


@dataclass(frozen=True)
class Column:
    """A measure of each layer: NaN where there is none."""

    title: str
    values: tuple[float, ...]
    logarithmic: bool = False


def names(health: Health) -> list[str]:
    """The layers shown, the first of them where there are too many."""
    return [_short(r.where) for r in health.layers[:MOST_ROWS]]


def columns(health: Health) -> list[Column]:
    """The measures across the picture."""
    rows = health.layers[:MOST_ROWS]

    def of(values: Sequence[float | None]) -> tuple[float, ...]:
        return tuple(math.nan if v is None else v for v in values)

    return [
        Column("pre-activation,\nroot mean square", of([r.before_size for r in rows]), True),
        Column("dead units", of([r.dead_share if r.units else None for r in rows])),
        Column("saturated", of([r.saturated for r in rows])),
        Column("off side", of([r.off for r in rows])),
        Column("gradient's norm", of([r.gradient for r in rows]), True),
        Column("correlation\nof samples", of([r.correlation for r in rows])),
        Column("effective rank", of([r.rank for r in rows])),
    ]


@dataclass(frozen=True)
class Histogram:
    """Density of the pre-activations by bin, what lies beyond, and the function's curve."""

    where: str
    function: str
    edges: np.ndarray
    density: np.ndarray
    below: float
    above: float
    x: np.ndarray
    value: np.ndarray


def histograms(health: Health) -> list[Histogram]:
    """The histograms of the layers that have one."""
    rows = [r for r in health.layers if r.histogram][:MOST_PANELS]
    return [_histogram(row) for row in rows]


def _histogram(row: LayerHealth) -> Histogram:
    counts = np.array(row.histogram, dtype=float)
    shares = counts / max(1.0, counts.sum())
    x = np.linspace(-REACH, REACH, 241)
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(registry.get(row.function)(x), dtype=float)
    except UnknownName:  # a function of the user's own, which the model alone holds: no curve
        value = np.full_like(x, np.nan)
    edges = np.linspace(-REACH, REACH, BINS + 1)
    density = shares[1:-1] / (edges[1] - edges[0])
    below, above = float(shares[0]), float(shares[-1])
    return Histogram(row.where, row.function, edges, density, below, above, x, value)


@styled
def draw_shares(health: Health, ax: Axes | None = None) -> Axes:
    """Dead, saturated and off shares as bars, the gradient's norm as a line, layers down."""
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(figsize=(WIDTH, 1 + 0.3 * len(health.layers)))[1]
    found = {column.title: np.array(column.values) for column in columns(health)}
    places = np.arange(len(names(health)))
    for shift, name, colour in (
        (-0.27, "dead units", VERMILLION),
        (0.0, "saturated", ORANGE),
        (0.27, "off side", GREY),
    ):
        ax.barh(places + shift, np.nan_to_num(found[name]), 0.25, color=colour, label=name)
    _layers_down(ax, names(health))
    ax.set_xlim(0, 1)
    ax.set_xlabel("share")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
    return ax


@styled
def draw_measures(health: Health) -> Figure:
    """One panel a measure, layers down."""
    from matplotlib.figure import Figure

    height = 1.3 + 0.24 * max(2, len(names(health)))
    figure = Figure(figsize=(1.6 * WIDTH, height), layout="constrained")
    _measures_on(health, figure)
    return figure


def _measures_on(health: Health, figure: Any) -> None:
    shown = columns(health)
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for column, ax in zip(shown, panels, strict=True):
        values = np.array(column.values)
        places = np.arange(len(values))
        if column.logarithmic:
            known = values > 0
            ax.plot(values[known], places[known], "o-", color=BLUE, markersize=4, linewidth=1)
            if known.any():
                ax.set_xscale("log")
                _widen(ax, values[known])
        else:
            ax.barh(places, np.nan_to_num(values), 0.6, color=BLUE)
            missing = np.isnan(values)
            ax.plot(np.zeros(missing.sum()), places[missing], "|", color=GREY, markersize=5)
            if column.title != "effective rank":
                ax.set_xlim(min(0.0, float(np.nan_to_num(values).min(initial=0))), 1)
        ax.set_title(column.title)
    _layers_down(panels[0], names(health))


def _widen(ax: Axes, values: np.ndarray) -> None:
    """At least two decades, so that equal values look equal."""
    low, high = float(values.min()), float(values.max())
    middle, reach = math.sqrt(low * high), max(10.0, 1.6 * math.sqrt(high / low))
    ax.set_xlim(middle / reach, middle * reach)


def _layers_down(ax: Axes, labels: list[str]) -> None:
    ax.set_yticks(range(len(labels)), [plain(label) for label in labels])
    ax.set_ylim(max(1, len(labels)) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


@styled
def draw_histograms(health: Health) -> Figure | None:
    """A panel a layer: where the pre-activations lie, and the function's curve behind."""
    from matplotlib.figure import Figure

    shown = histograms(health)
    if not shown:
        return None
    rows = -(-len(shown) // COLUMNS)
    figure = Figure(figsize=(1.6 * WIDTH, 0.6 + 1.75 * rows), layout="constrained")
    _histograms_on(shown, rows, figure)
    return figure


def _histograms_on(shown: list[Histogram], rows: int, figure: Any) -> None:
    panels = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    for one, ax in zip(shown, panels, strict=False):
        behind = ax.twinx()
        ax.set_zorder(behind.get_zorder() + 1)
        ax.patch.set_visible(False)
        finite = np.isfinite(one.value)
        behind.plot(one.x[finite], one.value[finite], color=ORANGE, linewidth=1.6)
        behind.set_yticks([])
        behind.spines["right"].set_visible(False)
        ax.stairs(one.density, one.edges, fill=True, color=BLUE, alpha=0.65)
        ax.set_xlim(-REACH, REACH)
        ax.set_yticks([])
        for share, place, align in ((one.below, 0.02, "left"), (one.above, 0.98, "right")):
            if share >= 0.005:
                arrow = f"◂ {share:.0%}" if align == "left" else f"{share:.0%} ▸"
                ax.text(place, 0.93, arrow, transform=ax.transAxes, ha=align, va="top", fontsize=7)
        ax.set_title(plain(f"{_short(one.where)}\n{one.function}"), fontsize=8)
    for ax in panels[len(shown) :]:
        ax.set_visible(False)


def health_figure(health: Health) -> Figure:
    """A figure of its own: the measures above, the histograms below, as one picture."""
    figure = draw_measures(health)
    if not histograms(health):
        return figure
    return _stacked(health)


@styled
def _stacked(health: Health) -> Figure:
    from matplotlib.figure import Figure

    shown = histograms(health)
    rows = -(-len(shown) // COLUMNS)
    heights = 1.3 + 0.24 * max(2, len(names(health))), 0.6 + 1.75 * rows
    figure = Figure(figsize=(1.6 * WIDTH, sum(heights)), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=heights)
    above, below = parts
    _measures_on(health, above)
    _histograms_on(shown, rows, below)
    return figure


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"
