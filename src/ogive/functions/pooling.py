"""Along an axis: a soft maximum and a soft mean of its numbers, and numbers made comparable."""

from __future__ import annotations

import math

from ogive.functions.activation import Parameter, Source
from ogive.functions.registry import register_axis
from ogive.functions.vector import AxisFunction, below_largest, taken
from ogive.numerics.elementary import Array, absolute, exp, is_tensor, log1p, maximum, placed, sqrt


def _logsumexp(x: Array, axis: int) -> Array:
    return _soft_maximum(x, axis, 1)


def _soft_maximum(x: Array, axis: int, shared_by: int) -> Array:
    """log(sum(exp(x))/shared_by)."""
    if x.shape[axis] == 0:
        return x.sum(axis) + (-math.inf if shared_by else math.nan)
    shifted, at = below_largest(x, axis)
    # The largest term is exactly 1. Left out of the sum and returned by log1p, it does not
    # swallow the others.
    others = placed(exp(shifted), at, 0.0, axis).sum(axis, keepdims=True)
    made = taken(x, at, axis) + (log1p(others) - math.log(shared_by))
    return made.squeeze(axis)


logsumexp = register_axis(
    AxisFunction(
        name="logsumexp",
        formula="log(sum(exp(x[j]) for j))",
        value=_logsumexp,
        summary="A soft maximum: at least the largest score, and more where others come near.",
        reduces=True,
        aliases=("log_sum_exp",),
        equivalents={
            "torch": "torch.logsumexp",
            "keras": "keras.ops.logsumexp (over all axes where none is given)",
            "jax": "jax.nn.logsumexp (over all axes where none is given)",
            "onnx": "ReduceLogSumExp (it keeps the axis)",
        },
        source=Source(
            "Who first used it is not established; Blanchard, Higham, Higham: Accurately computing "
            "the log-sum-exp and softmax functions, 2021, says how",
            doi="10.1093/imanum/draa038",
        ),
    )
)

logmeanexp = register_axis(
    AxisFunction(
        name="logmeanexp",
        formula="log(sum(exp(x[j]) for j)/n) with n numbers along the axis",
        value=lambda x, axis: _soft_maximum(x, axis, x.shape[axis]),
        summary="Between the mean and the maximum of the scores: equal scores come back as is.",
        reduces=True,
        aliases=("log_mean_exp",),
        equivalents={"jax": "jax.nn.logmeanexp (over all axes where none is given)"},
        source=Source("No source of its own is established; see logsumexp"),
    )
)


def _standardize(x: Array, axis: int, epsilon: float) -> Array:
    off = x - x.mean(axis, keepdims=True)
    off = off - off.mean(axis, keepdims=True)  # the mean was rounded
    size = absolute(off.detach() if is_tensor(x) else off)
    widest = size.amax(axis, keepdim=True) if is_tensor(x) else size.max(axis, keepdims=True)
    # Divided by its size, no square overflows; where it is small it is left alone.
    widest = maximum(widest, 1)
    part = off / widest
    return part / sqrt((part * part).mean(axis, keepdims=True) + epsilon / widest / widest)


standardize = register_axis(
    AxisFunction(
        name="standardize",
        formula="(x[i] - m)/sqrt(v + epsilon) with m, v the mean and variance of x",
        value=_standardize,
        summary="Shifts and scales to mean 0 and variance 1: layer normalisation without its map.",
        parameters=(
            Parameter(
                "epsilon",
                1e-5,
                low=0.0,
                high=1e6,
                meaning="what keeps equal numbers from a division by 0",
            ),
        ),
        equivalents={
            "torch": "torch.nn.functional.layer_norm (without weight and bias, over the last axes)",
            "jax": "jax.nn.standardize",
            "onnx": "MeanVarianceNormalization (over axes 0, 2 and 3 where none are given)",
        },
        source=Source("Ba, Kiros, Hinton: Layer normalization, 2016", arxiv="1607.06450"),
    )
)
