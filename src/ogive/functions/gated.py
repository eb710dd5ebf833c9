"""x times a gate that opens as x grows: the Swish and its many relatives."""

from __future__ import annotations

from math import e
from math import sqrt as root

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.functions.smooth import FAR, bounded, gelu
from ogive.numerics.elementary import (
    Array,
    erf,
    exp,
    expm1,
    log1p,
    logistic,
    logistic_slope,
    maximum,
    minimum,
    softplus,
    tanh,
    where,
)
from ogive.numerics.exact import TWO_BY_ROOT_PI, Exact

LOWEST = -0.2784645427610738  # of x times its logistic, near x = -1.278
STEEPEST = 1.099839320128867  # the slope of the same, near x = 2.399


def _swish(x: Array, beta: float) -> Array:
    return maximum(x, -FAR / beta) * logistic(beta * x)


def _swish_slope(x: Array, beta: float) -> Array:
    u = beta * x
    return logistic(u) + bounded(u, FAR) * logistic_slope(u)


swish_beta = register(
    Definition(
        name="swish_beta",
        family="gated",
        summary="The Swish with its sharpness free: x/2 for beta near 0, the ReLU for a large one.",
        formula="x/(1 + exp(-beta*x))",
        value=_swish,
        slope=_swish_slope,
        parameters=(
            Parameter("beta", 1.0, low=1e-6, high=1e6, meaning="the sharpness of the gate"),
        ),
        facts=lambda beta: Facts(range=(LOWEST / beta, INF), limits=(0.0, INF), lipschitz=STEEPEST),
        equivalents={"onnx": "Swish (its beta is called alpha)"},
        source=Source(
            "Ramachandran, Zoph, Le: Searching for activation functions, 2017", arxiv="1710.05941"
        ),
    )
)

e_swish = register(
    Definition(
        name="e_swish",
        family="gated",
        summary="The SiLU times a constant between 1 and 2.",
        formula="beta*x/(1 + exp(-x))",
        value=lambda x, beta: beta * _swish(x, 1.0),
        slope=lambda x, beta: beta * _swish_slope(x, 1.0),
        parameters=(Parameter("beta", 1.5, low=1.0, high=2.0, meaning="the factor"),),
        facts=lambda beta: Facts(
            range=(beta * LOWEST, INF), limits=(0.0, INF), lipschitz=beta * STEEPEST
        ),
        aliases=("eswish",),
        source=Source(
            "Alcaide: E-swish: adjusting activations to different network depths, 2018 (the paper "
            "sets no default; 1.5 is ours)",
            arxiv="1801.07145",
        ),
    )
)

QUICK = Exact("1.702")

quick_gelu = register(
    Definition(
        name="quick_gelu",
        family="gated",
        summary="The GELU with a logistic for its gate; differs from it by up to 0.02.",
        formula="x/(1 + exp(-1.702*x))",
        value=lambda x: _swish(x, QUICK),
        slope=lambda x: _swish_slope(x, QUICK),
        facts=lambda: Facts(range=(LOWEST / QUICK, INF), limits=(0.0, INF), lipschitz=STEEPEST),
        aliases=("quickgelu", "gelu_sigmoid"),
        equivalents={"timm": "timm.layers.QuickGELU"},
        source=Source(
            "Hendrycks, Gimpel: Gaussian error linear units, 2016 (OpenAI's CLIP gave the name)",
            arxiv="1606.08415",
        ),
    )
)


def _gate_of_aptx(x: Array, beta: float, alpha: float) -> Array:
    """alpha + tanh(beta*x); on the left as a logistic, which does not cancel where alpha is 1."""
    left = (alpha - 1) + 2 * logistic(2 * beta * x)
    return where(beta * x < -1, left, alpha + tanh(beta * x))


def _aptx(x: Array, beta: float, gamma: float, alpha: float) -> Array:
    if alpha == 1:
        # (1 + tanh(u))/2 is the logistic of 2u; with it x times the gate vanishes on the left.
        return 2 * gamma * maximum(x, -FAR / beta) * logistic(2 * beta * x)
    return (gamma * _gate_of_aptx(x, beta, alpha)) * x


def _aptx_slope(x: Array, beta: float, gamma: float, alpha: float) -> Array:
    if alpha == 1:
        return (2 * gamma) * _swish_slope(x, 2 * beta)
    u = bounded(beta * x, FAR)
    return gamma * (_gate_of_aptx(x, beta, alpha) + 4 * u * logistic_slope(2 * u))


