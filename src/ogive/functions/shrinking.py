"""Functions that send small inputs to 0, or a whole side to one level."""

from __future__ import annotations

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.numerics.elementary import (
    Array,
    absolute,
    keep_nan,
    less_tanh,
    maximum,
    minimum,
    positive,
    tanh,
    where,
)

LAMBD = Parameter(
    "lambd", 0.5, low=0.0, high=1e6, positive=True, meaning="the largest input that gives 0"
)
AT_BOTH = "the slope at both kinks is 0, that of the inner side"


def _beyond(x: Array, lambd: float) -> Array:
    """1 where |x| > lambd and 0 elsewhere."""
    return where(absolute(x) > lambd, 1.0, keep_nan(x, 0.0))


def _above(x: Array, theta: float) -> Array:
    """1 where x > theta and 0 elsewhere."""
    return where(x > theta, 1.0, keep_nan(x, 0.0))


softshrink = register(
    Definition(
        name="softshrink",
        family="shrinking",
        summary="Moves its input towards 0 by lambd, and what is nearer to 0 than that onto it.",
        formula="where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0))",
        value=lambda x, lambd: x - minimum(maximum(x, -lambd), lambd),
        slope=_beyond,
        parameters=(LAMBD,),
        facts=lambda lambd: Facts(
            range=(-INF, INF),
            limits=(-INF, INF),
            lipschitz=1.0,
            monotone="non-decreasing",
            parity="odd",
            kinks=(-lambd, lambd),
            at_kinks=AT_BOTH,
        ),
        aliases=("soft_shrink", "soft_thresholding"),
        equivalents={
            "torch": "torch.nn.Softshrink",
            "keras": "keras.activations.soft_shrink",
            "onnx": "Shrink (with bias=lambd)",
        },
        source=Source("Donoho: De-noising by soft-thresholding, 1995", doi="10.1109/18.382009"),
    )
)

hardshrink = register(
    Definition(
        name="hardshrink",
        family="shrinking",
        summary="Sets inputs near 0 to 0 and passes the others on: it jumps at both thresholds.",
        formula="where(abs(x) > lambd, x, 0)",
        value=lambda x, lambd: where(absolute(x) > lambd, x, 0 * x),
        slope=_beyond,
        parameters=(LAMBD,),
        facts=lambda lambd: Facts(
            range=(-INF, INF),
            limits=(-INF, INF),
            lipschitz=INF,
            monotone="non-decreasing",
            parity="odd",
            kinks=(-lambd, lambd),
            at_kinks=f"value and {AT_BOTH.removeprefix('the ')}",
        ),
        aliases=("hard_shrink", "hard_thresholding"),
        equivalents={
            "torch": "torch.nn.Hardshrink",
            "keras": "keras.activations.hard_shrink",
            "onnx": "Shrink (with bias=0, its default)",
        },
        source=Source(
            "Donoho, Johnstone: Ideal spatial adaptation by wavelet shrinkage, 1994",
            doi="10.1093/biomet/81.3.425",
        ),
    )
)


def _shrink(x: Array, bias: float, lambd: float) -> Array:
    above, below = positive(x - lambd), positive(-x - lambd)
    return bias * (below - above) + x * (above + below)  # in this order no 0 is -0


shrink = register(
    Definition(
        name="shrink",
        family="shrinking",
        summary="ONNX's shrinking with separate threshold and bias; soft and hard are its ends.",
        formula="where(x > lambd, x - bias, where(x < -lambd, x + bias, 0))",
        value=_shrink,
        slope=lambda x, bias, lambd: _beyond(x, lambd),
        parameters=(
            Parameter("bias", 0.0, low=0.0, high=1e6, meaning="the move towards 0"),
            LAMBD,
        ),
        facts=lambda bias, lambd: Facts(
            range=(-INF, INF),
            limits=(-INF, INF),
            lipschitz=1.0 if bias == lambd else INF,
            monotone="non-decreasing" if bias <= lambd else None,
            parity="odd",
            kinks=(-lambd, lambd),
            at_kinks=f"value and {AT_BOTH.removeprefix('the ')}",
        ),
        equivalents={"onnx": "Shrink"},
        source=Source("No paper is established; it is an operator of ONNX since its version 1.4"),
    )
)


def _tanhshrink_slope(x: Array) -> Array:
    t = tanh(x)
    return t * t


tanhshrink = register(
    Definition(
        name="tanhshrink",
        family="shrinking",
        summary="What tanh leaves over: flat at 0, and one below its input far out.",
        formula="x - tanh(x)",
        value=less_tanh,
        slope=_tanhshrink_slope,
        facts=lambda: Facts(
            range=(-INF, INF),
            limits=(-INF, INF),
            lipschitz=1.0,
            monotone="increasing",
            parity="odd",
        ),
        aliases=("tanh_shrink",),
        equivalents={
            "torch": "torch.nn.Tanhshrink",
            "keras": "keras.activations.tanh_shrink",
        },
        source=Source("No paper is established; it came with Torch7's nn package"),
    )
)


def _threshold(x: Array, threshold: float, value: float) -> Array:
    return where(x > threshold, x, keep_nan(x, value))


threshold = register(
    Definition(
        name="threshold",
        family="shrinking",
        summary="Passes on what exceeds the threshold and puts one value in place of the rest.",
        formula="where(x > threshold, x, value)",
        value=_threshold,
        slope=lambda x, threshold, value: _above(x, threshold),
        parameters=(
            Parameter("threshold", 0.0, low=-1e6, high=1e6, meaning="what inputs must exceed"),
            Parameter("value", 0.0, low=-1e6, high=1e6, meaning="the value for the others"),
        ),
        facts=lambda threshold, value: Facts(
            range=(min(threshold, value), INF),
            limits=(value, INF),
            lipschitz=1.0 if threshold == value else INF,
            monotone="non-decreasing" if value <= threshold else None,
            kinks=(threshold,),
            at_kinks="at the threshold the value is `value` and the slope 0, of the left side",
        ),
        equivalents={
            "torch": "torch.nn.Threshold (with threshold=0, value=0)",
            "keras": "keras.activations.threshold (its value is called default_value)",
        },
        source=Source("No paper is established; it came with Torch7's nn package"),
    )
)

thresholded_relu = register(
    Definition(
        name="thresholded_relu",
        family="shrinking",
        summary="Passes on what exceeds theta and is 0 otherwise: it jumps at theta.",
        formula="where(x > theta, x, 0)",
        value=lambda x, theta: where(x > theta, x, keep_nan(x, 0.0)),
        slope=_above,
        parameters=(Parameter("theta", 1.0, low=0.0, high=1e6, meaning="what inputs must exceed"),),
        facts=lambda theta: Facts(
            range=(0.0, INF),
            limits=(0.0, INF),
            lipschitz=1.0 if theta == 0 else INF,
            monotone="non-decreasing",
            kinks=(theta,),
            at_kinks="value and slope at theta are 0, those of the left side",
        ),
        aliases=("thresholdedrelu", "trec"),
        equivalents={
            "keras": "keras.layers.ThresholdedReLU (Keras 2; in Keras 3 activations.threshold)",
            "onnx": "ThresholdedRelu (its theta is called alpha)",
        },
        source=Source(
            "Konda, Memisevic, Krueger: Zero-bias autoencoders and the benefits of co-adapting "
            "features, 2014",
            arxiv="1402.3337",
        ),
    )
)
