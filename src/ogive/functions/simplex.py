"""Relatives of the softmax: other ways from scores to shares that sum to 1."""

from __future__ import annotations

from ogive.functions.activation import Source
from ogive.functions.registry import register_axis
from ogive.functions.vector import AxisFunction, below_largest, softmax, taken
from ogive.numerics.elementary import (
    Array,
    arrays_of,
    is_tensor,
    maximum,
    placed,
    positive,
    sqrt,
    where,
)

softmin = register_axis(
    AxisFunction(
        name="softmin",
        formula="exp(-x[i])/sum(exp(-x[j]) for j)",
        value=lambda x, axis: softmax.value(-x, axis),
        summary="The softmax of the negated scores: the smallest gets the largest share.",
        equivalents={"torch": "torch.nn.Softmin"},
        source=Source("No source of its own is established; see softmax (Bridle, 1990)"),
    )
)

softmax2d = register_axis(
    AxisFunction(
        name="softmax2d",
        formula="exp(x[i])/sum(exp(x[j]) for j)",
        value=softmax.value,
        summary="The softmax over the channels of an image: along axis -3 unless another is given.",
        equivalents={"torch": "torch.nn.Softmax2d"},
        source=Source("No source of its own is established; see softmax (Bridle, 1990)"),
        usual_axis=-3,
    )
)


def _hardmax(x: Array, axis: int) -> Array:
    _, at = below_largest(x, axis)
    largest = taken(x, at, axis)
    none = (0 * x.detach()).nan_to_num() if is_tensor(x) else arrays_of(x).zeros_like(x)
    chosen = placed(none, at, 1.0, axis)
    return where(largest == largest, chosen, largest)  # noqa: PLR0124


hardmax = register_axis(
    AxisFunction(
        name="hardmax",
        formula="where(i is the first place of the largest x[j], 1, 0)",
        value=_hardmax,
        summary="All to the largest score, the first of equals; gradients cannot train it.",
        equivalents={"onnx": "Hardmax"},
        source=Source("No paper is established; it is an operator of ONNX since its version 1.0"),
    )
)


# Both functions below send scores far from the largest to exactly 0. Their threshold is found
# from the sorted scores; with the support known it is a smooth function of the scores in it, which
# is what autograd differentiates.


def _near_scores(x: Array, axis: int) -> Array:
    """x less its largest value; what is 2 or more below it has no share, and is held at 2."""
    return maximum(below_largest(x, axis)[0], -2)


def _sorted(z: Array, axis: int) -> tuple[Array, Array]:
    """The scores from the largest down, and 1, 2, 3 ... beside them."""
    if is_tensor(z):
        down = z.detach().sort(dim=axis, descending=True)[0]
    else:
        down = -arrays_of(z).sort(-z, axis)
    return down, (1 + 0 * down).cumsum(axis)


def _sparsemax(x: Array, axis: int) -> Array:
    z = _near_scores(x, axis)
    down, count = _sorted(z, axis)
    levels = (down.cumsum(axis) - 1) / count
    highest = levels.amax(axis, keepdim=True) if is_tensor(z) else levels.max(axis, keepdims=True)
    inside = positive(z - highest)
    level = ((inside * z).sum(axis, keepdims=True) - 1) / inside.sum(axis, keepdims=True)
    return maximum(inside * (z - level), 0)


sparsemax = register_axis(
    AxisFunction(
        name="sparsemax",
        formula="max(0, x[i] - t) with t such that the sum is 1",
        value=_sparsemax,
        summary="The nearest probabilities to the scores: small scores get a share of exactly 0.",
        equivalents={"keras": "keras.activations.sparsemax"},
        source=Source(
            "Martins, Astudillo: From softmax to sparsemax: a sparse model of attention and "
            "multi-label classification, 2016",
            arxiv="1602.02068",
        ),
    )
)


def _entmax15(x: Array, axis: int) -> Array:
    z = _near_scores(x, axis) / 2
    down, count = _sorted(z, axis)
    mean = down.cumsum(axis) / count
    spread = (down * down).cumsum(axis) - count * mean * mean
    levels = mean - sqrt(maximum((1 - spread) / count, 0))
    supported = (levels <= down).sum(axis, keepdims=True)
    level = where(count == supported, levels, 0.0).sum(axis, keepdims=True)
    # The same level once more, from deviations, which do not cancel.
    inside = positive(z - level)
    size = inside.sum(axis, keepdims=True)
    centre = (inside * z).sum(axis, keepdims=True) / size
    off = inside * (z - centre)
    level = centre - sqrt((1 - (off * off).sum(axis, keepdims=True)) / size)
    root = maximum(inside * (z - level), 0)
    return root * root


entmax15 = register_axis(
    AxisFunction(
        name="entmax15",
        formula="max(0, x[i]/2 - t)**2 with t such that the sum is 1",
        value=_entmax15,
        summary="Half-way between softmax and sparsemax: smooth, yet with shares of exactly 0.",
        aliases=("entmax_15", "entmax"),
        source=Source(
            "Peters, Niculae, Martins: Sparse sequence-to-sequence models, 2019",
            arxiv="1905.05702",
        ),
    )
)
