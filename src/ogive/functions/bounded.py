"""More S-shaped functions: other curves between two levels."""

from __future__ import annotations

from math import exp as exponential
from math import pi, tanh
from math import sqrt as root

from ogive.functions.activation import Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.functions.sigmoidal import ABOUT_ITS_CENTRE
from ogive.numerics import elementary
from ogive.numerics.elementary import (
    Array,
    absolute,
    atan,
    copysign,
    erf,
    erfc,
    exp,
    expm1,
    log1p,
    logistic,
    logistic_slope,
    maximum,
    minimum,
    positive,
    sqrt,
)
from ogive.numerics.exact import NORMAL_PEAK, SQRT_HALF, TWO_BY_ROOT_PI, Exact


def split_at(x: Array, c: float) -> tuple[Array, Array]:
    """(r, q) = (min(|x|, c), c/max(|x|, c)), so that sqrt(1 + (x/c)^2) = sqrt((r/c)^2 + q^2)/q.

    Neither overflows, and r keeps the digits of a subnormal x.
    """
    size = absolute(x)
    return minimum(size, c), c / maximum(size, c)


def _arctan_slope(x: Array) -> Array:
    r, q = split_at(x, 1.0)
    return q * q / (r * r + q * q)


arctan = register(
    Definition(
        name="arctan",
        family="sigmoidal",
        summary="The arctangent: it nears -pi/2 and pi/2 as 1/x does.",
        formula="atan(x)",
        value=atan,
        slope=_arctan_slope,
        facts=lambda: Facts(
            range=(-pi / 2, pi / 2),
            limits=(-pi / 2, pi / 2),
            lipschitz=1.0,
            monotone="increasing",
            parity="odd",
        ),
        aliases=("atan",),
        equivalents={
            "torch": "torch.atan",
            "keras": "keras.ops.arctan",
            "jax": "jax.numpy.arctan",
            "onnx": "Atan",
        },
        source=Source("Who first used it as an activation function is not established"),
    )
)

erf_entry = register(
    Definition(
        name="erf",
        family="sigmoidal",
        summary="The error function: of all S-shapes here it nears its limits the fastest.",
        formula="erf(x)",
        value=erf,
        slope=lambda x: exp(-x * x) * TWO_BY_ROOT_PI,
        facts=lambda: Facts(
            range=(-1.0, 1.0),
            limits=(-1.0, 1.0),
            lipschitz=2 / root(pi),
            monotone="increasing",
            parity="odd",
        ),
        aliases=("error_function",),
        equivalents={
            "torch": "torch.erf",
            "keras": "keras.ops.erf",
            "jax": "jax.scipy.special.erf",
            "onnx": "Erf",
        },
        source=Source(
            "Its first use as a unit is not established; networks of such units are solved in "
            "Saad, Solla: On-line learning in soft committee machines, 1995",
            doi="10.1103/PhysRevE.52.4225",
        ),
    )
)

normal_cdf = register(
    Definition(
        name="normal_cdf",
        family="sigmoidal",
        summary="The probability that a standard normal number lies below x: the gate of the GELU.",
        formula="erfc(-x/sqrt(2))/2",
        value=lambda x: 0.5 * erfc(-x * SQRT_HALF),
        slope=lambda x: exp(-0.5 * x * x) * NORMAL_PEAK,
        facts=lambda: Facts(
            range=(0.0, 1.0),
            limits=(0.0, 1.0),
            lipschitz=1 / root(2 * pi),
            monotone="increasing",
            parity=ABOUT_ITS_CENTRE,
        ),
        aliases=("probit", "gaussian_cdf"),
        equivalents={
            "torch": "torch.special.ndtr",
            "jax": "jax.scipy.stats.norm.cdf",
        },
        source=Source(
            "Who first used it as a unit is not established; the model is the probit of Bliss: "
            "The method of probits, 1934",
            doi="10.1126/science.79.2037.38",
        ),
    )
)

LECUN = Exact("1.7159")

