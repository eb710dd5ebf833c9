"""The figure of a race: how long each candidate ran, and why it was stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ogive.report.style import BLUE, GREY, VERMILLION, WIDTH, plain, styled
from ogive.report.summary import lines
from ogive.study.record import Study
from ogive.study.verdict import Standing, Verdict
from ogive.study.wording import Scale, folded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Told apart by fill, hatching and the words beside them, in black and white too.
_LOOKS: Mapping[str, dict[str, Any]] = {
    "recommended": {"facecolor": BLUE, "edgecolor": BLUE},
    "tied": {"facecolor": "#9ecae1", "edgecolor": BLUE},
    "worse": {"facecolor": "white", "edgecolor": VERMILLION, "hatch": "////"},
    "stopped": {"facecolor": "white", "edgecolor": VERMILLION, "hatch": "////"},
    "diverged": {"facecolor": "white", "edgecolor": GREY, "hatch": "xxxx"},
}


@dataclass(frozen=True)
class Lane:
    """One candidate's way: the splits it ran, its fate ("recommended", "tied", "worse", "stopped"
    or "diverged"), and a few words at its end."""

    label: str
    splits: int
    fate: str
    words: str


def lanes(study: Study, verdict: Verdict) -> list[Lane]:
    """The lanes in the order of the table, the linear baseline last."""
    return [_lane(study, verdict, standing) for standing in lines(verdict)]


def _lane(study: Study, verdict: Verdict, standing: Standing) -> Lane:
    left = {e.label: e for e in verdict.race.exits}.get(standing.label)
    if left is not None and left.reason == "diverged":
        return Lane(standing.label, standing.splits, "diverged", "diverged")
    fate = {"leader": "tied", "equivalent": "tied"}.get(standing.status, standing.status)
    words = {"leader": "best score", "tied": "tie", "equivalent": "tie within margin"}.get(
        standing.status, standing.status
    )
    if standing.label == verdict.recommended:
        fate = "recommended"
        words = f"{words}, recommended"
    if left is not None and left.interval is not None:
        scale = Scale.of(study, verdict)
        small, large = sorted(abs(end) for end in left.interval)
        by = scale.interval((small, large)) + (" points" if scale.percent else "")
        words = f"{by} behind {left.against}"
    return Lane(standing.label, standing.splits, fate, words)


@styled
def draw_race(study: Study, verdict: Verdict, ax: Axes | None = None) -> Axes:
    """One bar a candidate, as long as it ran; dotted lines where candidates could be stopped."""
    from matplotlib.figure import Figure

    rows = lanes(study, verdict)
    names = [plain(folded(lane.label, 26)) for lane in rows]
    if ax is None:
        height = sum(0.27 + 0.13 * name.count("\n") for name in names) + 0.9
        ax = Figure(figsize=(WIDTH, height), layout="constrained").add_subplot()
    end = verdict.race.splits
    for row, lane in enumerate(rows):
        ax.barh(row, lane.splits, height=0.55, lw=1, **_LOOKS[lane.fate])
        ax.text(
            lane.splits + 0.012 * end,
            row,
            plain(f" {lane.words}"),
            va="center",
            ha="left",
            fontsize=8,
            color="black",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )
    looks = [look for look in study.plan.looks if look <= end]
    for look in looks:
        ax.axvline(look, color=GREY, ls=":", lw=1, zorder=0)
    ax.set_yticks(range(len(rows)), names)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(0, end * 1.55)  # the words need room
    ax.set_xticks([0, *(looks or [end])])
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("splits run (dotted: the looks at which candidates could be stopped)")
    ax.xaxis.label.set_horizontalalignment("left")
    ax.xaxis.label.set_x(0.0)
    return ax
