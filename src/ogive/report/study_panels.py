"""The figures of a study with a small panel for each candidate, best first.

For each, one function gives its numbers and one draws them in a Figure of its own: learning curves,
validation scores by learning rate, and the functions with their slopes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.report.style import BLUE, GREY, VERMILLION, WIDTH, plain, styled
from ogive.report.summary import tuned
from ogive.study.record import Study
from ogive.study.verdict import Verdict
from ogive.study.wording import Scale, folded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 24


@dataclass(frozen=True)
class Curve:
    """By epoch, the median and the 10 and 90% points over the final runs."""

    epochs: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray


def learning_curves(study: Study) -> dict[str, Curve]:
    """For each candidate the lowest validation loss so far, over its sound final runs.

    It is the loss of the weights that early stopping would keep; a run that has stopped goes on
    counting with its last value, so that the curve is of the same runs at every epoch. A
    candidate all of whose runs diverged has no curve.
    """
    made = {}
    for label in study.plan.labels:
        runs = [r for r in study.runs if (r.label, r.stage) == (label, "final") and not r.diverged]
        curves = [np.array([np.nan if v is None else v for _, _, v in r.curve]) for r in runs]
        curves = [np.fmin.accumulate(c) for c in curves if len(c)]
        if not curves:
            continue
        longest = max(map(len, curves))
        kept = np.stack([np.pad(c, (0, longest - len(c)), "edge") for c in curves])
        low, median, high = np.quantile(kept, (0.1, 0.5, 0.9), axis=0)
        rows = int(np.median([r.train_rows for r in runs]))
        steps = study.plan.evaluate_every * np.arange(1, longest + 1)
        made[label] = Curve(steps * study.plan.batch_size / rows, median, low, high)
    return made


@styled
def draw_learning_curves(study: Study, verdict: Verdict) -> Figure:
    """One panel a candidate, best first; the best one's median is repeated in grey."""
    curves = learning_curves(study)
    figure, panels = _panels(verdict)
    best = curves.get(verdict.leader or "")
    shown = [curves[label] for label in panels if label in curves]
    for label, ax in panels.items():
        if best is not None and label != verdict.leader:
            ax.plot(best.epochs, best.median, color=GREY, ls="--", lw=1, label="median of the best")
        if label not in curves:
            _say_diverged(ax)
            continue
        curve = curves[label]
        ax.fill_between(
            curve.epochs,
            curve.low,
            curve.high,
            color=BLUE,
            alpha=0.2,
            lw=0,
            label="10 to 90% of runs",
        )
        ax.plot(curve.epochs, curve.median, color=BLUE, lw=1.4, label="median")
    if shown:
        _suit_scale(next(iter(panels.values())), shown)
    figure.supxlabel("training, epochs", fontsize=9)
    figure.supylabel("lowest validation loss so far", fontsize=9)
    _figure_legend(figure)
    return figure


