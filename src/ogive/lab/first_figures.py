"""The figures of the first source text, redrawn, and those that its mistakes and claims need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.functions.vector import sum_of_sigmoids
from ogive.lab import claims
from ogive.lab.evidence import Estimate
from ogive.lab.first_text import OFFSETS, SPACING, X, Y, summed, summed_slope
from ogive.lab.pictures import Curve, Panel, Picture
from ogive.numerics.quadrature import Floats
from ogive.report.figures import curves

FAR: Floats = np.linspace(-10, 25, 351)
FINE: Floats = np.linspace(-10, 10, 401)


def input_data() -> Picture:
    """S1: the straight line of the example data."""
    panel = Panel("input data", "X", "Y", (Curve("", X, Y),), marks=((9.8, 100, "the last: 9.8"),))
    return Picture("Input data", "The text's first picture: 100 points, the last at 9.8.", (panel,))


def with_offset(offset: float) -> Picture:
    """S2: the sigmoid, and the sigmoid moved by ``offset``."""
    moved = registry.get("sigmoid", offset=offset)
    panel = Panel(
        "", "x", "sigmoid(x, offset)",
        (Curve("offset 0", FINE, registry.get("sigmoid")(FINE)),
         Curve(f"offset {offset:g}", FINE, moved(FINE))),
        marks=((offset, float(moved(offset)), f"0.5 at {offset:g}"),), level=0.5,
    )  # fmt: skip
    return Picture(
        "The sigmoid and its offset",
        "At its offset the sigmoid is 0.5, not 0: it passes the dotted line there.",
        (panel,),
    )


def value_and_slope(names: Sequence[str | Activation]) -> Picture:
    """Functions, and beside them their slopes."""
    drawn = curves([registry.get(name) for name in names], FINE[0], FINE[-1])
    return Picture(
        f"{', '.join(c.label for c in drawn)}: value and slope",
        "Slopes are computed from the input.",
        (
            Panel("", "x", "f(x)", tuple(Curve(c.label, c.x, c.value) for c in drawn)),
            Panel("", "x", "slope f'(x)", tuple(Curve(c.label, c.x, c.slope) for c in drawn)),
        ),
    )


def output_unit() -> Picture:
    """S4: what an output sigmoid hands back, by its net input, where the target is 0."""
    act = registry.get("sigmoid")
    value, slope = act(FAR), act.slope(FAR)
    panel = Panel(
        "an output unit, target 0", "net input", "slope of the loss",
        (Curve("cross-entropy: σ − y", FAR, value),
         Curve("squared error: 2(σ − y)σ'", FAR, 2 * value * slope)),
    )  # fmt: skip
    return Picture(
        "Where the slope cancels",
        "Far on the wrong side the squared error learns nothing; under cross-entropy the output "
        "sigmoid's own slope cancels. In hidden layers nothing cancels.",
        (panel,),
    )


def gradient_by_layer(seeds: int = claims.SEEDS) -> Picture:
    """S4: the gradient's norm by layer in random networks."""
    layers = np.arange(1.0, claims.DEEP + 1)
    lines = []
    for name in ("sigmoid", "tanh", "relu"):
        found = claims.by_layer(name, seeds)
        logs = np.log(found.gradient / found.gradient[:, -1:])
        lines.append(_band(found.label, layers, logs, np.exp))
    panel = Panel("", "layer", "gradient's norm, last layer = 1", tuple(lines), logarithmic=True)
    return Picture(
        "The gradient by layer",
        f"{seeds} random networks of {claims.DEEP} layers; bands are 95% intervals of the "
        f"mean logarithm. Theory gives a factor of {claims.predicted_factor('sigmoid'):.3f} a "
        "layer for the sigmoid.",
        (panel,),
    )


def mean_by_layer(seeds: int = claims.SEEDS) -> Picture:
    """S8: the mean activation by layer in random networks."""
    layers = np.arange(1.0, claims.DEEP + 1)
    found = [claims.by_layer(name, seeds) for name in ("relu", "elu", "tanh")]
    lines = [_band(one.label, layers, one.mean) for one in found]
    panel = Panel("", "layer", "mean activation", tuple(lines))
    return Picture(
        "The mean by layer",
        f"{seeds} random networks of {claims.DEEP} layers with {claims.WIDE} units and "
        "standard normal inputs; bands are 95% intervals.",
        (panel,),
    )


def _band(
    label: str, x: Floats, values: Floats, back: np.ufunc = np.positive
) -> Curve:  # values (seeds, points)
    found = [Estimate.of(label, column) for column in values.T]
    mean, low, high = (
        back(np.array([getattr(e, side) for e in found])) for side in ("mean", "low", "high")
    )
    return Curve(label, x, mean, low, high)


