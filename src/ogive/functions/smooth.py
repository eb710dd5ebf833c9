"""Functions without a corner that resemble the ReLU or its mirror image."""

from __future__ import annotations

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.bounded import split_at
from ogive.functions.registry import register
from ogive.numerics.elementary import (
    Array,
    absolute,
    copysign,
    erfc,
    exp,
    log1p,
    logistic,
    logistic_slope,
    maximum,
    minimum,
    positive,
    softplus_rest,
    sqrt,
)
from ogive.numerics.exact import NORMAL_PEAK, ROOT_2_BY_PI, SQRT_HALF, Exact

# Beyond this every gate below is 0 or 1 in float64. Bounding x keeps infinity times zero away.
FAR = 1000.0


def bounded(x: Array, bound: float) -> Array:
    """``x`` held between -bound and bound."""
    return maximum(minimum(x, bound), -bound)


def _softplus(x: Array, beta: float) -> Array:
    return maximum(x, 0) + softplus_rest(beta * x) / beta


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
            "torch": "torch.nn.Softplus (beyond beta*x = 20, its threshold, it returns x)",
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
        value=lambda x: minimum(x, 0) - softplus_rest(x),
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
    return 0.5 * erfc(-x * SQRT_HALF)


def _gelu_slope(x: Array) -> Array:
    near = bounded(x, FAR)
    return _normal_below(x) + near * exp(-0.5 * near * near) * NORMAL_PEAK


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

CUBIC = Exact("0.044715")


def _twice_u(x: Array) -> Array:
    return 2 * (x * (1 + x * x * CUBIC) * ROOT_2_BY_PI)


def _gelu_tanh(x: Array) -> Array:
    # (1 + tanh(u))/2 is the logistic of 2u, which does not cancel for negative x.
    return maximum(x, -FAR) * logistic(_twice_u(bounded(x, 50)))


def _gelu_tanh_slope(x: Array) -> Array:
    near = bounded(x, 50)
    inner = 2 * ((1 + 3 * (near * near * CUBIC)) * ROOT_2_BY_PI)
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
    return logistic(x) + bounded(x, FAR) * logistic_slope(x)


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
    return above / below + bounded(x, FAR) * bend


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


def _hypotenuse(x: Array, c: float) -> Array:
    """sqrt(x^2 + c^2) without overflow."""
    size = absolute(x)
    larger = maximum(size, c)
    ratio = minimum(size, c) / larger
    return larger * sqrt(1 + ratio * ratio)


def _squareplus(x: Array, b: float) -> Array:
    # In halves, so that the sum does not overflow either.
    return maximum(x, 0) + (b / 4) / (_hypotenuse(x, sqrt(b)) / 2 + absolute(x) / 2)


def _squareplus_slope(x: Array, b: float) -> Array:
    h, above = _hypotenuse(x, sqrt(b)), positive(x)
    below = (b / 4) / h / (h / 2 + absolute(x) / 2)
    return above * (1 - 2 * below) + below


squareplus = register(
    Definition(
        name="squareplus",
        family="smooth",
        summary="A softplus from one square root: cheaper, with tails that fade as 1/x does.",
        formula="(x + sqrt(x**2 + b))/2",
        value=_squareplus,
        slope=_squareplus_slope,
        parameters=(Parameter("b", 4.0, low=1e-6, high=1e6, meaning="the width of the bend"),),
        facts=lambda b: Facts(
            range=(0.0, INF), limits=(0.0, INF), lipschitz=1.0, monotone="increasing"
        ),
        equivalents={
            "keras": "keras.activations.squareplus",
            "jax": "jax.nn.squareplus",
        },
        source=Source(
            "Barron: Squareplus: a softplus-like algebraic rectifier, 2021", arxiv="2112.11687"
        ),
    )
)


def _bent_identity(x: Array) -> Array:
    r, q = split_at(x, 1.0)
    return x * (1 + copysign(0.5 * (r / (q + sqrt(r * r + q * q))), x))


def _bent_identity_slope(x: Array) -> Array:
    r, q = split_at(x, 1.0)
    return 1 + copysign(0.5 * (r / sqrt(r * r + q * q)), x)


bent_identity = register(
    Definition(
        name="bent_identity",
        family="smooth",
        summary="Half as steep as the identity far below 0, half as steep again far above.",
        formula="x + (sqrt(x**2 + 1) - 1)/2",
        value=_bent_identity,
        slope=_bent_identity_slope,
        facts=lambda: Facts(
            range=(-INF, INF), limits=(-INF, INF), lipschitz=1.5, monotone="increasing"
        ),
        source=Source("No source is established; it is known from lists of activation functions"),
    )
)

symlog = register(
    Definition(
        name="symlog",
        family="smooth",
        summary="A logarithm on both sides: it tells apart large inputs without large outputs.",
        formula="sign(x)*log(1 + abs(x))",
        value=lambda x: copysign(log1p(absolute(x)), x),
        slope=lambda x: 1 / (1 + absolute(x)),
        facts=lambda: Facts(
            range=(-INF, INF),
            limits=(-INF, INF),
            lipschitz=1.0,
            monotone="increasing",
            parity="odd",
        ),
        aliases=("logarithmic",),
        source=Source(
            "Under this name: Hafner, Pasukonis, Ba, Lillicrap: Mastering diverse domains through "
            "world models, 2023; its first use as a unit is not established",
            arxiv="2301.04104",
        ),
    )
)

gaussian = register(
    Definition(
        name="gaussian",
        family="smooth",
        summary="A bell around 0: a unit answers to inputs near its centre only.",
        formula="exp(-x**2)",
        value=lambda x: exp(-x * x),
        slope=lambda x: -2 * bounded(x, FAR) * exp(-x * x),
        facts=lambda: Facts(
            range=(0.0, 1.0), limits=(0.0, 0.0), lipschitz=0.8577638849607068, parity="even"
        ),
        aliases=("rbf",),
        source=Source(
            "Broomhead, Lowe: Multivariable functional interpolation and adaptive networks, "
            "Complex Systems 2, 1988"
        ),
    )
)
