"""Write docs/depth.md and docs/depth.svg from what benchmarks/depth.py found."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

import _depth_bands
import torch
from _depth_train import RATES, STEPS, WIDTH
from ogive.report.style import BLUE, GREY, ORANGE, VERMILLION, styled

DOCS = Path(__file__).parents[1] / "docs"
TEST_SHARE = 0.25  # test rows per development row
VAGUE = 100.0  # a band wider than this factor either way says little
SHOWN = ("relu", "tanh", "sigmoid", "silu")
NAMES = {"default": "PyTorch's default", "critical": "critical", "corrected": "corrected"}
Found = dict[str, Any]


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95% interval over seeds, by the corrected resampled t (Nadeau and Bengio 2003)."""
    x = np.array(values)
    error = x.std(ddof=1) * math.sqrt(1 / len(x) + TEST_SHARE)
    reach = float(student.ppf(0.975, len(x) - 1)) * error
    return float(x.mean()), float(x.mean() - reach), float(x.mean() + reach)


def scores(found: Found, name: str, depth: int, init: str) -> list[float]:
    """Test accuracy by seed, in percent."""
    (cell,) = [v for k, v in found.items() if k.startswith(f"{name}/{depth}/{init}/")]
    return [100 * one["test"] for one in cell]


def gaps(found: Found, name: str, depth: int, init: str, base: str) -> tuple[float, float, float]:
    """The paired differences of accuracy."""
    pairs = zip(scores(found, name, depth, init), scores(found, name, depth, base), strict=True)
    return interval([a - b for a, b in pairs])


def trained(found: Found, depth: int) -> list[str]:
    """The functions trained at that depth."""
    seen = [key.split("/") for key in found if not key.startswith("band/")]
    return list(dict.fromkeys(name for name, at, *_ in seen if int(at) == depth))


def _signed(gap: tuple[float, float, float]) -> str:
    return f"{gap[0]:+.1f} ({gap[1]:+.1f} to {gap[2]:+.1f})"


def write(found: Found) -> None:
    """Write the page and its picture."""
    text = [
        "# Depth",
        "",
        "Written by `python benchmarks/depth.py --write`; do not edit.",
        "",
        "![Accuracy of 50-layer networks from three initialisations, and gradients by layer beside "
        "theory](depth.svg)",
        "",
        *_bands(found),
        *_deep(found),
        *_shallow(found),
        "## How it was made",
        "",
        f"Python {platform.python_version()}, PyTorch {torch.__version__}. A network has hidden "
        f"layers of {WIDTH} units and is trained on digits (three fifths of 1,797 rows to train, "
        "one to tune, one to test, drawn anew by each seed) for "
        f"{STEPS} steps of Adam at 64 rows. Its learning rate is one of "
        f"{', '.join(f'{r:g}' for r in RATES)}, the same grid for every function and "
        "initialisation, chosen in each seed on the tuning rows, as is the look (of six) at which "
        "training stops. Initialisations of a function share splits and order of rows. Intervals "
        "are 95%, for the paired difference on new data (corrected resampled t, Nadeau and Bengio "
        "2003), each on its own.",
        "",
    ]
    (DOCS / "depth.md").write_text("\n".join(text))
    _picture(found).savefig(
        DOCS / "depth.svg", metadata={"Date": None}, bbox_inches="tight", pad_inches=0.15
    )


