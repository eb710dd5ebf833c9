"""The first source text, from the sigmoid to the ELU: its numbers computed anew, by chapter.

Each function returns a :class:`Chapter`. What the text prints stands in it as text, so that a
number is compared at the digits that were printed.
"""

from __future__ import annotations

import math
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ogive.functions import registry
from ogive.functions.vector import sum_of_sigmoids
from ogive.lab.evidence import Chapter, Erratum, Number
from ogive.meanfield.moments import moments
from ogive.numerics.quadrature import Floats

X: Floats = np.arange(-10, 10, 0.2)
Y: Floats = np.linspace(0, 100, 100)
OFFSETS: Floats = np.linspace(0, X.max(), 100)
SPACING = float(OFFSETS[1] - OFFSETS[0])


def sigmoid_loop(arr: Floats, offset: float) -> list[float]:
    """The sigmoid as the text computes it: element by element."""
    out = []
    for item in arr:
        out.append(1 / (1 + math.exp(-item + offset)))
    return out


def elu_loop(arr: Floats, alpha: float) -> list[float]:
    """The ELU as the text computes it: element by element."""
    out = []
    for item in arr:
        if item >= 0:
            out.append(item)
        else:
            out.append(alpha * (math.exp(item) - 1))
    return out


@dataclass(frozen=True)
class Gain:
    """Microseconds of a Python loop and of one call on the same array, the best of some tries."""

    size: int
    loop: float
    call: float

    @property
    def ratio(self) -> float:
        """How many times faster the call is."""
        return self.loop / self.call

    def _repr_html_(self) -> str:
        from ogive.lab.shown import styled_html

        return styled_html(self)


def gained(
    loop: Callable[[Floats], object], call: Callable[[Floats], object], size: int = 100_000
) -> Gain:
    """Time ``loop`` and ``call`` on ``size`` numbers from -10 to 10, taken in turns."""
    x = np.linspace(-10, 10, size)
    call(x)  # compiles its kernel
    best = [math.inf, math.inf]
    for _ in range(3):
        for i, (run, times) in enumerate(((loop, 1), (call, 20))):
            best[i] = min(best[i], timeit.timeit(partial(run, x), number=times) / times)
    return Gain(size, 1e6 * best[0], 1e6 * best[1])


def s1() -> Chapter:
    """The example data."""
    return Chapter(
        "S1",
        "The input data",
        (
            Number("points in X", "100", len(X)),
            Number("points in Y", "100", len(Y)),
            Number("first X", "-10", float(X[0])),
            Number("last X", "9.8", float(X[-1]), "checked"),
            Number("last Y", "100", float(Y[-1])),
        ),
        (
            Erratum(
                "the input runs from -10 to +10",
                "arange leaves its end out: the last of the 100 values is 9.8.",
            ),
        ),
    )


def s2() -> Chapter:
    """The sigmoid and its offset."""
    sigmoid = registry.get("sigmoid")
    centres = [
        Number(
            f"sigmoid({a:g}, offset={a:g})",
            "0.5",
            float(sigmoid_at(np.array([a]), a)[0]),
            "checked",
        )
        for a in (-3.0, 0.0, 5.0)
    ]
    apart = np.abs(np.array(sigmoid_loop(X, 2.0)) - sigmoid_at(X, 2.0)).max()
    return Chapter(
        "S2",
        "The sigmoid",
        (
            *centres,
            Number("the call and the text's loop differ by at most", "2.3e-16", apart,
                   "checked", True),
            Number("sigmoid(0)", "0.5", float(sigmoid(0.0))),
        ),
        (
            Erratum(
                "the offset is the value at which the sigmoid is 0",
                "it is the value at which the sigmoid is 0.5; it is 0 nowhere.",
            ),
        ),
    )  # fmt: skip


def sigmoid_at(x: Floats, offset: float) -> Floats:
    """The catalogue's sigmoid with its centre moved to ``offset``."""
    made: Floats = registry.get("sigmoid", offset=offset)(x)
    return made


def first_one(dtype: type[np.floating]) -> float:
    """The smallest x at which the sigmoid of this precision is rounded to 1, by bisection."""
    sigmoid = registry.get("sigmoid")
    low, high = dtype(0), dtype(100)
    while True:
        middle = dtype((low + high) / 2)
        if middle in (low, high):
            return float(high)
        if sigmoid(middle) == 1:
            high = middle
        else:
            low = middle


def s3() -> Chapter:
    """Three properties: not linear, a range from 0 to 1, differentiable."""
    act = registry.get("sigmoid")
    low, high = act.facts.range
    return Chapter(
        "S3",
        "Three properties of the sigmoid",
        (
            Number("lower end of the range", "0", low),
            Number("upper end of the range", "1", high),
            Number("sigmoid(40) in float64: 1 itself is reached", "1.0", float(act(40.0)),
                   "checked"),
            Number("the first x that gives 1 in float64", "37", first_one(np.float64), "checked"),
            Number("the first x that gives 1 in float32", "17", first_one(np.float32), "checked"),
        ),
    )  # fmt: skip


def s4() -> Chapter:
    """The slope that vanishes, and the output unit where it cancels."""
    act = registry.get("sigmoid")
    wrong = 20.0  # a net input far on the wrong side: the target is 0
    value, slope = float(act(wrong)), float(act.slope(wrong))
    return Chapter(
        "S4",
        "The vanishing gradient",
        (
            Number("f'(0)", "0.25", float(act.slope(0.0))),
            Number("f'(20): small, and not 0", "2.06e-9", slope, "checked"),
            Number("slope of the squared error at net input 20, target 0", "4.12e-9",
                   2 * value * slope, "checked"),
            Number("slope of the cross-entropy there: f' has cancelled", "1.00", value,
                   "checked"),
        ),
    )  # fmt: skip


