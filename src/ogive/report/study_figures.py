"""The figures of a study. For each, one function gives its numbers and one draws them.

Drawing on an Axes of your own is possible where ``ax`` is taken; otherwise a Figure of its own is
made. pyplot and its global state are not used. Colours are Okabe and Ito's, and no meaning is
carried by colour alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from ogive.report.summary import tuned
from ogive.study.plan import BASELINE
from ogive.study.record import Study
from ogive.study.verdict import Standing, Verdict
from ogive.study.wording import Scale, folded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, VERMILLION, GREY = "#0072B2", "#E69F00", "#D55E00", "#555555"
MOST_PANELS = 24
FAR = 6  # times the widest interval of the tie group: beyond it a value is written, not drawn
WIDTH = 7.2  # inches
_STYLE = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
}
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _styled(draw: Callable[_P, _R]) -> Callable[_P, _R]:
    """``draw`` with this module's style, which is left behind in no setting."""

    @functools.wraps(draw)
    def drawn(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        import matplotlib

        with matplotlib.rc_context(_STYLE):
            return draw(*args, **kwargs)

    return drawn


@dataclass(frozen=True)
class Mark:
    """A value with its 95% interval, as shown (accuracy in percent), or none if diverged.

    ``kind`` is "recommended", "tie", "worse", "diverged" or "linear".
    """

    label: str
    kind: str
    value: float | None
    low: float
    high: float


def _mark(
    verdict: Verdict,
    standing: Standing,
    factor: float,
    value: float | None,
    ends: tuple[float, float] | None,
) -> Mark:
    kind = {"leader": "tie", "tied": "tie", "equivalent": "tie"}.get(
        standing.status, standing.status
    )
    if standing.label == BASELINE and kind != "diverged":
        kind = "linear"
    if standing.label == verdict.recommended:
        kind = "recommended"
    if value is None or ends is None:
        return Mark(standing.label, kind, None, np.nan, np.nan)
    return Mark(standing.label, kind, factor * value, factor * ends[0], factor * ends[1])


def scores(study: Study, verdict: Verdict) -> list[Mark]:
    """Mean scores with their intervals, best first, the linear baseline last."""
    factor = 100.0 if Scale.of(study, verdict).percent else 1.0
    every = (*verdict.standings, verdict.baseline)
    return [_mark(verdict, s, factor, s.score, s.interval) for s in every]


def differences(study: Study, verdict: Verdict) -> list[Mark]:
    """Differences from the best with their simultaneous intervals, in the order of scores."""
    factor = 100.0 if Scale.of(study, verdict).percent else 1.0
    every = [s for s in (*verdict.standings, verdict.baseline) if s.label != verdict.leader]
    return [_mark(verdict, s, factor, s.difference, s.difference_interval) for s in every]


@_styled
def draw_scores(study: Study, verdict: Verdict, ax: Axes | None = None) -> Axes:
    """Scores with their intervals, best first; the tie group shaded; the linear model dashed."""
    scale = Scale.of(study, verdict)
    *marks, linear = scores(study, verdict)
    ax = _rows_axes(ax, marks)
    low, high = _window([*marks, linear])
    _draw_marks(ax, marks, (low, high), scale)
    for row, mark in enumerate(marks):
        if mark.label in verdict.ties and len(marks) > 1:
            first = mark.label == verdict.ties[0]
            name = _group_name(len(verdict.ties)) if first else "_"
            ax.axhspan(row - 0.5, row + 0.5, color=BLUE, alpha=0.09, lw=0, label=name)
    if linear.value is not None:
        name = "linear model"
        if low <= linear.value <= high:
            ax.axvline(linear.value, color=GREY, ls="--", lw=1.2, label=name)
        else:
            name += f": {_number(scale, linear.value)}, off the scale"
            ax.plot([], [], color=GREY, ls="--", lw=1.2, label=name)
    better = "" if verdict.higher_is_better else "; lower is better"
    ax.set_xlabel(f"{scale.head} on new data (mean, 95% interval{better})")
    _legend(ax)
    return ax


@_styled
def draw_differences(study: Study, verdict: Verdict, ax: Axes | None = None) -> Axes:
    """Differences from the best with simultaneous intervals, and the margin as a band."""
    scale = Scale.of(study, verdict)
    marks = differences(study, verdict)
    ax = _rows_axes(ax, marks)
    _draw_marks(ax, marks, _window(marks, zero=True), scale, signed=True)
    if verdict.leader is not None:
        ax.axvline(0, color="black", lw=1, label=f"the best: {_plain(verdict.leader)}")
    if verdict.margin is not None:
        reach = verdict.margin * (100 if scale.percent else 1)
        ax.axvspan(-reach, reach, color=ORANGE, alpha=0.18, lw=0, label="within the margin")
    left, right = ("worse", "better") if verdict.higher_is_better else ("better", "worse")
    unit = f"points of {scale.short}" if scale.percent else scale.short
    ax.set_xlabel(f"← {left}     difference from the best, {unit}     {right} →")
    _legend(ax)
    return ax


def _group_name(size: int) -> str:
    return "best alone" if size == 1 else f"tie group ({size})"


def _rows_axes(ax: Axes | None, marks: Sequence[Mark]) -> Axes:
    """Axes with one row a mark, the first at the top."""
    from matplotlib.figure import Figure

    names = [_plain(folded(mark.label, 26)) for mark in marks]
    if ax is None:
        height = sum(0.27 + 0.13 * name.count("\n") for name in names) + 1.0
        ax = Figure(figsize=(WIDTH, height), layout="constrained").add_subplot()
    ax.set_yticks(range(len(marks)), names)
    ax.set_ylim(max(len(marks), 1) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
    return ax


def _window(marks: Sequence[Mark], zero: bool = False) -> tuple[float, float]:
    """The part of the axis that shows the contest: very bad values do not squeeze the others."""
    sound = [m for m in marks if m.value is not None]
    if not sound:
        return 0.0, 1.0
    core = [m for m in sound if m.kind in {"recommended", "tie"}] or sound[:1]
    low, high = min(m.low for m in core), max(m.high for m in core)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    reach = FAR * max(m.high - m.low for m in core)
    near = [m for m in sound if m.low >= low - reach and m.high <= high + reach]
    low, high = min([low, *(m.low for m in near)]), max([high, *(m.high for m in near)])
    pad = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    return low - pad, high + pad


_LOOKS: Mapping[str, dict[str, Any]] = {
    "recommended": {"marker": "D", "color": BLUE, "mfc": BLUE, "name": "recommended"},
    "tie": {"marker": "o", "color": BLUE, "mfc": BLUE, "name": "tied"},
    "worse": {"marker": "s", "color": VERMILLION, "mfc": "white", "name": "worse"},
    "diverged": {"color": VERMILLION, "name": "diverged"},
    "linear": {"marker": "^", "color": GREY, "mfc": "white", "name": "linear model"},
}


def _draw_marks(
    ax: Axes, marks: Sequence[Mark], window: tuple[float, float], scale: Scale, signed: bool = False
) -> None:
    low, high = window
    ax.set_xlim(low, high)
    if all(mark.value is None for mark in marks):
        ax.set_xticks([])
    named: set[str] = set()
    for row, mark in enumerate(marks):
        look = dict(_LOOKS[mark.kind])
        name = look.pop("name")
        if mark.value is None:
            said, at = "diverged", 0.0
        elif mark.value < low or mark.value > high:
            number = _number(scale, mark.value, signed)
            left = mark.value < low
            said = f"← off the scale: {number}" if left else f"off the scale: {number} →"
            at = 0.0 if left else 1.0
        else:
            ax.plot([mark.low, mark.high], [row, row], color=look["color"], lw=1.6,
                    solid_capstyle="butt")
            ax.plot([mark.value], [row], ls="", ms=6, mew=1.3,
                    label="_" if name in named else name, **look)
            named.add(name)
            continue
        ax.text(at, row, f" {said} ", transform=ax.get_yaxis_transform(), va="center",
                ha="right" if at else "left", fontsize=8, color=look["color"], style="italic")


def _number(scale: Scale, shown: float, signed: bool = False) -> str:
    return scale.amount(shown / 100 if scale.percent else shown, signed)


def _legend(ax: Axes) -> None:
    handles, names = ax.get_legend_handles_labels()
    if handles:
        ax.legend(handles, names, loc="lower left", bbox_to_anchor=(0, 1), ncols=5,
                  borderaxespad=0.3, handlelength=1.6, columnspacing=1.4)


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


@_styled
def draw_learning_curves(study: Study, verdict: Verdict) -> Figure:
    """One panel a candidate, best first; the best one's median is repeated in grey."""
    curves = learning_curves(study)
    figure, panels = _panels(study, verdict)
    best = curves.get(verdict.leader or "")
    shown = [curves[label] for label in panels if label in curves]
    for label, ax in panels.items():
        if best is not None and label != verdict.leader:
            ax.plot(best.epochs, best.median, color=GREY, ls="--", lw=1, label="median of the best")
        if label not in curves:
            _say_diverged(ax)
            continue
        curve = curves[label]
        ax.fill_between(curve.epochs, curve.low, curve.high, color=BLUE, alpha=0.2, lw=0,
                        label="10 to 90% of runs")
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


@_styled
def draw_tuning(study: Study, verdict: Verdict) -> Figure:
    """One panel a candidate: validation score against learning rate, from tuning."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    scale = Scale.of(study, verdict)
    factor = 100.0 if scale.percent else 1.0
    figure, panels = _panels(study, verdict)
    numbers = {label: tuned(study, label) for label in panels}
    low, high = _tuning_window([p for line in numbers.values() for p in line], factor)
    chosen = {s.label: s.rate for s in verdict.standings}
    for label, ax in panels.items():
        sound = [p for p in numbers[label] if p["mean"] is not None]
        rates = [p["rate"] for p in sound]
        means, lows, highs = (
            np.array([factor * p[k] for p in sound]) for k in ("mean", "low", "high")
        )
        ax.fill_between(rates, lows, highs, color=BLUE, alpha=0.2, lw=0,
                        label="10 to 90% within splits")
        ax.plot(rates, means, color=BLUE, marker="o", ms=3, lw=1.4, label="mean")
        taken = [i for i, r in enumerate(rates) if r == chosen[label] and low <= means[i] <= high]
        ax.plot(np.take(rates, taken), means[taken], ls="", marker="D", ms=6, mfc="white",
                color=BLUE, label="chosen (median of splits)")
        lost = [p["rate"] for p in numbers[label] if p["diverged"]]
        ax.plot(lost, [0.04] * len(lost), ls="", marker="x", ms=6, color=VERMILLION,
                transform=ax.get_xaxis_transform(), label="some runs diverged" if lost else "_")
    first = next(iter(panels.values()))
    first.set_ylim(low, high)
    first.set_xscale("log")
    rates = study.plan.rates
    first.xaxis.set_major_locator(FixedLocator(list({rates[0], rates[len(rates) // 2], rates[-1]})))
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
    near = np.abs(means - median) <= 4 * spread if spread > 0 else means == means
    low, high = float(np.quantile(lows[near], 0.1)), float(highs[near].max())
    low = min(low, float(means[near].min()))
    pad = 0.12 * (high - low) or 0.05 * abs(high) or 1.0
    return low - pad, high + pad


@_styled
def draw_functions(study: Study, verdict: Verdict) -> Figure:
    """One panel a candidate: the function as a line, its slope dashed."""
    figure, panels = _panels(study, verdict, height=1.25)
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


def _panels(
    study: Study, verdict: Verdict, height: float = 1.35
) -> tuple[Figure, dict[str, Axes]]:
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
        ax.set_title(_plain(names[label]) + (" ◆" if chosen else ""), loc="left", fontsize=8.5,
                     fontweight="bold" if chosen else "normal", pad=3)
    return figure, dict(zip(labels, grid.flat, strict=False))


def _say_diverged(ax: Axes) -> None:
    ax.text(0.5, 0.5, "all runs diverged", transform=ax.transAxes, ha="center", va="center",
            fontsize=8, color=VERMILLION, style="italic")


def _figure_legend(figure: Figure) -> None:
    """One legend for all panels, above them."""
    found: dict[str, Any] = {}
    for ax in figure.axes:
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    if found:
        figure.legend(found.values(), found.keys(), loc="outside upper left", ncols=4)


def _plain(text: str) -> str:
    """``text`` so that matplotlib takes no dollar sign in it for mathematics."""
    return text.replace("$", r"\$")