def _bands(found: Found) -> list[str]:
    rows, vague, inside = [], [], 0
    for name in _depth_bands.NAMES:
        one = found[f"band/{name}"]
        last, first = one["layers"]["variance"][-1], one["layers"]["gradient"][0]
        inside += one["inside"]["variance"] and one["inside"]["gradient"]
        if any(math.sqrt(high / low) > VAGUE for _, _, low, high in (last, first)):
            vague.append(name)
        marks = [
            "yes" if one["inside"][q] else "**no**" for q in ("variance", "gradient", "correlation")
        ]
        rows.append(
            f"| {name} | {one['sigma_w']:.4f} | {one['why']} | {_beside(last)} | {_beside(first)} "
            f"| {' | '.join(marks)} |"
        )
    count = len(_depth_bands.NAMES)
    said = [
        "## Random networks beside theory",
        "",
        f"One network of {_depth_bands.DEPTH} layers of {_depth_bands.WIDTH:,} units for each of "
        f"{count} functions, with the weights that `ogive.init_` draws, and what `ogive.compare` "
        "says of it. The band holds 99% of such networks at once in the variance, the gradient and "
        f"the correlation of all layers ({_depth_bands.NETWORKS} simulated networks; see the "
        "docstring). Variance and gradient of all layers lie in it for "
        f"{inside} of {count} networks.",
        "",
        "| function | sigma_w | weights | variance, layer 50: measured, theory [band] | gradient, "
        "layer 1: measured, theory [band] | variance in band | gradient in band | correlation in "
        "band |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]
    if vague:
        said += [
            f"For {', '.join(vague)} the band is so wide that to lie in it says little: the length "
            "that these weights keep is not stable, so that a finite network drifts away from it, "
            "each in its own direction. Theory for infinite width does not tell what one such "
            "network does at this depth.",
            "",
        ]
    return said


def _beside(values: Sequence[float]) -> str:
    measured, predicted, low, high = values
    return f"{measured:.3g}, {predicted:.3g} [{low:.2g}, {high:.2g}]"


def _deep(found: Found) -> list[str]:
    rows, helped, same, failed, harmed = [], [], [], [], []
    for name in trained(found, 50):
        base = interval(scores(found, name, 50, "default"))
        pair = [gaps(found, name, 50, init, "default") for init in ("critical", "corrected")]
        means = [np.mean(scores(found, name, 50, init)) for init in ("critical", "corrected")]
        rows.append(
            f"| {name} | {base[0]:.1f} | {means[0]:.1f} | {_signed(pair[0])} | {means[1]:.1f} | "
            f"{_signed(pair[1])} |"
        )
        best = max(means)
        (helped if max(p[1] for p in pair) > 0 else same).append(name)
        if best < 50:
            failed.append(name)
        if min(p[2] for p in pair) < 0:
            harmed.append(name)
    said = [
        "## Plain networks of 50 layers",
        "",
        "Test accuracy in percent over 5 seeds: PyTorch's default weights, `ogive.init_` "
        '(scheme "critical"), and `ogive.init_(..., scheme="forward", correct=True)`; differences '
        f"from the default. Chance is about 10%. {STEPS} steps are few: the figures say how well "
        "training starts, not where it would end.",
        "",
        "| function | default | critical | difference | corrected | difference |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        f"`init_` is better for {_listed(helped)}: the interval of a difference lies above 0.",
    ]
    if same:
        said.append(f"No difference is found for {_listed(same)}.")
    if harmed:
        said.append(f"One of the two is worse than the default for {_listed(harmed)}.")
    if failed:
        said.append(
            f"Theory does not help enough for {_listed(failed)}, which stay below 50% whatever the "
            "initialisation: where no weights keep signal and gradient stably, as "
            "`ogive.theory(name)` says, 50 plain layers are too many, and normalisation or "
            "residual connections are the mend, not weights."
        )
    return [*said, ""]


def _shallow(found: Found) -> list[str]:
    depths = [d for d in (3, 10) if trained(found, d)]
    rows, clear = [], []
    for depth in depths:
        for name in trained(found, depth):
            gap = gaps(found, name, depth, "critical", "forward")
            mean = np.mean(scores(found, name, depth, "forward"))
            rows.append(f"| {depth} | {name} | {mean:.1f} | {_signed(gap)} |")
            if gap[1] > 0 or gap[2] < 0:
                clear.append((depth, name, gap[0]))
    pooled = [f"{depth} layers {_signed(_pooled(found, depth))}" for depth in depths]
    said = [
        "## Critical gains in shallower networks",
        "",
        "`ogive choose` compares functions in networks of a few layers, with the weights that keep "
        "variance 1. Would critical weights serve them better? Test accuracy in percent over 10 "
        "seeds, for functions whose critical weights are others (for ReLU-like ones they are the "
        "same, and for GELU, SiLU, Mish and the sigmoid there are none that are stable).",
        "",
        "| hidden layers | function | variance-keeping | critical less variance-keeping |",
        "|---|---|---|---|",
        *rows,
        "",
        f"Mean over the functions: {'; '.join(pooled)}.",
    ]
    better = [c for c in clear if c[2] > 0]
    worse = [c for c in clear if c[2] < 0]
    for words, which in (("better", better), ("worse", worse)):
        if which:
            named = ", ".join(f"{name} at {depth}" for depth, name, _ in which)
            said.append(f"Critical weights are {words} for {named}.")
    if not clear:
        said.append("No interval excludes 0.")
    if not any(depth == depths[0] for depth, *_ in better):
        said.append(
            "So `ogive choose` keeps the variance-keeping gains: with few layers nothing is "
            "gained by critical ones, and they exist for fewer functions."
        )
    return [*said, ""]


def _pooled(found: Found, depth: int) -> tuple[float, float, float]:
    names = trained(found, depth)
    table = np.array(
        [
            np.subtract(scores(found, n, depth, "critical"), scores(found, n, depth, "forward"))
            for n in names
        ]
    )
    return interval([float(v) for v in table.mean(0)])


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names) or "none"
    return f"{', '.join(names[:-1])} and {names[-1]}"


@styled
def _picture(found: Found) -> Any:
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update({"svg.hashsalt": "ogive"})
    figure = Figure(figsize=(9.6, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    names = trained(found, 50)
    styles = {"default": (GREY, "s"), "critical": (VERMILLION, "o"), "corrected": (BLUE, "D")}
    for shift, (init, (colour, marker)) in enumerate(styles.items()):
        every = [scores(found, name, 50, init) for name in names]
        place = np.arange(len(names)) + 0.22 * (shift - 1)
        left.plot([np.mean(e) for e in every], place, marker, color=colour, markersize=5,
                  label=NAMES[init])  # fmt: skip
        for y, e in zip(place, every, strict=True):
            left.plot([min(e), max(e)], [y, y], color=colour, lw=1)
    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
    left.set_xlim(0, 100)
    left.axvline(10, color=GREY, lw=0.8, ls=":")
    left.set_xlabel("test accuracy, % (mean and range of 5 seeds)")
    left.set_title("50 plain layers on digits")
    colours = (BLUE, VERMILLION, GREY, ORANGE)
    for name, colour in zip(SHOWN, colours, strict=True):
        part = np.array(found[f"band/{name}"]["layers"]["gradient"][:-1], dtype=float)
        layer = np.arange(1, len(part) + 1)
        right.fill_between(layer, part[:, 2], part[:, 3], color=colour, alpha=0.18, lw=0)
        right.plot(layer, part[:, 1], color=colour, lw=1.2)
        right.plot(layer[::2], part[::2, 0], ".", color=colour, markersize=5, label=name)
    right.set_yscale("log")
    right.set_ylim(1e-20, 1e6)
    right.set_xlabel("layer")
    right.set_title("Squared gradient, width 1,000:\ndots measured, lines theory, shades 99% band")
    right.legend(loc="lower left", frameon=True, framealpha=0.8)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return figure
