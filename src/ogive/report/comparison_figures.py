"""Pictures of prediction beside measurement: first the numbers, then the drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.report.style import BLUE, GREY, VERMILLION, plain, styled
from ogive.torch.band import QUANTITIES
from ogive.torch.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = {
    "variance": "Variance of pre-activations",
    "correlation": "Correlation of two inputs",
    "gradient": "Squared gradient",
}
MOST_NAMES = 12  # layers that are named on the axis
LEAST = 1e-300


@dataclass(frozen=True)
class Line:
    """One quantity by layer; NaN where there is nothing."""

    measured: np.ndarray
    predicted: np.ndarray
    low: np.ndarray
    high: np.ndarray
    outside: np.ndarray


def line(found: Comparison, quantity: str) -> Line:
    """The numbers of a picture: ``quantity`` is "variance", "correlation" or "gradient"."""
    besides = [getattr(layer, quantity) for layer in found.layers]

    def column(part: str) -> np.ndarray:
        values = [getattr(b, part) for b in besides]
        return np.array([np.nan if v is None else v for v in values])

    outside = np.array([b.inside is False for b in besides])
    return Line(column("measured"), column("predicted"), column("low"), column("high"), outside)


@styled
def draw_quantity(found: Comparison, quantity: str, ax: Axes | None = None) -> Axes:
    """Draw prediction, band and measurement of one quantity by layer on ``ax``."""
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(layout="constrained")[1]
    drawn = line(found, quantity)
    place = np.arange(1, len(drawn.measured) + 1)
    log = quantity != "correlation"
    low = np.maximum(drawn.low, LEAST) if log else drawn.low
    share = f"{found.confidence:.0%} of random networks"
    for i, part in enumerate(_chains(found, quantity)):
        shade: dict[str, Any] = {"color": BLUE, "alpha": 0.2, "label": "_" if i else share}
        if len(part) > 1:
            ax.fill_between(place[part], low[part], drawn.high[part], lw=0, **shade)
        else:
            ax.vlines(place[part], low[part], drawn.high[part], lw=6, **shade)
        ax.plot(place[part], drawn.predicted[part], color=BLUE, lw=1.6,
                marker="_" if len(part) == 1 else "",
                label="_" if i else "predicted, infinite width")  # fmt: skip
    ax.plot(place, drawn.measured, ".", color="black", markersize=5, label="measured")
    if drawn.outside.any():
        ax.plot(place[drawn.outside], drawn.measured[drawn.outside], "o", color=VERMILLION,
                markersize=8, fillstyle="none", label="outside")  # fmt: skip
    shown = drawn.measured[np.isfinite(drawn.measured)]
    if log and shown.size and (shown > 0).all():
        ax.set_yscale("log")
        _limit(ax, drawn)
    _name_layers(found, ax)
    ax.set_xlabel("layer")
    ax.set_title(TITLES[quantity])
    ax.grid(axis="y", color=GREY, alpha=0.2, lw=0.6)
    return ax


def _chains(found: Comparison, quantity: str) -> list[list[int]]:
    """The places, from 0, of layers with a band, one list for each chain that is followed."""
    parts: list[list[int]] = [[]]
    for place, layer in enumerate(found.layers):
        if layer.function is None:
            parts.append([])
        if getattr(layer, quantity).inside is not None:
            parts[-1].append(place)
    return [part for part in parts if part]


def _limit(ax: Axes, drawn: Line) -> None:
    """Leave out what of a very wide band lies far from all else."""
    near = np.concatenate([drawn.measured, drawn.predicted])
    near = near[np.isfinite(near) & (near > 0)]
    ends = np.concatenate([drawn.low, drawn.high])
    ends = ends[np.isfinite(ends) & (ends > 0)]
    span = max(float(near.max() / near.min()), 10.0) ** 2
    low = min([float(near.min())] + [float(e) for e in ends if e > near.min() / span])
    high = max([float(near.max())] + [float(e) for e in ends if e < near.max() * span])
    ax.set_ylim(low / 1.3, high * 1.3)


def _name_layers(found: Comparison, ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    names = [layer.path for layer in found.layers]
    if len(names) > MOST_NAMES:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        return
    ax.set_xticks(range(1, len(names) + 1), [plain(name) for name in names])
    if sum(map(len, names)) > 40:
        ax.tick_params(axis="x", rotation=60)


@styled
def comparison_figure(found: Comparison) -> Figure:
    """A figure of its own: variance, correlation and gradient by layer."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.8), layout="constrained")
    panels = figure.subplots(1, 3)
    for quantity, ax in zip(QUANTITIES, panels, strict=True):
        draw_quantity(found, quantity, ax)
    handles: dict[str, Artist] = {}
    for ax in panels:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=4)
    figure.suptitle(plain(found.title()))
    return figure
