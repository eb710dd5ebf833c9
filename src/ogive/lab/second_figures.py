"""The figures of the second source text, and those that its mistakes need."""

from __future__ import annotations

import numpy as np

import torch
from ogive.functions import registry
from ogive.functions.vector import softmax
from ogive.lab import claims
from ogive.lab.evidence import Estimate
from ogive.lab.pictures import Curve, Panel, Picture
from ogive.lab.second_text import TABLE, slope_from_output, softmax_as_written, stretched
from ogive.numerics.quadrature import Floats
from ogive.report.figures import curves

FINE: Floats = np.linspace(-8, 8, 401)


def logistic_unit(x: Floats, w: Floats) -> Picture:
    """C1: the unit's answer on the logistic curve."""
    act, net = registry.get("sigmoid"), float(np.asarray(x) @ np.asarray(w))
    chance = float(act(net))
    panel = Panel(
        "", "net input", "P(y = 1 | x)", (Curve("sigmoid", FINE, act(FINE)),),
        marks=((net, chance, f"{chance:.3f} at {net:.3g}"),),
    )  # fmt: skip
    return Picture(
        "A logistic unit", "The weighted sum goes in, a probability comes out.", (panel,)
    )


def slow_start(seeds: int = claims.SEEDS) -> Picture:
    """C2: losses of gradient descent by step, from hidden outputs near 0 and near one half."""
    drawn = []
    for bias in (-6.0, 0.0):
        losses = claims.descent(bias, seeds)
        found = [Estimate.of("", column) for column in losses.T]
        steps = np.arange(losses.shape[1], dtype=float)
        mean, low, high = (
            np.array([getattr(e, side) for e in found]) for side in ("mean", "low", "high")
        )
        drawn.append(Curve(f"hidden biases {bias:g}", steps, mean, low, high))
    panel = Panel("", "step of gradient descent", "cross-entropy", tuple(drawn))
    return Picture(
        "A slow start",
        f"Means over {seeds} seeds with 95% intervals; the same weights but for the biases.",
        (panel,),
    )


def softmax_overflow() -> Picture:
    """C4: softmax([x, 0]) as written and as computed here, for x up to 1000."""
    x = np.linspace(0, 1000, 501)
    pairs = np.stack([x, np.zeros_like(x)], -1)
    written = np.array([softmax_as_written(pair)[0] for pair in pairs])
    last = int(np.flatnonzero(np.isfinite(written))[-1])
    panel = Panel(
        "", "x", "first of softmax([x, 0])",
        (Curve("maximum subtracted", x, softmax(pairs)[:, 0]), Curve("as written", x, written)),
        marks=((float(x[last]), 1.0, "as written: NaN from here"),),
    )  # fmt: skip
    return Picture(
        "Where softmax as written ends",
        "Beyond 709.78 the exponential is infinite in float64, and infinity over infinity is NaN.",
        (panel,),
    )


def softmax_axes() -> Picture:
    """C4: sums over classes and over samples, for both choices of the axis."""
    scores = np.array([[1.78, 0.76, 1.65], [0.2, 1.1, -0.4]])
    rows = np.arange(1.0, 3)
    drawn = tuple(Curve(f"axis={axis}", rows, softmax(scores, axis=axis).sum(1)) for axis in (1, 0))
    panel = Panel("two samples, three classes", "sample", "sum over the classes", drawn, level=1.0)
    return Picture(
        "The axis decides",
        "Along axis 1 the classes of each sample sum to 1, as they should; along axis 0 the "
        "samples of each class do.",
        (panel,),
    )


def identity_error() -> Picture:
    """C5: 2 sigmoid(2z) - 1 beside tanh: absolute and relative difference."""
    act = registry.get("tanh")
    z = np.geomspace(1e-18, 20, 300)
    wide = np.linspace(-20, 20, 401)
    relative = np.abs(stretched(z) / act(z) - 1)
    return Picture(
        "The identity in floating point",
        "The identity is exact for real numbers. In float64 the difference from tanh is rounding "
        "at the size of 1, so that near 0 no digit is left.",
        (
            Panel("", "z", "absolute difference", (Curve("", wide, np.abs(stretched(wide)
                                                                         - act(wide))),)),
            Panel("", "log10 z", "log10 of the relative difference",
                  (Curve("", np.log10(z), np.log10(np.maximum(relative, 1e-17))),)),
        ),
    )  # fmt: skip


def kept_slopes() -> Picture:
    """C6: slopes in float32, taken from the output and from the input."""
    x = np.linspace(0, 40, 401, dtype=np.float32)
    wide = x.astype(np.float64)
    panels = []
    for name in ("sigmoid", "tanh"):
        lost = slope_from_output(name, x).astype(float)
        lost[lost == 0] = np.nan
        kept = registry.get(name).slope(x).astype(float)
        panels.append(
            Panel(name, "x (float32)", "slope",
                  (Curve("from the input", wide, kept), Curve("from the output", wide, lost)),
                  logarithmic=True)
        )  # fmt: skip
    return Picture(
        "Rounding, or a vanished gradient?",
        "The line from the output ends where rounding makes it exactly 0; the true slope goes on.",
        tuple(panels),
    )


def relu_on_a_tensor() -> Picture:
    """C7: ReLU on the text's tensor."""
    t = torch.arange(-5, 5, 0.005)
    curve = Curve("", t.double().numpy(), registry.get("relu")(t).double().numpy())
    return Picture(
        "ReLU on a tensor", "2000 values from -5 to 4.995.", (Panel("", "x", "relu(x)", (curve,)),)
    )


def usual_functions() -> Picture:
    """C8: the table of functions that the text most likely meant, value and slope."""
    panels = [
        Panel(curve.label.replace("_", " "), "x", "",
              (Curve("f", curve.x, curve.value), Curve("f'", curve.x, curve.slope)))
        for curve in curves([registry.get(name) for name in TABLE], -4, 4)
    ]  # fmt: skip
    return Picture("The usual functions", "Value and slope, side by side.", tuple(panels))
