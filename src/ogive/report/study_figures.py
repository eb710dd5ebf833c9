"""The figures of a study that compare candidates: scores, and differences from the best.

For each, one function gives its numbers and one draws them, on an Axes of your own or in a Figure
of its own. pyplot and its global state are not used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.report.style import BLUE, GREY, ORANGE, VERMILLION, WIDTH, plain, styled
from ogive.study.plan import BASELINES
from ogive.study.record import Study
from ogive.study.verdict import Standing, Verdict
from ogive.study.wording import Scale, folded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAR = 6  # times the widest interval of the tie group: beyond it a value is written, not drawn


@dataclass(frozen=True)
class Mark:
    """A value with its 95% interval, as shown (accuracy in percent), or none if diverged.

    ``kind`` is "recommended", "tie", "worse", "stopped", "diverged" or "linear".
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
    if standing.label in BASELINES and kind != "diverged":
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


@styled
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
        name = verdict.baseline.label
        if low <= linear.value <= high:
            ax.axvline(linear.value, color=GREY, ls="--", lw=1.2, label=name)
        else:
            name += f": {_number(scale, linear.value)}, off the scale"
            ax.plot([], [], color=GREY, ls="--", lw=1.2, label=name)
    better = "" if verdict.higher_is_better else "; lower is better"
    ax.set_xlabel(f"{scale.head} on new data (mean, 95% interval{better})")
    _legend(ax)
    return ax


@styled
def draw_differences(study: Study, verdict: Verdict, ax: Axes | None = None) -> Axes:
    """Differences from the best with simultaneous intervals, and the margin as a band."""
    scale = Scale.of(study, verdict)
    marks = differences(study, verdict)
    ax = _rows_axes(ax, marks)
    _draw_marks(ax, marks, _window(marks, zero=True), scale, signed=True)
    if verdict.leader is not None:
        ax.axvline(0, color="black", lw=1, label=f"the best: {plain(verdict.leader)}")
    if verdict.margin is not None:
        reach = verdict.margin * (100 if scale.percent else 1)
        ax.axvspan(-reach, reach, color=ORANGE, alpha=0.18, lw=0, label="within the margin")
    left, right = ("worse", "better") if verdict.higher_is_better else ("better", "worse")
    unit = f"points of {scale.short}" if scale.percent else scale.short
    ax.set_xlabel(f"← {left}   ·   difference from the best, {unit}   ·   {right} →")
    _legend(ax)
    return ax


def _group_name(size: int) -> str:
    return "best alone" if size == 1 else f"tie group ({size})"


def _rows_axes(ax: Axes | None, marks: Sequence[Mark]) -> Axes:
    """Axes with one row a mark, the first at the top."""
    from matplotlib.figure import Figure

    names = [plain(folded(mark.label, 26)) for mark in marks]
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
    "stopped": {"marker": "v", "color": VERMILLION, "mfc": "white", "name": "stopped early"},
    "worse": {"marker": "s", "color": VERMILLION, "mfc": "white", "name": "worse"},
    "diverged": {"color": VERMILLION, "name": "diverged"},
    "linear": {"marker": "^", "color": GREY, "mfc": "white", "name": "baseline"},
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
            ax.plot(
                [mark.low, mark.high],
                [row, row],
                color=look["color"],
                lw=1.6,
                solid_capstyle="butt",
            )
            ax.plot(
                [mark.value],
                [row],
                ls="",
                ms=6,
                mew=1.3,
                label="_" if name in named else name,
                **look,
            )
            named.add(name)
            continue
        ax.text(
            at,
            row,
            f" {said} ",
            transform=ax.get_yaxis_transform(),
            va="center",
            ha="right" if at else "left",
            fontsize=8,
            color=look["color"],
            style="italic",
        )


def _number(scale: Scale, shown: float, signed: bool = False) -> str:
    return scale.amount(shown / 100 if scale.percent else shown, signed)


def _legend(ax: Axes) -> None:
    handles, names = ax.get_legend_handles_labels()
    if handles:
        ax.legend(
            handles,
            names,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=5,
            borderaxespad=0.3,
            handlelength=1.6,
            columnspacing=1.4,
        )
