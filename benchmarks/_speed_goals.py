"""From raw medians to ratios and the goals they are held against."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from _peers import PIECEWISE, ROOTS, SMOOTH

GROUPS = {
    PIECEWISE: "Piecewise linear or quadratic",
    SMOOTH: "Exponential family (and softsign)",
    ROOTS: "Slopes with interior roots",
}
NAMES = {
    "ogive": "Ogive",
    "torch": "PyTorch",
    "compiled": "torch.compile",
    "jax": "jax.jit",
    "numpy": "NumPy/SciPy",
}
MIDDLE, LARGE = (1 << 14, 1 << 20), 1 << 24
DIRECTIONS = ("forward", "backward")


class Cell(NamedTuple):
    """One measurement's setting, for all contenders."""

    threads: int
    dtype: str
    size: int
    direction: str
    out: bool
    group: str
    function: str

    def __str__(self) -> str:
        out = "into `out`" if self.out else "fresh"
        return (
            f"{self.function} {self.direction}, {self.dtype}, {power(self.size)}, {out}, "
            f"{threads(self.threads)}"
        )


Cells = dict[Cell, dict[str, float]]


def cells(found: dict[str, Any]) -> Cells:
    """Seconds by setting and contender, the torch route apart."""
    made: Cells = defaultdict(dict)
    for row in found["rows"]:
        if not row.get("route"):
            made[Cell(*(row[k] for k in Cell._fields))][row["contender"]] = row["seconds"]
    return dict(made)


def route(found: dict[str, Any]) -> dict[tuple[int, str, int, str], dict[str, float]]:
    """The torch route: seconds by (threads, direction, size, function) and contender."""
    made: dict[tuple[int, str, int, str], dict[str, float]] = defaultdict(dict)
    for row in found["rows"]:
        if row.get("route"):
            key = (row["threads"], row["direction"], row["size"], row["function"])
            made[key][row["contender"]] = row["seconds"]
    return dict(made)


def power(size: int) -> str:
    exponent = size.bit_length() - 1
    return f"2^{exponent}" if size == 1 << exponent else f"{size:,}"


def threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def mean(ratios: Iterable[float]) -> float | None:
    """The geometric mean; None of nothing."""
    logs = [math.log(r) for r in ratios]
    return math.exp(sum(logs) / len(logs)) if logs else None


def ratios(of: Cells, peer: str, chosen: Callable[[Cell], bool]) -> list[tuple[float, Cell]]:
    """(peer's time over ours, setting), the smallest first."""
    found = [
        (seconds[peer] / seconds["ogive"], cell)
        for cell, seconds in of.items()
        if peer in seconds and chosen(cell)
    ]
    return sorted(found)


# Goals


@dataclass(frozen=True)
class Goal:
    """One promise and what was measured, for fresh results and into ``out``."""

    text: str
    target: float
    fresh: float | None
    out: float | None
    most: bool = False  # the target is an upper bound

    @property
    def met(self) -> bool | None:
        known = [v for v in (self.fresh, self.out) if v is not None]
        if not known:
            return None
        return all(v <= self.target if self.most else v >= self.target for v in known)

    def line(self) -> str:
        sign = "≤" if self.most else "≥"
        shown = ["-" if v is None else f"{v:.2f}" for v in (self.fresh, self.out)]
        met = {True: "yes", False: "**no**", None: "not measured"}[self.met]
        return f"| {self.text} | {sign} {self.target:g} | {shown[0]} | {shown[1]} | {met} |"


def central(cell: Cell) -> bool:
    """The settings that the goals speak of: float32, one thread, 2^14 and 2^20."""
    return cell.threads == 1 and cell.dtype == "float32" and cell.size in MIDDLE


def goals(found: dict[str, Any]) -> list[Goal]:
    every = cells(found)

    def means(peer: str, chosen: Callable[[Cell], bool]) -> list[float | None]:
        return [
            mean(
                r
                for r, _ in ratios(
                    every, peer, lambda c, o=out: central(c) and c.out == o and chosen(c)
                )
            )
            for out in (False, True)
        ]

    def rooted(cell: Cell) -> bool:
        return cell.direction == "backward" and cell.group == ROOTS

    def copies(chosen: Callable[[Cell], bool]) -> list[float | None]:
        """The largest ratio to memory alone at 2^24."""
        large = [
            1 / r
            for r, c in ratios(every, "floor", chosen)
            if c.size == LARGE and c.threads == 1 and c.dtype == "float32" and c.out
        ]
        return [None, max(large, default=None)]

    def forward(cell: Cell) -> bool:
        return cell.direction == "forward"

    least = [
        min((r for r, _ in ratios(every, "torch", lambda c, o=out: central(c) and c.out == o)),
            default=None)
        for out in (False, True)
    ]  # fmt: skip
    slow = [s["ogive"] / s["torch"] for s in route(found).values()]
    return [
        Goal("PyTorch: the slowest cell, × as fast", 1, *least),
        Goal("PyTorch forward, mean", 3, *means("torch", forward)),
        Goal("PyTorch backward, mean", 3, *means("torch", lambda c: not forward(c))),
        Goal("PyTorch backward, slopes with interior roots, mean", 2, *means("torch", rooted)),
        Goal("jax.jit forward, mean", 1.5, *means("jax", forward)),
        Goal(
            "jax.jit backward, slopes without interior roots, mean",
            1.5,
            *means("jax", lambda c: not forward(c) and not rooted(c)),
        ),
        Goal("jax.jit backward, slopes with interior roots, mean", 1, *means("jax", rooted)),
        Goal("NumPy and SciPy, forward and backward, mean", 8, *means("numpy", lambda _: True)),
        Goal(
            "A copy at 2^24: exponential family forward, largest time in copies",
            2.5,
            *copies(lambda c: forward(c) and c.group != PIECEWISE),
            most=True,
        ),
        Goal(
            "A copy at 2^24: piecewise forward, largest time in copies",
            1.2,
            *copies(lambda c: forward(c) and c.group == PIECEWISE),
            most=True,
        ),
        Goal(
            "The torch route: longest time in those of PyTorch's own",
            1.05,
            max(slow, default=None),
            None,
            most=True,
        ),
    ]