lecun_tanh = register(
    Definition(
        name="lecun_tanh",
        family="sigmoidal",
        summary="A tanh stretched so that -1 and 1 are kept: inputs of variance 1 leave with it.",
        formula="1.7159*tanh(2*x/3)",
        value=lambda x: LECUN * elementary.tanh(x * 2 / 3),
        slope=lambda x: 8 * (logistic_slope(x * 4 / 3) * LECUN) / 3,
        facts=lambda: Facts(
            range=(-LECUN, LECUN),
            limits=(-LECUN, LECUN),
            lipschitz=LECUN * 2 / 3,
            monotone="increasing",
            parity="odd",
        ),
        aliases=("scaled_tanh",),
        source=Source(
            "LeCun, Bottou, Orr, Müller: Efficient BackProp, 1998", doi="10.1007/3-540-49430-8_2"
        ),
    )
)

bipolar_sigmoid = register(
    Definition(
        name="bipolar_sigmoid",
        family="sigmoidal",
        summary="The sigmoid stretched to between -1 and 1: a tanh half as steep.",
        formula="(1 - exp(-x))/(1 + exp(-x))",
        value=lambda x: elementary.tanh(0.5 * x),
        slope=lambda x: 2 * logistic_slope(x),
        facts=lambda: Facts(
            range=(-1.0, 1.0),
            limits=(-1.0, 1.0),
            lipschitz=0.5,
            monotone="increasing",
            parity="odd",
        ),
        source=Source("No source is established; textbooks of the 1990s use it throughout"),
    )
)


def _penalized(x: Array, a: float) -> Array:
    t = elementary.tanh(x)
    return maximum(t, 0) + a * minimum(t, 0)


def _penalized_slope(x: Array, a: float) -> Array:
    above = positive(x)
    return (above + a * (1 - above)) * 4 * logistic_slope(2 * x)


penalized_tanh = register(
    Definition(
        name="penalized_tanh",
        family="sigmoidal",
        summary="A tanh whose negative half is made smaller, as a leaky ReLU's is.",
        formula="where(x > 0, tanh(x), a*tanh(x))",
        value=_penalized,
        slope=_penalized_slope,
        parameters=(
            Parameter("a", 0.25, low=0.0, high=1.0, meaning="the factor of the negative half"),
        ),
        facts=lambda a: Facts(
            range=(0.0 - a, 1.0),
            limits=(0.0 - a, 1.0),
            lipschitz=1.0,
            monotone="increasing" if a > 0 else "non-decreasing",
            parity="odd" if a == 1 else None,
            kinks=() if a == 1 else (0.0,),
            at_kinks="" if a == 1 else "the slope at 0 is a, that of the left side",
        ),
        aliases=("penalised_tanh",),
        source=Source(
            "Xu, Huang, Li: Revise saturated activation functions, 2016", arxiv="1602.05980"
        ),
    )
)


def _dyt(x: Array, alpha: float, weight: float, bias: float) -> Array:
    made = elementary.tanh(alpha * x)
    made = made if weight == 1 else weight * made
    return made if bias == 0 else made + bias


def _dyt_slope(x: Array, alpha: float, weight: float, bias: float) -> Array:  # noqa: ARG001
    made = 4 * alpha * logistic_slope(2 * alpha * x)
    return made if weight == 1 else weight * made


dyt = register(
    Definition(
        name="dyt",
        family="sigmoidal",
        summary="A tanh with a learned scale and an affine map, in place of normalisation.",
        formula="weight*tanh(alpha*x) + bias",
        value=_dyt,
        slope=_dyt_slope,
        parameters=(
            Parameter("alpha", 0.5, low=1e-3, high=1e3, meaning="the steepness before the map"),
            Parameter("weight", 1.0, low=1e-3, high=1e3, meaning="the factor, one a channel"),
            Parameter("bias", 0.0, low=-1e3, high=1e3, meaning="what is added, one a channel"),
        ),
        facts=lambda alpha, weight, bias: Facts(
            range=(bias - weight, bias + weight),
            limits=(bias - weight, bias + weight),
            lipschitz=alpha * weight,
            monotone="increasing",
            parity="odd" if bias == 0 else "odd about (0, f(0))",
        ),
        aliases=("dynamic_tanh",),
        source=Source(
            "Zhu, Chen, He, LeCun, Liu: Transformers without normalization, 2025 (weight and bias "
            "are learned for each channel there)",
            arxiv="2503.10622",
        ),
    )
)


def isru_value(x: Array, alpha: float) -> Array:
    """x/sqrt(1 + alpha x^2) without overflow."""
    c = 1 / sqrt(alpha)
    r, q = split_at(x, c)
    inner = r / c
    return copysign(r / sqrt(inner * inner + q * q), x)


