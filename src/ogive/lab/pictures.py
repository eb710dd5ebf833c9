"""Pictures as plain numbers, and how they are drawn: curves in panels, and claims as intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.lab.evidence import Claim
from ogive.numerics.quadrature import Floats
from ogive.report.figures import STYLES
from ogive.report.style import COLOURS, GREY, VERMILLION, WIDTH, plain, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (4.1, 2.9)  # inches of a panel


@dataclass(frozen=True)
class Curve:
    """A line of a panel; ``low`` and ``high`` are a band about it; ``thin`` for one of many."""

    label: str
    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None
    thin: bool = False


@dataclass(frozen=True)
class Panel:
    """Curves over one pair of axes; ``marks`` are points (x, y, what stands beside them)."""

    title: str
    across: str
    up: str
    curves: tuple[Curve, ...]
    logarithmic: bool = False
    marks: tuple[tuple[float, float, str], ...] = ()
    level: float | None = None

    @property
    def words(self) -> str:
        """What is drawn, for whoever hears the page read."""
        names = ", ".join(curve.label for curve in self.curves if curve.label)
        return f"{self.title or self.up} against {self.across}{': ' if names else ''}{names}"


@dataclass(frozen=True)
class Picture:
    """Panels with a title, and the caption below; shows itself in a notebook."""

    title: str
    caption: str
    panels: tuple[Panel, ...]

    def _repr_html_(self) -> str:
        from ogive.lab.shown import styled_html

        return styled_html(self)


@styled
def panel_figure(panel: Panel) -> Figure:
    """One panel as a figure of its own, so that a narrow page can set them below each other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE)
    draw_panel(panel, figure.subplots())
    return figure


def draw_panel(panel: Panel, ax: Axes) -> None:
    """Draw one panel on ``ax``."""
    named = 0
    for curve in panel.curves:
        if curve.thin:
            ax.plot(curve.x, curve.y, color="0.75", linewidth=0.7, label=curve.label or None)
            continue
        look: dict[str, Any] = {
            "color": COLOURS[named % len(COLOURS)],
            "linestyle": STYLES[named % len(STYLES)],
        }
        ax.plot(curve.x, curve.y, label=plain(curve.label), linewidth=1.9, **look)
        if curve.low is not None and curve.high is not None:
            ax.fill_between(curve.x, curve.low, curve.high, color=look["color"], alpha=0.16, lw=0)
        named += 1
    for x, y, text in panel.marks:
        ax.plot([x], [y], "o", color=VERMILLION, markersize=6, zorder=5)
        # Towards the middle of the panel, where there is room.
        left = x > float(np.mean(ax.get_xlim()))
        ax.annotate(plain(text), (x, y), textcoords="offset points", color="#333333", fontsize=8,
                    xytext=(-7 if left else 7, 6), ha="right" if left else "left")  # fmt: skip
    if panel.level is not None:
        ax.axhline(panel.level, color=GREY, linewidth=0.9, linestyle=":")
    if panel.logarithmic:
        ax.set_yscale("log")
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    ax.set_xlabel(panel.across)
    ax.set_ylabel(panel.up)
    if panel.title:
        ax.set_title(plain(panel.title))
    if any(c.label for c in panel.curves):
        ax.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none")


@styled
def draw_claim(claim: Claim) -> Figure:
    """The estimates with their intervals, and beside them the paired differences."""
    from matplotlib.figure import Figure

    rows = max(len(claim.estimates), len(claim.differences))
    figure = Figure(figsize=(WIDTH, 0.9 + 0.34 * rows), layout="constrained")
    panels = figure.subplots(1, 2)
    logarithms = any(one.label.startswith("log10") for one in claim.differences)
    beside = "logarithm of it" if logarithms else "paired difference"
    sides = ((claim.estimates, claim.unit), (claim.differences, beside))
    for ax, (shown, label) in zip(panels, sides, strict=True):
        for i, one in enumerate(shown):
            ax.plot([one.low, one.high], [i, i], color=COLOURS[0], linewidth=2)
            ax.plot([one.mean], [i], "o", color=COLOURS[0], markersize=5)
        ax.set_yticks(range(len(shown)), [plain(one.label) for one in shown])
        ax.set_ylim(len(shown) - 0.5, -0.5)
        ax.grid(axis="x", color="0.92")
        ax.set_xlabel(label)
    panels[1].axvline(0, color=GREY, linewidth=0.9, linestyle="--")
    return figure
