"""Names beside the ends of curves, each with a sample of its line, none over another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.numerics.quadrature import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE, SMALLEST = 9.0, 5.0  # points
LINE = 1.3  # height of a line of text, in its size
LONGEST = 48  # characters
NEAR, SAMPLE, TEXT = 10.0, 38.0, 43.0  # where leader, sample and text end, in points


@dataclass(frozen=True)
class Labelled:
    """A curve to be labelled: its text, its points and how its line looks."""

    text: str
    x: Floats
    y: Floats
    look: dict[str, Any]


def side(panels: Sequence[tuple[Axes, Sequence[Labelled]]]) -> str:
    """The side on which the ends of the curves lie farther apart: "right" or "left"."""
    apart = {
        where: sum(_distinct(ax, _ends(ax, curves, where)) for ax, curves in panels)
        for where in ("right", "left")
    }
    return "left" if apart["left"] > apart["right"] else "right"


def _ends(ax: Axes, curves: Sequence[Labelled], where: str) -> Floats:
    """Where each curve leaves the panel, as a share of its height; bounded by its edges."""
    low, high = ax.get_ylim()
    ends = []
    for curve in curves:
        seen = curve.y[np.isfinite(curve.y)]
        ends.append((seen[-1 if where == "right" else 0] - low) / (high - low) if seen.size else 0)
    return np.asarray(np.clip(np.array(ends, float), 0.0, 1.0), dtype=np.float64)


def _distinct(ax: Axes, ends: Floats) -> int:
    """How many names could stand level with their curves' ends."""
    height = SIZE * LINE / _points_high(ax)
    return 1 + int((np.diff(np.sort(ends)) >= height).sum())


def _points_high(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return float(ax.get_window_extent().height * 72 / figure.dpi)


def spaced(wanted: Floats, height: float) -> Floats:
    """Places as near to ``wanted`` (in ascending order) as can be, ``height`` apart, in 0 to 1.

    The sum of the squared distances is the least: an isotonic regression of what is left when
    each name's height is taken away.
    """
    from scipy.optimize import isotonic_regression

    stacked = height * np.arange(len(wanted))
    free = np.asarray(isotonic_regression(wanted - stacked).x, dtype=np.float64)
    return np.clip(free, 0.0, max(0.0, 1.0 - float(stacked[-1]))) + stacked


def draw_labels(ax: Axes, curves: Sequence[Labelled], where: str) -> None:
    """Write the names of ``curves`` on side ``where`` of ``ax``; its limits and size are final.

    Curves that end in one point are named in the order in which they lie further in.
    """
    from matplotlib.lines import Line2D
    from matplotlib.transforms import ScaledTranslation

    ends = _ends(ax, curves, where)
    order = _order(curves, ends, where)
    points = _points_high(ax)
    size = float(np.clip(points / (LINE * max(1, len(curves) - 1)), SMALLEST, SIZE))
    places = spaced(ends[order], LINE * size / points)
    sign, edge = (1.0, 1.0) if where == "right" else (-1.0, 0.0)
    figure = ax.get_figure(root=True)
    assert figure is not None

    def across(distance: float) -> float:
        """A distance from the panel's edge, in points, as a share of its width."""
        return edge + sign * distance * figure.dpi / 72 / ax.get_window_extent().width

    for index, place in zip(order, places, strict=True):
        curve = curves[index]
        thin = {"color": curve.look["color"], "clip_on": False, "transform": ax.transAxes}
        leader = Line2D(
            [edge, across(NEAR)], [ends[index], place], linewidth=0.6, linestyle="-", **thin
        )
        sample = Line2D(
            [across(NEAR), across(SAMPLE)],
            [place, place],
            linewidth=min(2.0, curve.look["linewidth"]),
            linestyle=curve.look["linestyle"],
            **thin,
        )
        for line in (leader, sample):
            line.set_label("_")
            ax.add_artist(line)
        ax.text(
            edge,
            place,
            shortened(curve.text),
            fontsize=size,
            horizontalalignment="left" if where == "right" else "right",
            verticalalignment="center",
            clip_on=False,
            parse_math=False,
            transform=ax.transAxes + ScaledTranslation(sign * TEXT / 72, 0, figure.dpi_scale_trans),
        )


def _order(curves: Sequence[Labelled], ends: Floats, where: str) -> list[int]:
    """The curves from the lowest end to the highest; ties by where they lie further in."""
    keys = []
    for i, curve in enumerate(curves):
        inner = curve.y if where == "left" else curve.y[::-1]
        at = [min(len(inner) - 1, int(share * len(inner))) for share in (0.05, 0.15, 0.3)]
        keys.append((round(float(ends[i]), 3), *(float(np.nan_to_num(inner[k])) for k in at), i))
    return sorted(range(len(curves)), key=keys.__getitem__)


def shortened(text: str) -> str:
    """``text``, cut where it is too long for a label."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
