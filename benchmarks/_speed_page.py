"""From ratios and goals to the page and the picture."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from _peers import PEERS
from _speed_goals import (
    DIRECTIONS,
    GROUPS,
    NAMES,
    cells,
    central,
    goals,
    mean,
    power,
    ratios,
    route,
    threads,
)
from ogive.report.style import BLUE, GREY, ORANGE, VERMILLION, WIDTH, styled


def goal_table(found: dict[str, Any]) -> list[str]:
    head = ["| ratio to | goal | fresh | into `out` | met |", "|---|---|---|---|---|"]
    return head + [goal.line() for goal in goals(found)]


def summary(found: dict[str, Any]) -> list[str]:
    """The goals and the worst cells, for the terminal."""
    return [*found["notes"], "", *goal_table(found), "", *worst(found)]


def worst(found: dict[str, Any]) -> list[str]:
    """The five settings that come off worst beside PyTorch, and those of the torch route."""
    every = cells(found)
    lines = []
    for title, chosen in (
        ("float32, one thread, 2^14 and 2^20", central),
        ("all settings", lambda _: True),
    ):
        found_worst = ratios(every, "torch", chosen)
        slower = sum(r < 1 for r, _ in found_worst)
        lines += [
            f"Beside PyTorch's operators, {title}: {slower} of {len(found_worst)} slower.",
            "",
        ]
        lines += [f"- {r:.2f} × as fast: {cell}" for r, cell in found_worst[:5]] + [""]
    slow = sorted(((s["ogive"] / s["torch"], k) for k, s in route(found).items()), reverse=True)
    over = sum(r > 1.05 for r, _ in slow)
    lines += [f"The torch route: {over} of {len(slow)} cells more than 5% slower.", ""]
    return lines + [
        f"- {r:.2f} × as long: {name} {_WAYS[way]}, {power(size)}, {threads(count)}"
        for r, (count, way, size, name) in slow[:5]
    ]


_WAYS = {"forward": "without gradients", "both": "forward and backward"}


# Tables


def tables(found: dict[str, Any]) -> list[str]:
    """Every median, in ns an element: fresh and, after a stroke, into ``out``."""
    every = cells(found)
    groups: dict[tuple[int, str, int, str], dict[str, dict[bool, dict[str, float]]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    order = list(GROUPS)
    for cell in sorted(every, key=lambda c: order.index(c.group)):
        key = (cell.threads, cell.dtype, cell.size, cell.direction)
        groups[key][cell.function][cell.out] = every[cell]
    lines = []
    for key in sorted(groups, key=lambda k: (k[0], k[1], k[2], DIRECTIONS.index(k[3]))):
        count, dtype, size, direction = key
        present = {c for by in groups[key].values() for s in by.values() for c in s}
        shown = [c for c in NAMES if c in present] + ["floor"]
        last = "a copy" if direction == "forward" else "a product"
        lines += [
            f"### {threads(count).capitalize()}, {dtype}, {power(size)}, {direction}",
            "",
            "| | " + " | ".join(NAMES.get(c, last) for c in shown) + " |",
            "|---" + "|--:" * len(shown) + "|",
        ]
        for function, by in groups[key].items():
            texts = [_pair(by, contender, size) for contender in shown]
            lines.append(f"| {function} | " + " | ".join(texts) + " |")
        lines.append("")
    return lines


def _pair(by: dict[bool, dict[str, float]], contender: str, size: int) -> str:
    found = [by.get(out, {}).get(contender) for out in (False, True)]
    if found == [None, None]:
        return "-"
    return " / ".join("-" if s is None else f"{s / size * 1e9:.2f}" for s in found)


def route_tables(found: dict[str, Any]) -> list[str]:
    """Microseconds a call of the torch route: ours / PyTorch's own."""
    every = route(found)
    lines = []
    for count, way in sorted({(k[0], k[1]) for k in every}):
        sizes = sorted({k[2] for k in every if k[:2] == (count, way)})
        lines += [
            f"### {threads(count).capitalize()}, {_WAYS[way]}",
            "",
            "| | " + " | ".join(map(power, sizes)) + " |",
            "|---" + "|--:" * len(sizes) + "|",
        ]
        for name in dict.fromkeys(k[3] for k in every):
            pairs = [every.get((count, way, size, name)) for size in sizes]
            texts = [
                "-" if p is None else f"{_short(p['ogive'])} / {_short(p['torch'])}" for p in pairs
            ]
            lines.append(f"| {name} | " + " | ".join(texts) + " |")
        lines.append("")
    return lines


def _short(seconds: float) -> str:
    micro = seconds * 1e6
    return f"{micro:.1f}" if micro < 100 else f"{micro:,.0f}"


# The page


