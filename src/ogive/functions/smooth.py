"""Functions without a corner that resemble the ReLU or its mirror image."""

from __future__ import annotations

from math import pi
from math import sqrt as root

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.numerics.elementary import (
    Array,
    absolute,
    erfc,
    exp,
    log1p,
    logistic,
    logistic_slope,
    maximum,
    minimum,
)

# Beyond this every gate below is 0 or 1 in float64. Bounding x keeps infinity times zero away.
FAR = 1000.0


def _bounded(x: Array, bound: float) -> Array:
    return maximum(minimum(x, bound), -bound)


def _softplus(x: Array, beta: float) -> Array:
    return maximum(x, 0) + log1p(exp(-absolute(beta * x))) / beta


softplus = register(
    Definition(
        name="softplus",
        family="smooth",
        summary="A ReLU with a rounded corner; always positive, so it suits positive outputs.",
        formula="log(1 + exp(beta*x))/beta",
        value=_softplus,
        slope=lambda x, beta: logistic(beta * x),
        parameters=(
            Parameter("beta", 1.0, low=1e-6, high=1e6, meaning="the sharpness of the corner"),
        ),
        facts=lambda beta: Facts(
            range=(0.0, INF),
            limits=(0.0, INF),
            lipschitz=1.0,
            monotone="increasing",
        ),
        equivalents={
            "torch": "torch.nn.Softplus",
            "keras": "keras.activations.softplus",
            "jax": "jax.nn.softplus",
            "onnx": "Softplus",
        },
        source=Source(
            "Dugas, Bengio, Bélisle, Nadeau, Garcia: Incorporating second-order functional "
            "knowledge for better option pricing, 2000"
        ),
    )
)

log_sigmoid = register(
    Definition(
        name="log_sigmoid",
        family="smooth",
        summary="The logarithm of the sigmoid: a softplus turned upside down, used in losses.",
        formula="log(1/(1 + exp(-x)))",
        value=lambda x: minimum(x, 0) - log1p(exp(-absolute(x))),
        slope=lambda x: logistic(-x),
        facts=lambda: Facts(
            range=(-INF, 0.0),
            limits=(-INF, 0.0),
            lipschitz=1.0,
            monotone="increasing",
        ),
        aliases=("logsigmoid",),
        equivalents={
            "torch": "torch.nn.LogSigmoid",
            "keras": "keras.activations.log_sigmoid",
            "jax": "jax.nn.log_sigmoid",
        },
        source=Source(
            "No source is established for its use as a unit; it is the log-likelihood of logistic "
            "regression (Cox: The regression analysis of binary sequences, 1958)",
            doi="10.1111/j.2517-6161.1958.tb00292.x",
        ),
    )
)


def _normal_below(x: Array) -> Array:
    """The probability that a standard normal number lies below x."""
    return 0.5 * erfc(x * -root(0.5))


def _gelu_slope(x: Array) -> Array:
    near = _bounded(x, FAR)
    return _normal_below(x) + near * exp(-0.5 * near * near) * (1 / root(2 * pi))


gelu = register(
    Definition(
        name="gelu",
        family="smooth",
        summary="x times the probability that a standard normal number lies below x.",
        formula="x*erfc(-x/sqrt(2))/2",
        value=lambda x: maximum(x, -FAR) * _normal_below(x),
        slope=_gelu_slope,
        facts=lambda: Facts(
            range=(-0.16997120747990366, INF),
            limits=(0.0, INF),
            lipschitz=1.1289041451851548,
        ),
        equivalents={
            "torch": "torch.nn.GELU",
            "keras": "keras.activations.gelu",
            "jax": "jax.nn.gelu (with approximate=False)",
            "onnx": "Gelu",
        },
        source=Source("Hendrycks, Gimpel: Gaussian error linear units, 2016", arxiv="1606.08415"),
    )
)

CUBIC = 0.044715


def _twice_u(x: Array) -> Array:
    return (2 * root(2 / pi)) * x * (1 + CUBIC * x * x)


