"""Functions that join or split the numbers along an axis: the GLU family, maxout, CReLU.

The gated ones take the first half as values and the second as their gate, as torch.nn.GLU does,
so the result is half as long; the linear maps around a gated unit are layers of their own.
"""

from __future__ import annotations

from typing import Any

from ogive.errors import OgiveError
from ogive.functions.activation import Activation, Parameter, Source
from ogive.functions.linear import identity
from ogive.functions.rectified import relu
from ogive.functions.registry import register_axis
from ogive.functions.sigmoidal import sigmoid
from ogive.functions.smooth import gelu, silu
from ogive.functions.vector import AxisFunction
from ogive.numerics.elementary import Array, arrays_of, is_tensor, where

SHAZEER = Source("Shazeer: GLU variants improve transformer, 2020", arxiv="2002.05202")


def _pieces(x: Array, axis: int, count: int) -> list[Array]:
    """x cut into ``count`` pieces; raises :class:`OgiveError` where they would differ in length."""
    length = x.shape[axis]
    if length % count:
        cut, most = (
            ("halved", "an even number")
            if count == 2
            else (f"cut into {count} equal pieces", f"a multiple of {count}")
        )
        raise OgiveError(
            f"axis {axis} of an input of shape {tuple(x.shape)} holds {length} numbers, which "
            f"cannot be {cut}; give {most} of them"
        )
    last, each = x.swapaxes(axis, -1), length // count
    return [last[..., i * each : (i + 1) * each].swapaxes(axis, -1) for i in range(count)]


def _gated(
    name: str, gate: Activation, written: str, summary: str, source: Source, **names: Any
) -> AxisFunction:
    def value(x: Array, axis: int) -> Array:
        first, second = _pieces(x, axis, 2)
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
    "swiglu",
    silu(),
    "silu(b[i])",
    "The GLU with the Swish (SiLU) for its gate.",
    SHAZEER,
    equivalents={"onnx": "SwiGLU (since opset 28; the gate is its first input, apart)"},
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


def _maxout(x: Array, axis: int, pieces: float) -> Array:
    made, *others = _pieces(x, axis, int(pieces))
    for other in others:
        made = where((made >= other) | (made != made), made, other)  # noqa: PLR0124
    return made


maxout = register_axis(
    AxisFunction(
        name="maxout",
        formula="max(a[i], b[i], ...) with a, b, ... the pieces of x",
        value=_maxout,
        summary="The largest of two or more linear units: a convex function with learned corners.",
        parameters=(
            Parameter(
                "pieces",
                2.0,
                low=2.0,
                high=1e6,
                whole=True,
                meaning="how many linear units are compared",
            ),
        ),
        source=Source(
            "Goodfellow, Warde-Farley, Mirza, Courville, Bengio: Maxout networks, 2013 (a tie "
            "passes its gradient to the first)",
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
