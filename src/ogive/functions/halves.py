"""Functions that join or split the numbers along an axis: the GLU family, maxout, CReLU.

Those that split take the first half as values and the second as their gate, as torch.nn.GLU does,
so the result is half as long; the linear maps around a gated unit are layers of their own.
"""

from __future__ import annotations

from typing import Any

from ogive.errors import OgiveError
from ogive.functions.activation import Activation, Source
from ogive.functions.linear import identity
from ogive.functions.rectified import relu
from ogive.functions.registry import register_axis
from ogive.functions.sigmoidal import sigmoid
from ogive.functions.smooth import gelu, silu
from ogive.functions.vector import AxisFunction
from ogive.numerics.elementary import Array, arrays_of, is_tensor, where

SHAZEER = Source("Shazeer: GLU variants improve transformer, 2020", arxiv="2002.05202")


def _halves(x: Array, axis: int) -> tuple[Array, Array]:
    """The first and the second half; raises :class:`OgiveError` for an odd number."""
    length = x.shape[axis]
    if length % 2:
        raise OgiveError(
            f"axis {axis} of an input of shape {tuple(x.shape)} holds {length} numbers, which "
            f"cannot be halved; give an even number of them"
        )
    last = x.swapaxes(axis, -1)
    first, second = last[..., : length // 2], last[..., length // 2 :]
    return first.swapaxes(axis, -1), second.swapaxes(axis, -1)


def _gated(
    name: str, gate: Activation, written: str, summary: str, source: Source, **names: Any
) -> AxisFunction:
    def value(x: Array, axis: int) -> Array:
        first, second = _halves(x, axis)
        return first * gate(second)  # differentiable, by the gate's own slope

    formula = f"a[i]*{written} with a, b the two halves of x"
    return register_axis(
        AxisFunction(
            name=name, formula=formula, value=value, source=source, summary=summary, **names
        )
    )


glu = _gated(
    "glu",
    sigmoid(),
    "sigmoid(b[i])",
    "The gated linear unit: one half decides how much of the other passes.",
    Source(
        "Dauphin, Fan, Auli, Grangier: Language modeling with gated convolutional networks, 2016",
        arxiv="1612.08083",
    ),
    aliases=("gated_linear_unit",),
    equivalents={
        "torch": "torch.nn.GLU",
        "keras": "keras.activations.glu",
        "jax": "jax.nn.glu",
    },
)
reglu = _gated("reglu", relu(), "relu(b[i])", "The GLU with a ReLU for its gate.", SHAZEER)
geglu = _gated("geglu", gelu(), "gelu(b[i])", "The GLU with the exact GELU for its gate.", SHAZEER)
swiglu = _gated(
    "swiglu", silu(), "silu(b[i])", "The GLU with the Swish (SiLU) for its gate.", SHAZEER
)
bilinear = _gated(
    "bilinear",
    identity(),
    "b[i]",
    "The GLU without a gate function: the product of both halves.",
    Source(
        "Dauphin, Fan, Auli, Grangier: Language modeling with gated convolutional networks, 2016, "
        "after Mnih, Hinton: Three new graphical models for statistical language modelling, 2007",
        arxiv="1612.08083",
    ),
)


def _maxout(x: Array, axis: int) -> Array:
    first, second = _halves(x, axis)
    return where((first >= second) | (first != first), first, second)  # noqa: PLR0124


maxout = register_axis(
    AxisFunction(
        name="maxout",
        formula="max(a[i], b[i]) with a, b the two halves of x",
        value=_maxout,
        summary="The larger of two linear units: a convex function with a learned corner.",
        source=Source(
            "Goodfellow, Warde-Farley, Mirza, Courville, Bengio: Maxout networks, 2013 (of two "
            "pieces here; a tie passes its gradient to the first)",
            arxiv="1302.4389",
        ),
    )
)


def _crelu(x: Array, axis: int) -> Array:
    ramp = relu()
    both = [ramp(x), ramp(-x)]
    if is_tensor(x):
        import torch

        return torch.cat(both, dim=axis)
    return arrays_of(x).concatenate(both, axis)


crelu = register_axis(
    AxisFunction(
        name="crelu",
        formula="relu(x) followed by relu(-x)",
        value=_crelu,
        summary="Keeps both signs apart: twice as many outputs as inputs.",
        aliases=("concatenated_relu",),
        source=Source(
            "Shang, Sohn, Almeida, Lee: Understanding and improving convolutional neural networks "
            "via concatenated rectified linear units, 2016",
            arxiv="1603.05201",
        ),
    )
)