def isru_slope(x: Array, alpha: float) -> Array:
    """(1 + alpha x^2)^(-3/2) without overflow."""
    c = 1 / sqrt(alpha)
    r, q = split_at(x, c)
    inner = r / c
    inverse = q / sqrt(inner * inner + q * q)
    return inverse * inverse * inverse


isru = register(
    Definition(
        name="isru",
        family="sigmoidal",
        summary="An S-shape from one inverse square root, cheaper than an exponential.",
        formula="x/sqrt(1 + alpha*x**2)",
        value=isru_value,
        slope=isru_slope,
        parameters=(
            Parameter("alpha", 1.0, low=1e-6, high=1e6, meaning="1 over the square of the limits"),
        ),
        facts=lambda alpha: Facts(
            range=(-1 / root(alpha), 1 / root(alpha)),
            limits=(-1 / root(alpha), 1 / root(alpha)),
            lipschitz=1.0,
            monotone="increasing",
            parity="odd",
        ),
        source=Source(
            "Carlile, Delamarter, Kinney, Marti, Whitney: Improving deep learning by inverse "
            "square root linear units (ISRLUs), 2017",
            arxiv="1710.09967",
        ),
    )
)


def _cloglog_slope(x: Array) -> Array:
    e = exp(minimum(x, 80))
    return e * exp(-e)


cloglog = register(
    Definition(
        name="cloglog",
        family="sigmoidal",
        summary="A lopsided sigmoid: it leaves 0 as the logistic does and reaches 1 much sooner.",
        formula="1 - exp(-exp(x))",
        value=lambda x: -expm1(-exp(x)),
        slope=_cloglog_slope,
        facts=lambda: Facts(
            range=(0.0, 1.0), limits=(0.0, 1.0), lipschitz=exponential(-1), monotone="increasing"
        ),
        aliases=("complementary_log_log",),
        source=Source(
            "Gomes, Ludermir: Complementary log-log and probit: activation functions implemented "
            "in artificial neural networks, 2008"
        ),
    )
)


def _sqnl(x: Array) -> Array:
    near = minimum(maximum(x, -2), 2)
    return near * (1 - absolute(near) / 4)


sqnl = register(
    Definition(
        name="sqnl",
        family="sigmoidal",
        summary="An S-shape of two parabolas: no exponential, and flat outside -2 to 2.",
        formula="where(abs(x) > 2, sign(x), x - x*abs(x)/4)",
        value=_sqnl,
        slope=lambda x: 1 - minimum(absolute(x), 2) / 2,
        facts=lambda: Facts(
            range=(-1.0, 1.0),
            limits=(-1.0, 1.0),
            lipschitz=1.0,
            monotone="non-decreasing",
            parity="odd",
            bends=(-2.0, 0.0, 2.0),
        ),
        aliases=("square_nonlinearity",),
        source=Source(
            "Wuraola, Patel: SQNL: a new computationally efficient activation function, 2018",
            doi="10.1109/IJCNN.2018.8489043",
        ),
    )
)


def _soft_clipping(x: Array, p: float) -> Array:
    # The difference of two softpluses, written as one logarithm that does not cancel.
    u = p * x
    e = exp(minimum(u, 0))
    odds = -expm1(-p) * e / (exp(-maximum(u, 0)) + exp(-p) * e)
    return minimum(log1p(odds) / p, 1)


soft_clipping = register(
    Definition(
        name="soft_clipping",
        family="sigmoidal",
        summary="The identity between 0 and 1 with softened corners, flat outside.",
        formula="log((1 + exp(p*x))/(1 + exp(p*(x - 1))))/p",
        value=_soft_clipping,
        slope=lambda x, p: -expm1(-p) * logistic(p * x) * logistic(p - p * x),
        parameters=(
            Parameter("p", 1.0, low=0.01, high=80.0, meaning="the sharpness of the corners"),
        ),
        facts=lambda p: Facts(
            range=(0.0, 1.0), limits=(0.0, 1.0), lipschitz=tanh(p / 4), monotone="increasing"
        ),
        aliases=("softclipping",),
        source=Source(
            "Klimek, Perelstein: Neural network-based approach to phase space integration, 2018",
            arxiv="1810.11509",
        ),
    )
)