def summed(x: Floats) -> Floats:
    """The text's sum of 100 sigmoids, divided by 10 as there."""
    made: Floats = sum_of_sigmoids(x, OFFSETS) / 10
    return made


def summed_slope(x: Floats) -> Floats:
    """The slope of :func:`summed`."""
    total: Floats = registry.get("sigmoid").slope(x[..., None] - OFFSETS).sum(-1) / 10
    return total


def s5() -> Chapter:
    """The sum of sigmoids, and where its gradient vanishes after all."""
    softplus = registry.get("softplus")(X)
    tenth, spaced = summed(X), summed(X) * 10 * SPACING
    early = X < 5
    slopes = summed_slope(np.array([9.8, 12.0, 20.0]))
    return Chapter(
        "S5",
        "A sum of sigmoids",
        (
            Number("offsets", "100", len(OFFSETS)),
            Number("their spacing", "0.099", SPACING, "checked"),
            Number("largest error against softplus for x < 5, divided by 10", "0.093",
                   float(np.abs(tenth - softplus)[early].max()), "checked"),
            Number("the same, times the spacing", "0.046",
                   float(np.abs(spaced - softplus)[early].max()), "checked"),
            Number("shortfall at 9.8, divided by 10", "0.53", float((softplus - tenth)[-1]),
                   "checked"),
            Number("shortfall at 9.8, times the spacing", "0.62", float((softplus - spaced)[-1]),
                   "checked"),
            Number("slope at 9.8", "0.52", float(slopes[0]), "checked"),
            Number("slope at 12", "0.105", float(slopes[1]), "checked"),
            Number("slope at 20", "3.9e-5", float(slopes[2]), "checked"),
        ),
        (
            Erratum(
                "the sum is divided by 10, for “10 logistics to sum”",
                "there are 100 of them, and the sum times their spacing (0.099) is what "
                "approximates softplus.",
            ),
            Erratum(
                "the gradient does not vanish any more",
                "beyond the last offset it does: the plot ends at 9.8, where the slope is already "
                "down to 0.52.",
            ),
        ),
    )  # fmt: skip


def s6() -> Chapter:
    """Softplus as the limit of such sums."""
    error = sum_of_sigmoids(X, np.arange(1, 61) - 0.5) - registry.get("softplus")(X)
    return Chapter(
        "S6",
        "Softplus",
        (
            Number("largest error of 60 sigmoids a unit apart, on X", "0.0106",
                   float(np.abs(error).max()), "checked"),
            Number("softplus(0) = log 2", "0.693147", float(registry.get("softplus")(0.0)),
                   "checked"),
        ),
    )  # fmt: skip


def s7() -> Chapter:
    """ReLU, the ramp."""
    act = registry.get("relu")
    names = {registry.definition(name).name for name in ("ramp", "rectifier")}
    return Chapter(
        "S7",
        "ReLU",
        (
            Number("largest difference from max(0, x) on X", "0",
                   float(np.abs(act(X) - np.maximum(0, X)).max())),
            Number("functions that “ramp” and “rectifier” lead to: relu alone", "1",
                   len(names | {act.name}), "checked"),
            Number("slope at 0, by convention", "0", float(act.slope(0.0)), "checked"),
        ),
    )  # fmt: skip


def s8() -> Chapter:
    """Mean outputs for standard normal inputs, integrated."""
    printed = {"relu": "0.3989", "elu": "0.1605", "tanh": "0"}
    return Chapter(
        "S8",
        "The mean that is not 0",
        tuple(
            Number(f"E[{name}(z)], z ~ N(0, 1)", text, moments(registry.get(name)).mean, "checked")
            for name, text in printed.items()
        ),
    )


def s9() -> Chapter:
    """ELU and its bound."""
    apart = np.abs(np.array(elu_loop(X, 1.0)) - registry.get("elu")(X)).max()
    return Chapter(
        "S9",
        "ELU",
        (
            *(
                Number(f"limit at -inf for alpha = {alpha:g}", f"{-alpha:g}",
                       float(registry.get("elu", alpha=alpha)(-math.inf)), "checked")
                for alpha in (0.5, 1.0, 2.0)
            ),
            Number("the call and the text's loop differ by at most", "1.2e-16", apart,
                   "checked", True),
        ),
    )  # fmt: skip


def s10() -> Chapter:
    """What is claimed for ELU, as far as no training is needed."""
    elu, relu = registry.get("elu"), registry.get("relu")
    return Chapter(
        "S10",
        "What is claimed for ELU",
        (
            Number("slope at 20: no saturation for large positive x", "1", float(elu.slope(20.0))),
            Number("mean output of ELU over that of ReLU", "0.40",
                   moments(elu).mean / moments(relu).mean, "checked"),
            Number("lower bound for alpha = 0.5", "-0.5", elu_bound(0.5), "checked"),
            Number("lower bound for alpha = 2", "-2", elu_bound(2.0), "checked"),
        ),
        (
            Erratum(
                "ELU is bounded below by the fixed value -1",
                "the bound is -alpha, and so -1 for alpha = 1 only.",
            ),
        ),
    )  # fmt: skip


def elu_bound(alpha: float) -> float:
    """The infimum of ELU's range."""
    return registry.get("elu", alpha=alpha).facts.range[0]


def chapters() -> tuple[Chapter, ...]:
    """S1 to S10; S11 is the tour itself."""
    return (s1(), s2(), s3(), s4(), s5(), s6(), s7(), s8(), s9(), s10())