def _aptx_facts(beta: float, gamma: float, alpha: float) -> Facts:
    # With u = 2*beta*x it is gamma/beta*(u*(alpha - 1)/2 + swish(u)).
    lift = (alpha - 1) / 2
    lowest = -INF if alpha > 1 else LOWEST
    if alpha < 1:  # both sides rise; between them the swish's slope is -lift
        low, high = -1.3, 0.0
        for _ in range(60):
            u = (low + high) / 2
            share = 1 / (1 + e**-u)
            low, high = (u, high) if share + u * share * (1 - share) < -lift else (low, u)
        lowest = high * lift + high / (1 + e**-high)
    return Facts(
        range=(gamma / beta * lowest, INF),
        limits=(0.0 if alpha == 1 else INF if alpha < 1 else -INF, INF),
        lipschitz=2 * gamma * (lift + STEEPEST),
        monotone="increasing" if lift > STEEPEST - 1 else None,
        parity="even" if alpha == 0 else None,
    )


aptx = register(
    Definition(
        name="aptx",
        family="gated",
        summary="x gated by a tanh: with the defaults it is x times the logistic of 2x.",
        formula="gamma*x*(alpha + tanh(beta*x))",
        value=_aptx,
        slope=_aptx_slope,
        parameters=(
            Parameter("beta", 1.0, low=1e-3, high=1e3, meaning="the sharpness of the gate"),
            Parameter("gamma", 0.5, low=1e-3, high=1e3, meaning="the factor of the product"),
            Parameter(
                "alpha",
                1.0,
                low=0.0,
                high=1e3,
                meaning="what is added to the tanh: with 1 the gate closes on the left, with 0 "
                "the function is even",
            ),
        ),
        facts=_aptx_facts,
        source=Source(
            "Kumar: APTx: better activation function than MISH, SWISH, and ReLU's variants used "
            "in deep learning, 2022",
            arxiv="2209.06119",
        ),
    )
)


def _dsilu_slope(x: Array) -> Array:
    near = bounded(x, FAR)
    return logistic_slope(x) * (2 - near * tanh(0.5 * near))


dsilu = register(
    Definition(
        name="dsilu",
        family="gated",
        summary="The derivative of the SiLU: a steeper sigmoid that overshoots on both sides.",
        formula="(1 + x*exp(-x)/(1 + exp(-x)))/(1 + exp(-x))",
        value=lambda x: _swish_slope(x, 1.0),
        slope=_dsilu_slope,
        facts=lambda: Facts(
            range=(1 - STEEPEST, STEEPEST),
            limits=(0.0, 1.0),
            lipschitz=0.5,
            parity="odd about (0, f(0))",
        ),
        source=Source(
            "Elfwing, Uchibe, Doya: Sigmoid-weighted linear units for neural network function "
            "approximation in reinforcement learning, 2017",
            arxiv="1702.03118",
        ),
    )
)


def _lisht_slope(x: Array) -> Array:
    return tanh(x) + bounded(x, FAR) * (4 * logistic_slope(2 * x))


lisht = register(
    Definition(
        name="lisht",
        family="gated",
        summary="x times its tanh: a rounded absolute value, never negative.",
        formula="x*tanh(x)",
        value=lambda x: x * tanh(x),
        slope=_lisht_slope,
        facts=lambda: Facts(
            range=(0.0, INF), limits=(INF, INF), lipschitz=1.1996786402577338, parity="even"
        ),
        source=Source(
            "Roy, Manna, Dubey, Chaudhuri: LiSHT: non-parametric linearly scaled hyperbolic "
            "tangent activation function for neural networks, 2019",
            arxiv="1901.05894",
        ),
    )
)


def _serf_slope(x: Array) -> Array:
    s = softplus(x)
    return erf(s) + bounded(x, FAR) * (exp(-s * s) * logistic(x) * TWO_BY_ROOT_PI)


serf = register(
    Definition(
        name="serf",
        family="gated",
        summary="x gated by the error function of its softplus; dips to -0.35 below 0 and returns.",
        formula="x*erf(log(1 + exp(x)))",
        value=lambda x: maximum(x, -FAR) * erf(softplus(x)),
        slope=_serf_slope,
        facts=lambda: Facts(
            range=(-0.3484374587596064, INF), limits=(0.0, INF), lipschitz=1.0861254441509972
        ),
        source=Source(
            "Nag, Bhattacharyya: SERF: towards better training of deep neural networks using "
            "log-softplus error activation function, 2021",
            arxiv="2108.09598",
        ),
    )
)


def _tanhexp_slope(x: Array) -> Array:
    e = exp(minimum(x, 80))  # by then the gate is open
    return tanh(e) + bounded(x, FAR) * (e * (4 * logistic_slope(2 * e)))


