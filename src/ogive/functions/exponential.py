"""Linear or quadratic for positive inputs, bent for negative ones, and the exponential itself."""

from __future__ import annotations

import math

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.bounded import isru_slope, isru_value
from ogive.functions.registry import register
from ogive.numerics.elementary import Array, exp, expm1, keep_nan, maximum, minimum, where
from ogive.numerics.exact import Exact


def _elu(x: Array, alpha: float) -> Array:
    return maximum(x, 0) + alpha * expm1(minimum(x, 0))


def _elu_slope(x: Array, alpha: float) -> Array:
    return where(x > 0, keep_nan(x, 1.0), alpha * exp(minimum(x, 0)))


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
SELU_SCALE = Exact("1.0507009873554804934193349852946")
SELU_ALPHA = Exact("1.6732632423543772848170429916717")

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

pelu = register(
    Definition(
        name="pelu",
        family="exponential",
        summary="An ELU whose two parameters are learned; it has no corner at 0 whatever they are.",
        formula="where(x >= 0, a/b*x, a*(exp(x/b) - 1))",
        value=lambda x, a, b: (a / b) * maximum(x, 0) + a * expm1(minimum(x, 0) / b),
        slope=lambda x, a, b: (a / b) * exp(minimum(x, 0) / b),
        parameters=(
            Parameter("a", 1.0, low=1e-3, high=1e3, meaning="minus the limit at -inf"),
            Parameter("b", 1.0, low=1e-3, high=1e3, meaning="the width of the bend"),
        ),
        facts=lambda a, b: Facts(
            range=(-a, INF), limits=(-a, INF), lipschitz=a / b, monotone="increasing"
        ),
        source=Source(
            "Trottier, Giguère, Chaib-draa: Parametric exponential linear unit for deep "
            "convolutional neural networks, 2016",
            arxiv="1605.09332",
        ),
    )
)

isrlu = register(
    Definition(
        name="isrlu",
        family="exponential",
        summary="Shaped like an ELU, from an inverse square root, which is cheaper.",
        formula="where(x >= 0, x, x/sqrt(1 + alpha*x**2))",
        value=lambda x, alpha: maximum(x, 0) + isru_value(minimum(x, 0), alpha),
        slope=lambda x, alpha: isru_slope(minimum(x, 0), alpha),
        parameters=(
            Parameter(
                "alpha", 1.0, low=1e-6, high=1e6, meaning="1 over the square of the limit at -inf"
            ),
        ),
        facts=lambda alpha: Facts(
            range=(-1 / math.sqrt(alpha), INF),
            limits=(-1 / math.sqrt(alpha), INF),
            lipschitz=1.0,
            monotone="increasing",
        ),
        source=Source(
            "Carlile, Delamarter, Kinney, Marti, Whitney: Improving deep learning by inverse "
            "square root linear units (ISRLUs), 2017",
            arxiv="1710.09967",
        ),
    )
)


def _xielu(x: Array, alpha_p: float, alpha_n: float, beta: float) -> Array:
    above, below = maximum(x, 0), minimum(x, 0)
    bent = alpha_n * expm1(below)
    if alpha_n != beta:
        bent = bent + (beta - alpha_n) * below
    return above * (alpha_p * above + beta) + bent


def _xielu_slope(x: Array, alpha_p: float, alpha_n: float, beta: float) -> Array:
    above, below = maximum(x, 0), minimum(x, 0)
    # Where both are equal the slope fades to 0 and must not cancel.
    bent = alpha_n * exp(below) if alpha_n == beta else alpha_n * expm1(below) + beta
    return (2 * alpha_p) * above + bent


def _xielu_facts(alpha_n: float, beta: float) -> Facts:
    if alpha_n > beta:  # it turns where exp(x) = 1 - beta/alpha_n
        low = -beta - (alpha_n - beta) * math.log1p(-beta / alpha_n)
        return Facts(range=(low, INF), limits=(INF, INF), lipschitz=INF)
    low = -alpha_n if alpha_n == beta else -INF
    return Facts(range=(low, INF), limits=(low, INF), lipschitz=INF, monotone="increasing")


xielu = register(
    Definition(
        name="xielu",
        family="exponential",
        summary="The integral of a bent slope: a parabola above 0; below, it dips and rises again.",
        formula="where(x > 0, alpha_p*x**2 + beta*x, alpha_n*(exp(x) - 1) - alpha_n*x + beta*x)",
        value=_xielu,
        slope=_xielu_slope,
        parameters=(
            Parameter("alpha_p", 0.8, low=1e-3, high=1e3, meaning="the factor of the parabola"),
            Parameter("alpha_n", 0.8, low=0.01, high=10.0, meaning="the factor of the bend below"),
            Parameter("beta", 0.5, low=0.1, high=10.0, meaning="the slope at 0"),
        ),
        facts=lambda alpha_p, alpha_n, beta: _xielu_facts(alpha_n, beta),
        source=Source(
            "Huang, Schlag: Deriving activation functions using integration, 2024",
            arxiv="2411.13010",
        ),
    )
)

exponential = register(
    Definition(
        name="exponential",
        family="exponential",
        summary="The exponential: positive outputs, as of rates; it overflows for large inputs.",
        formula="exp(x)",
        value=exp,
        slope=exp,
        facts=lambda: Facts(
            range=(0.0, INF), limits=(0.0, INF), lipschitz=INF, monotone="increasing"
        ),
        aliases=("exp",),
        equivalents={
            "torch": "torch.exp",
            "keras": "keras.activations.exponential",
            "jax": "jax.numpy.exp",
            "onnx": "Exp",
        },
        source=Source("Who first used it as an activation function is not established"),
    )
)
