"""What a function costs on this machine, measured: time an element, forward and backward.

The operation counts of :mod:`ogive.numerics.cost` are the same everywhere, but compiled kernels
share work and run in vectors, so that a count only hints at the time.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.errors import OgiveError
from ogive.numerics.compiled import SLOPE, VALUE
from ogive.numerics.cost import Operations
from ogive.shown import Sheet

if TYPE_CHECKING:
    import pandas as pd

    from ogive.functions.activation import Activation

ELEMENTS = 1 << 14  # float32: 64 KiB an array, so that the cache holds all three
ROUNDS, FEWEST_ROUNDS = 21, 3
ROUND = 3e-4  # seconds of one thing at a time, which takes many calls
LIMIT = 0.15  # seconds a function, after which rounds are left out
LINE = 64  # bytes; where arrays start must not vary from one measurement to the next
HOW = f"float32, one thread, {ELEMENTS:,} elements, median of up to {ROUNDS} rounds"

Floats = np.ndarray[Any, np.dtype[np.float32]]
Work = Callable[[], Any]


@dataclass(frozen=True)
class Cost(Sheet):
    """Nanoseconds an element on this machine: float32, one thread, arrays that the cache holds.

    ``forward`` is f(x), ``backward`` the upstream gradient times f'(x), ``copy`` a plain copy of
    the memory, measured in turns with them. ``operations`` counts value and slope together; None
    where the definition cannot be counted.
    """

    label: str
    forward: float
    backward: float
    copy: float
    operations: Operations | None = None

    @property
    def total(self) -> float:
        """Forward and backward together, as training needs them."""
        return self.forward + self.backward

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON can hold it; times in nanoseconds an element."""
        counts = self.operations
        return {
            "function": self.label,
            "forward": self.forward,
            "backward": self.backward,
            "total": self.total,
            "copy": self.copy,
            "transcendental": None if counts is None else counts.transcendental,
            "simple": None if counts is None else counts.simple,
        }

    def table(self) -> pd.DataFrame:
        """One row; times in nanoseconds an element."""
        import pandas as pd

        return pd.DataFrame([self.to_dict()])

    def rows(self) -> list[tuple[str, str]]:
        """The lines as pairs (title, text)."""
        said = [
            (title, f"{nanoseconds(time)} ns an element{self._beside(time)}")
            for title, time in (
                ("forward", self.forward),
                ("backward", self.backward),
                ("together", self.total),
            )
        ]
        said.append(("memory copy", f"{nanoseconds(self.copy)} ns an element"))
        if self.operations is not None:
            hard, simple = self.operations.transcendental, self.operations.simple
            said.append(("operations", f"{hard} exp-like and {simple} simple, value and slope"))
        return [*said, ("measured", HOW)]

    def _beside(self, time: float) -> str:
        if self.copy <= 0:
            return ""
        return f", {time / self.copy:.1f} times a memory copy"

    def _heading(self) -> str:
        return f"Cost of {self.label} on this machine"


def nanoseconds(time: float) -> str:
    """A time with two figures: ``0.41``, ``1.3``, ``120``."""
    return f"{float(f'{time:.2g}'):g}"


def measure(functions: Sequence[Activation]) -> list[Cost]:
    """The costs of ``functions``, measured in turns, so that what disturbs one disturbs all.

    Kernels are compiled before the clock starts. Afterwards a function takes about 0.02 s.
    """
    x, upstream, out = _arrays()
    works: list[Work] = [lambda: np.copyto(out, x)]
    for function in functions:
        works += _passes(function, x, upstream, out)
    with np.errstate(all="ignore"):
        copy, *times = _medians(works, LIMIT * max(1, len(functions)))
    return [
        Cost(function.label, forward, backward, copy, _operations(function))
        for function, forward, backward in zip(functions, times[::2], times[1::2], strict=True)
    ]


def _arrays() -> tuple[Floats, Floats, Floats]:
    """Inputs and upstream gradients as networks see them, and room for a result."""
    size = 4 * ELEMENTS + LINE
    block = np.empty(3 * size, np.uint8)
    start = -block.ctypes.data % LINE
    x, upstream, out = (
        block[start + i * size :][: 4 * ELEMENTS].view(np.float32) for i in range(3)
    )
    random = np.random.default_rng(0)
    for filled in (x, upstream):
        random.standard_normal(dtype=np.float32, out=filled)
    return x, upstream, out


def _passes(function: Activation, x: Floats, upstream: Floats, out: Floats) -> tuple[Work, Work]:
    """Forward and backward, as bare calls where the function is compiled."""
    if function.compiled is None:
        return (
            lambda: function(x, out),
            lambda: np.multiply(function.slope(x), upstream, out=out),
        )
    value = function.compiled.call((VALUE,), "float")
    slope = function.compiled.call((SLOPE,), "float", times=True)
    source, given, target = (array.ctypes.data for array in (x, upstream, out))
    return (
        lambda: value(ELEMENTS, source, 0, 0, (target,)),
        lambda: slope(ELEMENTS, source, given, 0, (target,)),
    )


def _medians(works: Sequence[Work], limit: float) -> list[float]:
    """Median nanoseconds an element of each, over rounds that take them in turns."""
    calls = []
    for work in works:
        work()  # the first call may have to load things
        calls.append(max(1, round(ROUND / max(_seconds(work, 2), 1e-9))))
    found: list[list[float]] = [[] for _ in works]
    end = perf_counter() + limit
    for done in range(ROUNDS):
        if done >= FEWEST_ROUNDS and perf_counter() > end:
            break
        for times, work, count in zip(found, works, calls, strict=True):
            times.append(_seconds(work, count))
    return [1e9 * statistics.median(times) / ELEMENTS for times in found]


def _seconds(work: Work, calls: int) -> float:
    """Seconds a call."""
    start = perf_counter()
    for _ in range(calls):
        work()
    return (perf_counter() - start) / calls


def _operations(function: Activation) -> Operations | None:
    try:
        return function.operations
    except OgiveError:
        return None
