"""The second source text, on choosing activation functions: its numbers computed anew."""

from __future__ import annotations

import numpy as np

import torch
from ogive.functions import registry
from ogive.functions.vector import softmax
from ogive.lab.evidence import Chapter, Erratum, Number
from ogive.numerics.quadrature import Floats

UNIT_X, UNIT_W = np.array([1, 1.4, 2.5]), np.array([0.4, 0.3, 0.5])
LAYER_W = np.array([[1.1, 1.2, 0.8, 0.4], [0.2, 0.4, 1.0, 0.2], [0.6, 1.5, 1.2, 0.7]])
LAYER_A = np.array([1, 0.1, 0.4, 0.6])
TABLE = ("unit_step", "sign", "linear", "hard_sigmoid", "sigmoid", "tanh", "relu")


def c1() -> Chapter:
    """One logistic unit."""
    net = float(UNIT_X @ UNIT_W)
    chance = float(registry.get("sigmoid")(net))
    return Chapter(
        "C1",
        "A logistic unit",
        (
            Number("net input", "2.07", net),
            Number("P(y = 1 | x), as printed", "0.888", chance),
            Number("P(y = 1 | x), in full", "0.8879529614", chance, "checked"),
        ),
    )


def c2() -> Chapter:
    """What is left of the step where a sigmoid's output is near 0."""
    slope = registry.get("sigmoid").slope
    return Chapter(
        "C2",
        "Where the output is near 0",
        (
            Number("slope where the output is 0.5", "0.25", float(slope(0.0)), "checked"),
            Number("slope at net input -6, output 0.0025", "0.0025", float(slope(-6.0)), "checked"),
        ),
    )


def c3() -> Chapter:
    """A layer of three logistic units."""
    net = LAYER_W @ LAYER_A
    out = registry.get("sigmoid")(net)
    printed = ("0.85569687", "0.68135373", "0.83889105")
    return Chapter(
        "C3",
        "A layer of logistic units",
        (
            *(
                Number(f"net input {i + 1}", text, float(z))
                for i, (text, z) in enumerate(zip(("1.78", "0.76", "1.65"), net, strict=True))
            ),
            *(
                Number(f"output {i + 1}", text, float(y))
                for i, (text, y) in enumerate(zip(printed, out, strict=True))
            ),
            Number("predicted class (argmax)", "0", int(np.argmax(net))),
            Number("sum of the outputs: not 1", "2.376", float(out.sum()), "checked"),
        ),
    )


def softmax_as_written(z: Floats) -> Floats:
    """The text's softmax, which overflows: exp(z)/sum(exp(z))."""
    with np.errstate(all="ignore"):
        made: Floats = np.exp(z) / np.sum(np.exp(z))
    return made


def overflow(dtype: type[np.floating]) -> float:
    """The largest input whose exponential is finite in this precision."""
    return float(np.log(np.finfo(dtype).max))


def c4() -> Chapter:
    """Softmax."""
    net = LAYER_W @ LAYER_A
    out = softmax(net)
    printed = ("0.44668973", "0.16107406", "0.39223621")
    theirs = torch.softmax(torch.tensor(net), 0).numpy()
    far = softmax([1000.0, 0.0])
    written = softmax_as_written(np.array([1000.0, 0.0]))
    return Chapter(
        "C4",
        "Softmax",
        (
            *(
                Number(f"softmax(Z)[{i}]", text, float(y))
                for i, (text, y) in enumerate(zip(printed, out, strict=True))
            ),
            Number("largest difference from torch.softmax", "1.2e-16",
                   float(np.abs(out - theirs).max()), "the text", True),
            Number("softmax([1000, 0])[0]", "1", float(far[0]), "checked"),
            Number("softmax([1000, 0])[1]", "0", float(far[1]), "checked"),
            Number("NaNs that the text's formula gives for [1000, 0]", "1",
                   int(np.isnan(written).sum()), "checked"),
            Number("exp overflows beyond, float64", "710", overflow(np.float64), "checked"),
            Number("exp overflows beyond, float32", "89", overflow(np.float32), "checked"),
        ),
        (
            Erratum(
                "softmax(z) = exp(z)/sum(exp(z)), as it stands",
                "for inputs of about 710 and more (89 in float32) that is infinity over infinity; "
                "subtract the maximum first.",
            ),
            Erratum(
                "the sum names no axis",
                "for a table of scores the axis decides whether rows or columns sum to 1.",
            ),
        ),
    )  # fmt: skip