def _gelu_tanh(x: Array) -> Array:
    # (1 + tanh(u))/2 is the logistic of 2u, which does not cancel for negative x.
    return maximum(x, -FAR) * logistic(_twice_u(_bounded(x, 50)))


def _gelu_tanh_slope(x: Array) -> Array:
    near = _bounded(x, 50)
    inner = (2 * root(2 / pi)) * (1 + 3 * CUBIC * near * near)
    gate = _twice_u(near)
    return logistic(gate) + near * inner * logistic_slope(gate)


gelu_tanh = register(
    Definition(
        name="gelu_tanh",
        family="smooth",
        summary="The GELU with its error function replaced by a tanh; differs by up to 0.0005.",
        formula="x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2",
        value=_gelu_tanh,
        slope=_gelu_tanh_slope,
        facts=lambda: Facts(
            range=(-0.17004075057125405, INF),
            limits=(0.0, INF),
            lipschitz=1.1289930686587718,
        ),
        aliases=("gelu_new", "gelu_approximate"),
        equivalents={
            "torch": "torch.nn.GELU (with approximate='tanh')",
            "keras": "keras.activations.gelu (with approximate=True)",
            "jax": "jax.nn.gelu",
            "onnx": "Gelu (with approximate='tanh')",
        },
        source=Source("Hendrycks, Gimpel: Gaussian error linear units, 2016", arxiv="1606.08415"),
    )
)


def _silu_slope(x: Array) -> Array:
    return logistic(x) + _bounded(x, FAR) * logistic_slope(x)


silu = register(
    Definition(
        name="silu",
        family="smooth",
        summary="x gated by its own sigmoid; dips to -0.28 below 0 and returns.",
        formula="x/(1 + exp(-x))",
        value=lambda x: maximum(x, -FAR) * logistic(x),
        slope=_silu_slope,
        facts=lambda: Facts(
            range=(-0.2784645427610738, INF),
            limits=(0.0, INF),
            lipschitz=1.099839320128867,
        ),
        aliases=("swish",),
        equivalents={
            "torch": "torch.nn.SiLU",
            "keras": "keras.activations.silu",
            "jax": "jax.nn.silu",
        },
        source=Source(
            "Hendrycks, Gimpel: Gaussian error linear units, 2016; as Swish: Ramachandran, Zoph, "
            "Le: Searching for activation functions, 2017 (arXiv:1710.05941)",
            arxiv="1606.08415",
        ),
    )
)


# With a = exp(min(x, 0)) and b = exp(-max(x, 0)), so that exp(x) = a/b, the gate
# tanh(log(1 + exp(x))) is a ratio of polynomials that neither cancels nor overflows.
def _mish(x: Array) -> Array:
    a, b = exp(minimum(x, 0)), exp(-maximum(x, 0))
    above = a * (a + 2 * b)
    return maximum(x, -FAR) * (above / (above + 2 * b * b))


def _mish_slope(x: Array) -> Array:
    a, b = exp(minimum(x, 0)), exp(-maximum(x, 0))
    above = a * (a + 2 * b)
    below = above + 2 * b * b
    bend = 4 * a * (a + b) * (b * b) / (below * below)
    return above / below + _bounded(x, FAR) * bend


mish = register(
    Definition(
        name="mish",
        family="smooth",
        summary="x gated by the tanh of its softplus; dips to -0.31 below 0 and returns.",
        formula="x*tanh(log(1 + exp(x)))",
        value=_mish,
        slope=_mish_slope,
        facts=lambda: Facts(
            range=(-0.3088434130172504, INF),
            limits=(0.0, INF),
            lipschitz=1.0884981612517279,
        ),
        equivalents={
            "torch": "torch.nn.Mish",
            "keras": "keras.activations.mish",
            "jax": "jax.nn.mish",
            "onnx": "Mish",
        },
        source=Source(
            "Misra: Mish: a self regularized non-monotonic activation function, 2019",
            arxiv="1908.08681",
        ),
    )
)