tanhexp = register(
    Definition(
        name="tanhexp",
        family="gated",
        summary="x gated by the tanh of its exponential; dips to -0.35. TeLU is the same function.",
        formula="x*tanh(exp(x))",
        value=lambda x: maximum(x, -FAR) * tanh(exp(x)),
        slope=_tanhexp_slope,
        facts=lambda: Facts(
            range=(-0.3532857778482113, INF), limits=(0.0, INF), lipschitz=1.061975308717916
        ),
        aliases=("telu", "tanh_exp"),
        source=Source(
            "Liu, Di: TanhExp: a smooth activation function with high convergence speed for "
            "lightweight neural networks, 2020; as TeLU: Fernandez, Mali: TeLU activation function "
            "for fast and stable deep learning, 2024 (arXiv:2412.20269)",
            arxiv="2003.09855",
        ),
    )
)


# tanh(log(y)) is (y^2 - 1)/(y^2 + 1); with y = 1 + s nothing cancels.
def _smish(x: Array) -> Array:
    s = logistic(x)
    above = s * (2 + s)
    return maximum(x, -FAR) * (above / (above + 2))


def _smish_slope(x: Array) -> Array:
    s = logistic(x)
    above = s * (2 + s)
    below = above + 2
    bend = 4 * (1 + s) / (below * below) * logistic_slope(x)
    return above / below + bounded(x, FAR) * bend


smish = register(
    Definition(
        name="smish",
        family="gated",
        summary="x gated by the tanh of log(1 + sigmoid): a slope of 0.6 far above 0.",
        formula="x*tanh(log(1 + 1/(1 + exp(-x))))",
        value=_smish,
        slope=_smish_slope,
        facts=lambda: Facts(
            range=(-0.2499936636601295, INF), limits=(0.0, INF), lipschitz=0.6368842228812263
        ),
        source=Source(
            "Wang, Ren, Wang: Smish: a novel activation function for deep learning methods, "
            "Electronics 11, 2022"
        ),
    )
)


def _logish_slope(x: Array) -> Array:
    s = logistic(x)
    return log1p(s) + bounded(x, FAR) * (logistic_slope(x) / (1 + s))


logish = register(
    Definition(
        name="logish",
        family="gated",
        summary="x gated by log(1 + sigmoid): a slope of log(2) far above 0.",
        formula="x*log(1 + 1/(1 + exp(-x)))",
        value=lambda x: maximum(x, -FAR) * log1p(logistic(x)),
        slope=_logish_slope,
        facts=lambda: Facts(
            range=(-0.2527688167894404, INF), limits=(0.0, INF), lipschitz=0.7463111804127397
        ),
        source=Source(
            "Zhu, Zeng, Liu, Zhang: Logish: a new nonlinear nonmonotonic activation function for "
            "convolutional neural network, Neurocomputing 458, 2021"
        ),
    )
)


def _phish_slope(x: Array) -> Array:
    g = gelu.value(x)
    return tanh(g) + bounded(x, FAR) * (4 * logistic_slope(2 * g)) * gelu.slope(x)


phish = register(
    Definition(
        name="phish",
        family="gated",
        summary="x gated by the tanh of its GELU: never negative, with a small hump below 0.",
        formula="x*tanh(x*erfc(-x/sqrt(2))/2)",
        value=lambda x: maximum(x, -FAR) * tanh(gelu.value(x)),
        slope=_phish_slope,
        facts=lambda: Facts(range=(0.0, INF), limits=(0.0, INF), lipschitz=1.2983066733058115),
        source=Source(
            "Naveen: Phish: a novel hyper-optimizable activation function, 2021",
            doi="10.36227/techrxiv.17283824",
        ),
    )
)


def _bent(x: Array) -> Array:
    return maximum(x, 0) + expm1(minimum(x, 0))


def _elish_slope(x: Array) -> Array:
    return exp(minimum(x, 0)) * logistic(x) + _bent(minimum(x, FAR)) * logistic_slope(x)


elish = register(
    Definition(
        name="elish",
        family="gated",
        summary="An ELU gated by the sigmoid: the SiLU above 0, and back to 0 faster below.",
        formula="where(x >= 0, x, exp(x) - 1)/(1 + exp(-x))",
        value=lambda x: _bent(x) * logistic(x),
        slope=_elish_slope,
        facts=lambda: Facts(range=(2 * root(2) - 3, INF), limits=(0.0, INF), lipschitz=STEEPEST),
        source=Source(
            "Basirat, Roth: The quest for the golden activation function, 2018", arxiv="1808.00783"
        ),
    )
)