def c5() -> Chapter:
    """tanh as a stretched sigmoid."""
    z = np.linspace(-20, 20, 4001)
    absolute = np.abs(stretched(z) - registry.get("tanh")(z)).max()
    small = np.array([1e-17])
    return Chapter(
        "C5",
        "tanh, a stretched sigmoid",
        (
            Number("2 sigmoid(2z) - 1 is off by at most", "3.4e-16", float(absolute),
                   "checked", True),
            Number("tanh(1e-17)", "1e-17", float(registry.get("tanh")(small)[0]), "checked"),
            Number("2 sigmoid(2e-17) - 1: all digits lost", "0", float(stretched(small)[0]),
                   "checked"),
        ),
    )  # fmt: skip


def stretched(z: Floats) -> Floats:
    """2 sigmoid(2z) - 1."""
    made: Floats = 2 * registry.get("sigmoid")(2 * z) - 1
    return made


def last_slope(name: str, side: float) -> float:
    """The farthest float32 x on a side at which the slope taken from the output is above 0.

    For the sigmoid sigma(1 - sigma) with sigma = 1/(1 + exp(-x)), for tanh 1 - tanh^2.
    """
    x = np.float32(side) * np.arange(0, 120, 1 / 256, dtype=np.float32)
    return float(x[np.flatnonzero(slope_from_output(name, x))[-1]])


def slope_from_output(name: str, x: np.ndarray) -> np.ndarray:
    """The derivative as both texts take it: from the output, in the precision of ``x``."""
    with np.errstate(over="ignore"):
        if name == "tanh":
            return np.asarray(1 - registry.get("tanh")(x) ** 2)
        out = 1 / (1 + np.exp(-x))
        return np.asarray(out * (1 - out))


def c6() -> Chapter:
    """tanh of large inputs, and slopes that are not lost."""
    act = registry.get("tanh")
    return Chapter(
        "C6",
        "tanh of large inputs",
        (
            Number("tanh(20)", "1.0", float(act(20.0))),
            Number("tanh(25)", "1.0", float(act(25.0))),
            Number("tanh'(20)", "1.699e-17", float(act.slope(20.0)), "checked"),
            Number("tanh'(25)", "7.715e-22", float(act.slope(25.0)), "checked"),
            Number("float32: sigma(1 - sigma) is 0 for x above", "16.6",
                   last_slope("sigmoid", 1.0), "checked"),
            Number("and below", "-88.7", last_slope("sigmoid", -1.0), "checked"),
            Number("float32: 1 - tanh^2 is 0 for |x| above", "9", last_slope("tanh", 1.0),
                   "checked"),
        ),
        (
            Erratum(
                "the net input diminishes",
                "it does not, it is 20 and 25; the gradient is what diminishes.",
            ),
            Erratum(
                "the derivative is taken from the output",
                "rounding then makes it exactly 0 where the true slope is not: part of the "
                "“vanishing gradient” is rounding. Taken from the input it is kept.",
            ),
        ),
    )  # fmt: skip


def c7() -> Chapter:
    """ReLU on a tensor."""
    t = torch.arange(-5, 5, 0.005)
    made = registry.get("relu")(t)
    return Chapter(
        "C7",
        "ReLU on tensors",
        (
            Number("values", "2000", len(t), "checked"),
            Number("the last", "4.995", float(t[-1]), "checked"),
            Number("values that differ from torch.relu", "0", int((made != torch.relu(t)).sum())),
        ),
    )


def c8() -> Chapter:
    """The choice: the output units, and the table of functions that the text lacks."""
    from ogive.study.network import OUTPUT_UNITS

    return Chapter(
        "C8",
        "Choosing",
        (
            Number("kinds of target, each with its output unit", "4", len(OUTPUT_UNITS), "checked"),
            Number("functions in the table of the usual ones", "7", len(TABLE), "checked"),
        ),
        (
            Erratum(
                "an image at the end, which the text does not carry",
                "most likely a table of functions; here are the usual seven side by side.",
            ),
        ),
    )


def chapters() -> tuple[Chapter, ...]:
    """C1 to C8."""
    return (c1(), c2(), c3(), c4(), c5(), c6(), c7(), c8())