def sum_and_parts(offsets: Floats = OFFSETS, every: int = 10) -> Picture:
    """S5: the sum of sigmoids over 10, with one in ``every`` of its parts."""
    parts = [registry.get("sigmoid", offset=float(o))(X) for o in offsets[::every]]
    lines = [Curve("", X, part, thin=True) for part in parts]
    total = Curve("sum / 10", X, sum_of_sigmoids(X, offsets) / 10)
    return Picture(
        "A sum of sigmoids and its parts",
        f"{len(offsets)} sigmoids with offsets from {offsets[0]:g} to {offsets[-1]:g}; one in "
        f"{every} of them in grey.",
        (Panel("", "X", "sum of sigmoids", (total, *lines)),),
    )


def sum_beyond() -> Picture:
    """S5: the sum beyond the text's last point, beside softplus, and its slope."""
    softplus = registry.get("softplus")
    tenth = summed(FAR)
    ends = np.array([9.8, 12.0])
    marks = tuple(
        (float(x), float(s), f"{s:.3g} at {x:g}")
        for x, s in zip(ends, summed_slope(ends), strict=True)
    )
    return Picture(
        "Beyond the last offset",
        "The text's plot ends at 9.8. Further on the sum is flat, and its gradient vanishes again.",
        (
            Panel("", "x", "f(x)",
                  (Curve("softplus", FAR, softplus(FAR)), Curve("sum / 10", FAR, tenth),
                   Curve("sum × spacing", FAR, tenth * 10 * SPACING))),
            Panel("", "x", "slope",
                  (Curve("softplus", FAR, softplus.slope(FAR)),
                   Curve("sum / 10", FAR, summed_slope(FAR))), marks=marks),
        ),
    )  # fmt: skip


def sum_error() -> Picture:
    """S5: how far the two scalings are from softplus below 5."""
    x = FINE[FINE < 5]
    softplus, tenth = registry.get("softplus")(x), summed(x)
    return Picture(
        "Divided by 10, or times the spacing",
        "The spacing of the offsets is 0.099, and that is the step of the sum.",
        (Panel("", "x", "sum − softplus",
               (Curve("divided by 10", x, tenth - softplus),
                Curve("times the spacing", x, tenth * 10 * SPACING - softplus))),),
    )  # fmt: skip


def softplus_approximated(count: int = 60) -> Picture:
    """S6: softplus, the sum of ``count`` sigmoids a unit apart, and the error."""
    total = sum_of_sigmoids(X, np.arange(1, count + 1) - 0.5)
    softplus = registry.get("softplus")(X)
    return Picture(
        "Softplus as a sum of sigmoids",
        f"{count} sigmoids with offsets 0.5, 1.5, … {count - 0.5:g}; the sum needs no factor.",
        (
            Panel("", "X", "f(x)",
                  (Curve("softplus", X, softplus), Curve("sum of sigmoids", X, total))),
            Panel("", "X", "sum − softplus", (Curve("", X, total - softplus),)),
        ),
    )  # fmt: skip


def elu_family(alpha: float) -> Picture:
    """S9 and S10: ELU at ``alpha`` beside 1, with the bound -alpha."""
    usual, own = registry.get("elu"), registry.get("elu", alpha=alpha)
    x = FINE[FINE < 3]
    return Picture(
        "ELU and its bound",
        f"For alpha = {alpha:g} the bound is {-alpha:g} (dotted); the text's -1 is that of "
        "alpha = 1.",
        (
            Panel("", "x", "f(x)",
                  (Curve("alpha 1", x, usual(x)), Curve(f"alpha {alpha:g}", x, own(x))),
                  level=-alpha),
            Panel("", "x", "slope f'(x)",
                  (Curve("alpha 1", x, usual.slope(x)),
                   Curve(f"alpha {alpha:g}", x, own.slope(x)))),
        ),
    )  # fmt: skip


def race_curves(setting: claims.Setting | None = None) -> Picture:
    """S10: validation loss by epoch, and accuracy by noise."""
    setting = setting or claims.Setting()
    runs = [claims.race(name, setting) for name in claims.RIVALS]
    losses = tuple(_band(r.label, r.at, np.log(r.curves), np.exp) for r in runs)
    noise = np.array(claims.NOISES)
    accuracy = tuple(_band(r.label, noise, r.accuracy) for r in runs)
    return Picture(
        "ELU and its rivals",
        f"Means over {setting.seeds} seeds with 95% intervals of each on its own; the paired "
        f"differences are above. The dotted line is a loss of {claims.LEVEL:g}.",
        (
            Panel("", "epoch", "validation loss", losses, logarithmic=True, level=claims.LEVEL),
            Panel("", "noise (standard deviations)", "accuracy", accuracy),
        ),
    )