def _suit_scale(ax: Axes, curves: Sequence[Curve]) -> None:
    """A logarithmic axis of losses where they span more than a factor of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low = min(float(np.nanmin(c.low)) for c in curves)
    high = max(float(np.nanmax(c.high)) for c in curves)
    if low > 0 and high > 10 * low:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        ax.yaxis.set_minor_locator(NullLocator())


@styled
def draw_tuning(study: Study, verdict: Verdict) -> Figure:
    """One panel a candidate: validation score against learning rate, from tuning."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    scale = Scale.of(study, verdict)
    factor = 100.0 if scale.percent else 1.0
    figure, panels = _panels(verdict)
    numbers = {label: tuned(study, label) for label in panels}
    low, high = _tuning_window([p for line in numbers.values() for p in line], factor)
    chosen = {s.label: s.rate for s in verdict.standings}
    for label, ax in panels.items():
        sound = [p for p in numbers[label] if p["mean"] is not None]
        tried = [p["rate"] for p in sound]
        means, lows, highs = (
            np.array([factor * p[k] for p in sound]) for k in ("mean", "low", "high")
        )
        ax.fill_between(
            tried, lows, highs, color=BLUE, alpha=0.2, lw=0, label="10 to 90% within splits"
        )
        ax.plot(tried, means, color=BLUE, marker="o", ms=3, lw=1.4, label="mean")
        taken = [i for i, r in enumerate(tried) if r == chosen[label] and low <= means[i] <= high]
        ax.plot(
            [tried[i] for i in taken],
            [means[i] for i in taken],
            ls="",
            marker="D",
            ms=6,
            mfc="white",
            color=BLUE,
            label="chosen (median of splits)",
        )
        lost = [p["rate"] for p in numbers[label] if p["diverged"]]
        ax.plot(
            lost,
            [0.04] * len(lost),
            ls="",
            marker="x",
            ms=6,
            color=VERMILLION,
            transform=ax.get_xaxis_transform(),
            label="some runs diverged" if lost else "_",
        )
    first = next(iter(panels.values()))
    first.set_ylim(low, high)
    first.set_xscale("log")
    rates = study.plan.rates
    first.xaxis.set_major_locator(FixedLocator([rates[0], rates[len(rates) // 2], rates[-1]]))
    first.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    first.xaxis.set_minor_locator(NullLocator())
    first.set_xlim(rates[0] / 2, rates[-1] * 2)
    figure.supxlabel("learning rate", fontsize=9)
    figure.supylabel(f"{scale.head} on validation rows", fontsize=9)
    _figure_legend(figure)
    return figure


def _tuning_window(points: Sequence[Mapping[str, Any]], factor: float) -> tuple[float, float]:
    """Limits that hold most points: a rate that failed does not flatten all others."""
    sound = [p for p in points if p["mean"] is not None]
    means, lows, highs = (factor * np.array([p[k] for p in sound]) for k in ("mean", "low", "high"))
    if not len(means):
        return 0.0, 1.0
    median, spread = float(np.median(means)), float(np.subtract(*np.quantile(means, (0.75, 0.25))))
    near = np.abs(means - median) <= 4 * spread if spread > 0 else np.full(len(means), True)
    low, high = float(np.quantile(lows[near], 0.1)), float(highs[near].max())
    low = min(low, float(means[near].min()))
    pad = 0.12 * (high - low) or 0.05 * abs(high) or 1.0
    return low - pad, high + pad


@styled
def draw_functions(study: Study, verdict: Verdict) -> Figure:
    """One panel a candidate: the function as a line, its slope dashed."""
    figure, panels = _panels(verdict, height=1.25)
    pool: list[np.ndarray] = []
    for label, ax in panels.items():
        curve = study.functions[label]["curve"]
        x, value, slope = (np.array(curve[k], dtype=float) for k in ("x", "value", "slope"))
        ax.axhline(0, color="#bbbbbb", lw=0.6)
        ax.axvline(0, color="#bbbbbb", lw=0.6)
        ax.plot(x, value, color=BLUE, lw=1.6, label="f(x)")
        ax.plot(x, slope, color=VERMILLION, lw=1.2, ls="--", label="slope f'(x)")
        pool += [part[np.abs(x) <= 3] for part in (value, slope)]
    low, high = np.nanquantile(np.concatenate(pool), (0.01, 0.995))
    pad = 0.1 * (high - low) or 1.0
    next(iter(panels.values())).set_ylim(low - pad, high + pad)
    figure.supxlabel("x", fontsize=9)
    _figure_legend(figure)
    return figure


def panel_labels(verdict: Verdict) -> list[str]:
    """The candidates that get a panel of their own: the best ones where there are very many."""
    return [s.label for s in verdict.standings][:MOST_PANELS]


def _panels(verdict: Verdict, height: float = 1.35) -> tuple[Figure, dict[str, Axes]]:
    """A figure of small panels with shared axes, and the axes by label."""
    from matplotlib.figure import Figure

    labels = panel_labels(verdict)
    across = min(4, len(labels))
    down = -(-len(labels) // across)
    names = {label: folded(label, 20) for label in labels}
    tallest = max(name.count("\n") for name in names.values())
    height = max(height, 2.0) if down == 1 else height  # the label of the y axis needs it
    size = (min(WIDTH, 1.8 * across + 1.2), down * (height + 0.14 * tallest) + 0.7)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for place, ax in enumerate(grid.flat):
        if place >= len(labels):
            ax.remove()
            continue
        ax.grid(color="#e5e5e5", lw=0.5)
        ax.set_axisbelow(True)
        # The last panel of a column shows the x axis, also above an empty place.
        ax.tick_params(labelbottom=place + across >= len(labels))
        label = labels[place]
        chosen = label == verdict.recommended
        ax.set_title(
            plain(names[label]) + (" ◆" if chosen else ""),
            loc="left",
            fontsize=8.5,
            fontweight="bold" if chosen else "normal",
            pad=3,
        )
    return figure, dict(zip(labels, grid.flat, strict=False))


def _say_diverged(ax: Axes) -> None:
    ax.text(
        0.5,
        0.5,
        "all runs diverged",
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=8,
        color=VERMILLION,
        style="italic",
    )


def _figure_legend(figure: Figure) -> None:
    """One legend for all panels, above them."""
    found: dict[str, Any] = {}
    for ax in figure.axes:
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    if found:
        figure.legend(found.values(), found.keys(), loc="outside upper left", ncols=4)