def page(found: dict[str, Any]) -> str:
    machine, versions = found["machine"], found["versions"]
    repeats = [row["repeats"] for row in found["rows"]]
    cpus = ", ".join(
        f"{v:.1f} CPUs with {threads(int(k))}" for k, v in found["jax_cpus"].items() if v
    )
    lines = [
        "# Speed",
        "",
        "Written by `python benchmarks/functions.py --write`; do not edit.",
        "",
        "![How many times as fast Ogive is as PyTorch, JAX and NumPy, function by function]"
        "(speed.svg)",
        "",
        "## Goals",
        "",
        "Ratios are the peer's time over Ogive's: more is better, except where times are given in "
        "copies. Means are geometric, over the functions of `torch.nn`, at float32, one thread, "
        "2^14 and 2^20 elements. A goal is met if it is met both ways: with a fresh result and "
        "into an `out` that is there.",
        "",
        *goal_table(found),
        "",
        "## The worst cells",
        "",
        *worst(found),
        "",
        "## How it was measured",
        "",
        f"- On {found['date']}, in one run of {found['seconds'] / 60:.0f} minutes: "
        f"{machine['cpu']}, {machine['cpus']} CPUs, vectors {machine['vectors']}, "
        f"{machine['memory_gib']} GiB, {machine['system']}. The load was "
        f"{machine['load_before']:.1f} before and {machine['load_after']:.1f} after.",
        "- " + ", ".join(f"{k} {v}" for k, v in versions.items()) + ".",
        "- Contenders take turns on the same memory, in an order that moves on each round. Each "
        f"timing holds as many calls as 0.1 ms needs; each number is the median of "
        f"{min(repeats)} to {max(repeats)} timings, after two calls that do not count. Results of "
        "all contenders are compared before.",
        "- The calls are those a user makes, the cost of calling from Python included. Inputs "
        "are drawn from a normal distribution of standard deviation 3.",
        "- *Backward* is the upstream gradient times the slope. PyTorch's operators begin from "
        "what its autograd keeps: for sigmoid, tanh and relu the output, which is made before. "
        "Ogive and JAX begin from the input. Softsign and tanhshrink have no operator of their "
        "own in PyTorch; their parts are called one after the other.",
        "- *Into `out`*: NumPy's `out=`, PyTorch's `out=` or `grad_input=` where the operator has "
        "it, for JAX an argument given up (`donate_argnums`). `torch.compile` (with dynamic "
        "shapes, compiled once for all sizes) and NumPy's expressions have no such form.",
        "- A process for each number of threads, with `OMP_NUM_THREADS`, "
        "`torch.set_num_threads`, `ogive.numerics.threads.set_threads`, and for JAX `NPROC` and "
        f"`XLA_FLAGS`{f'; JAX then kept busy {cpus}' if cpus else ''}. On two threads only arrays "
        "of 2^20 elements and more, into `out`, are measured: smaller ones stay on one. float64 at "
        "2^24 is measured into `out` alone, `torch.compile` in float32 alone.",
        *(f"- {note}" for note in found["notes"]),
        "",
        "## All medians: ns an element",
        "",
        "Fresh result / into `out`.",
        "",
        *tables(found),
        "## The torch route: µs a call",
        "",
        "A module of Ogive / PyTorch's own, float32.",
        "",
        *route_tables(found),
    ]
    return "\n".join(lines).rstrip() + "\n"


def write(found: dict[str, Any], folder: Path) -> None:
    """speed.md and speed.svg in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "speed.md").write_text(page(found))
    figure = draw(points(found), tuple(sorted({c.size for c in cells(found) if central(c)})))
    figure.savefig(folder / "speed.svg", metadata={"Date": None}, facecolor="white")
    print(f"wrote {folder / 'speed.md'} and {folder / 'speed.svg'}")


# The picture

Points = dict[str, dict[str, dict[str, float]]]
MARKS = {"torch": (VERMILLION, "o"), "jax": (BLUE, "s"), "numpy": (ORANGE, "D")}


def points(found: dict[str, Any]) -> Points:
    """direction -> peer -> function -> how many times as fast, over 2^14 and 2^20, fresh."""
    every = cells(found)
    made: Points = {way: {peer: {} for peer in MARKS} for way in DIRECTIONS}
    order = list(GROUPS)
    names = dict.fromkeys(c.function for c in sorted(every, key=lambda c: order.index(c.group)))
    for way, peers in made.items():
        for peer, by in peers.items():
            for name in names:
                of_name = ratios(
                    every,
                    peer,
                    lambda c, n=name, w=way: (
                        central(c) and not c.out and c.function == n and c.direction == w
                    ),
                )
                value = mean(r for r, _ in of_name)
                if value is not None:
                    by[name] = value
    return made


@styled
def draw(of: Points, sizes: tuple[int, ...]) -> Any:
    """Dots for each function, forward and backward; to the right of 1 Ogive is faster."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    matplotlib.rcParams["svg.hashsalt"] = "ogive"
    names = list(dict.fromkeys(n for peers in of.values() for by in peers.values() for n in by))
    figure = Figure(figsize=(WIDTH, 1.5 + 0.2 * len(names)), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True, sharex=True)
    for ax, (way, peers) in zip(axes, of.items(), strict=True):
        ax.axvline(1, color=GREY, linewidth=1)
        for peer, by in peers.items():
            colour, marker = MARKS[peer]
            ax.plot(
                list(by.values()),
                [names.index(n) for n in by],
                marker,
                color=colour,
                markersize=5,
                alpha=0.9,
                label=NAMES[peer],
            )
        ax.set_xscale("log")
        ax.set_title(way.capitalize(), loc="left")
        ax.set_yticks(range(len(names)), names)
        ax.grid(axis="y", color="#dddddd", linewidth=0.6)
        ax.set_axisbelow(True)
        for before, after in pairwise(range(len(names))):
            if PEERS[names[before]].group != PEERS[names[after]].group:
                ax.axhline((before + after) / 2, color=GREY, linewidth=0.8, linestyle=":")
        ax.tick_params(axis="y", length=0)
        ax.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
    axes[0].invert_yaxis()
    figure.supxlabel(
        "times as fast as the peer: to the right of 1 Ogive is faster\n"
        f"(float32, one thread, fresh results, {'mean of ' * (len(sizes) > 1)}"
        f"{' and '.join(map(power, sizes))} elements)",
        fontsize=9,
    )
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure
