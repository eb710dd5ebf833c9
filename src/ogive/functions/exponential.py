"""Linear for positive inputs, exponential for negative ones: ELU, SELU, CELU."""

from __future__ import annotations

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.numerics.elementary import Array, exp, expm1, maximum, minimum, positive


def _elu(x: Array, alpha: float) -> Array:
    return maximum(x, 0) + alpha * expm1(minimum(x, 0))


def _elu_slope(x: Array, alpha: float) -> Array:
    above = positive(x)
    return above + (1 - above) * alpha * exp(minimum(x, 0))


def _elu_facts(alpha: float) -> Facts:
    return Facts(
        range=(0.0 - alpha, INF),
        limits=(0.0 - alpha, INF),
        lipschitz=max(1.0, alpha),
        monotone="increasing" if alpha > 0 else "non-decreasing",
        kinks=() if alpha == 1 else (0.0,),
        at_kinks="" if alpha == 1 else "the slope at 0 is alpha, that of the left side",
    )


elu = register(
    Definition(
        name="elu",
        family="exponential",
        summary="Linear above 0; below it bends to -alpha, which brings the mean nearer to 0.",
        formula="where(x > 0, x, alpha*(exp(x) - 1))",
        value=_elu,
        slope=_elu_slope,
        parameters=(Parameter("alpha", 1.0, low=0.0, high=1e6, meaning="minus the limit at -inf"),),
        facts=_elu_facts,
        equivalents={
            "torch": "torch.nn.ELU",
            "keras": "keras.activations.elu",
            "jax": "jax.nn.elu",
            "onnx": "Elu",
        },
        source=Source(
            "Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by "
            "exponential linear units, 2016",
            arxiv="1511.07289",
        ),
    )
)

# The two constants solve E f(z) = 0 and E f(z)^2 = 1 for standard normal z.
SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717

selu = register(
    Definition(
        name="selu",
        family="exponential",
        summary="An ELU scaled so that layers keep mean 0 and variance 1 by themselves.",
        formula="1.0507009873554805*where(x > 0, x, 1.6732632423543773*(exp(x) - 1))",
        value=lambda x: SELU_SCALE * _elu(x, SELU_ALPHA),
        slope=lambda x: SELU_SCALE * _elu_slope(x, SELU_ALPHA),
        facts=lambda: Facts(
            range=(-SELU_SCALE * SELU_ALPHA, INF),
            limits=(-SELU_SCALE * SELU_ALPHA, INF),
            lipschitz=SELU_SCALE * SELU_ALPHA,
            monotone="increasing",
            kinks=(0.0,),
            at_kinks="the slope at 0 is scale*alpha = 1.7581, that of the left side",
        ),
        equivalents={
            "torch": "torch.nn.SELU",
            "keras": "keras.activations.selu",
            "jax": "jax.nn.selu",
            "onnx": "Selu",
        },
        source=Source(
            "Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks, 2017",
            arxiv="1706.02515",
        ),
    )
)

celu = register(
    Definition(
        name="celu",
        family="exponential",
        summary="An ELU whose alpha stretches the bend instead of making a corner at 0.",
        formula="max(0, x) + min(0, alpha*(exp(x/alpha) - 1))",
        value=lambda x, alpha: maximum(x, 0) + alpha * expm1(minimum(x, 0) / alpha),
        slope=lambda x, alpha: exp(minimum(x, 0) / alpha),
        parameters=(
            Parameter("alpha", 1.0, low=1e-6, high=1e6, meaning="minus the limit at -inf"),
        ),
        facts=lambda alpha: Facts(
            range=(-alpha, INF),
            limits=(-alpha, INF),
            lipschitz=1.0,
            monotone="increasing",
        ),
        equivalents={
            "torch": "torch.nn.CELU",
            "keras": "keras.activations.celu",
            "jax": "jax.nn.celu",
            "onnx": "Celu",
        },
        source=Source(
            "Barron: Continuously differentiable exponential linear units, 2017",
            arxiv="1704.07483",
        ),
    )
)
