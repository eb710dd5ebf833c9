"""S-shaped functions with two horizontal limits: sigmoid, tanh, softsign, hard sigmoids."""

from __future__ import annotations

from ogive.functions.activation import Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.numerics.elementary import (
    Array,
    absolute,
    keep_nan,
    logistic,
    logistic_slope,
    maximum,
    minimum,
    positive,
    tanh,
    where,
)

ABOUT_ITS_CENTRE = "odd about (0, f(0))"
OUTER = "the slope at both corners is 0, that of the outer sides"

sigmoid = register(
    Definition(
        name="sigmoid",
        family="sigmoidal",
        summary="Squashes to between 0 and 1, readable as a probability; 0.5 at the offset.",
        formula="1/(1 + exp(-x + offset))",
        value=lambda x, offset: logistic(x - offset),
        slope=lambda x, offset: logistic_slope(x - offset),
        parameters=(
            Parameter(
                "offset", 0.0, low=-1e6, high=1e6, meaning="the input at which the value is 0.5"
            ),
        ),
        facts=lambda offset: Facts(
            range=(0.0, 1.0),
            limits=(0.0, 1.0),
            lipschitz=0.25,
            monotone="increasing",
            parity=ABOUT_ITS_CENTRE if offset == 0 else None,
        ),
        aliases=("logistic", "expit"),
        equivalents={
            "torch": "torch.nn.Sigmoid",
            "keras": "keras.activations.sigmoid",
            "jax": "jax.nn.sigmoid",
            "onnx": "Sigmoid",
        },
        source=Source(
            "The curve is Verhulst's logistic of 1838; as a hidden unit: Rumelhart, Hinton, "
            "Williams: Learning representations by back-propagating errors, 1986",
            doi="10.1038/323533a0",
        ),
    )
)

tanh_entry = register(
    Definition(
        name="tanh",
        family="sigmoidal",
        summary="A sigmoid stretched to between -1 and 1, so that its mean output is near 0.",
        formula="(exp(x) - exp(-x))/(exp(x) + exp(-x))",
        value=tanh,
        slope=lambda x: 4 * logistic_slope(2 * x),
        facts=lambda: Facts(
            range=(-1.0, 1.0),
            limits=(-1.0, 1.0),
            lipschitz=1.0,
            monotone="increasing",
            parity="odd",
        ),
        aliases=("hyperbolic_tangent",),
        equivalents={
            "torch": "torch.nn.Tanh",
            "keras": "keras.activations.tanh",
            "jax": "jax.nn.tanh",
            "onnx": "Tanh",
        },
        source=Source(
            "Its first use as a unit is not established; the case for it as a hidden unit is made "
            "in LeCun, Bottou, Orr, Müller: Efficient BackProp, 1998",
            doi="10.1007/3-540-49430-8_2",
        ),
    )
)


def _softsign(x: Array) -> Array:
    # Beyond 1e30 the value has long rounded to 1; the bound keeps infinity over infinity away.
    x = maximum(minimum(x, 1e30), -1e30)
    return x / (1 + absolute(x))


def _softsign_slope(x: Array) -> Array:
    r = 1 / (1 + absolute(x))
    return r * r


softsign = register(
    Definition(
        name="softsign",
        family="sigmoidal",
        summary="Like tanh, but nears its limits as 1/x does: it saturates far more slowly.",
        formula="x/(1 + abs(x))",
        value=_softsign,
        slope=_softsign_slope,
        facts=lambda: Facts(
            range=(-1.0, 1.0),
            limits=(-1.0, 1.0),
            lipschitz=1.0,
            monotone="increasing",
            parity="odd",
        ),
        aliases=("soft_sign", "elliott"),
        equivalents={
            "torch": "torch.nn.Softsign",
            "keras": "keras.activations.softsign",
            "jax": "jax.nn.soft_sign",
            "onnx": "Softsign",
        },
        source=Source(
            "Bergstra, Desjardins, Lamblin, Bengio: Quadratic polynomials learn better image "
            "features, technical report 1337, University of Montreal, 2009"
        ),
    )
)

hard_sigmoid = register(
    Definition(
        name="hard_sigmoid",
        family="sigmoidal",
        summary="A sigmoid made of three straight pieces: cheap, and flat outside -3 to 3.",
        formula="min(max(x/6 + 1/2, 0), 1)",
        # Clamping x + 3 rather than x/6 + 1/2 keeps the digits of values near 0.
        value=lambda x: minimum(maximum(x + 3, 0), 6) / 6,
        slope=lambda x: where((x > -3) & (x < 3), 1 / 6, keep_nan(x, 0.0)),
        facts=lambda: Facts(
            range=(0.0, 1.0),
            limits=(0.0, 1.0),
            lipschitz=1 / 6,
            monotone="non-decreasing",
            parity=ABOUT_ITS_CENTRE,
            kinks=(-3.0, 3.0),
            at_kinks=OUTER,
        ),
        aliases=("hardsigmoid",),
        equivalents={
            "torch": "torch.nn.Hardsigmoid",
            "keras": "keras.activations.hard_sigmoid",
            "jax": "jax.nn.hard_sigmoid",
        },
        source=Source(
            "In this form: Howard et al.: Searching for MobileNetV3, 2019", arxiv="1905.02244"
        ),
    )
)


def _corners(alpha: float, beta: float) -> tuple[float, float]:
    return 0.0 - beta / alpha, (1 - beta) / alpha


def _hard_sigmoid(x: Array, alpha: float, beta: float) -> Array:
    return minimum(maximum(alpha * x + beta, 0), 1)


def _hard_sigmoid_slope(x: Array, alpha: float, beta: float) -> Array:
    low, high = _corners(alpha, beta)
    return alpha * positive(x - low) * positive(high - x)


hard_sigmoid_onnx = register(
    Definition(
        name="hard_sigmoid_onnx",
        family="sigmoidal",
        summary="The hard sigmoid of ONNX, Keras 2 and Theano: its slope is 0.2, not 1/6.",
        formula="min(max(alpha*x + beta, 0), 1)",
        value=_hard_sigmoid,
        slope=_hard_sigmoid_slope,
        parameters=(
            Parameter("alpha", 0.2, low=1e-3, high=1e3, meaning="the slope of the middle piece"),
            Parameter("beta", 0.5, low=0.0, high=1.0, meaning="the value at 0"),
        ),
        facts=lambda alpha, beta: Facts(
            range=(0.0, 1.0),
            limits=(0.0, 1.0),
            lipschitz=alpha,
            monotone="non-decreasing",
            parity=ABOUT_ITS_CENTRE if beta == 0.5 else None,
            kinks=_corners(alpha, beta),
            at_kinks=OUTER,
        ),
        aliases=("hard_sigmoid_keras2",),
        equivalents={
            "keras": "keras.activations.hard_sigmoid (of Keras 2; Keras 3 has 1/6)",
            "onnx": "HardSigmoid",
        },
        source=Source(
            "Its first use is not established; an early one is Courbariaux, Bengio, David: "
            "BinaryConnect, 2015 (there with slope 1/2)",
            arxiv="1511.00363",
        ),
    )
)

sparse_sigmoid = register(
    Definition(
        name="sparse_sigmoid",
        family="sigmoidal",
        summary="A hard sigmoid between -1 and 1: the slope of sparse_plus, the sparsemax of two.",
        formula="min(max((x + 1)/2, 0), 1)",
        value=lambda x: minimum(maximum(x + 1, 0), 2) / 2,
        slope=lambda x: 0.5 * positive(x + 1) * positive(1 - x),
        facts=lambda: Facts(
            range=(0.0, 1.0),
            limits=(0.0, 1.0),
            lipschitz=0.5,
            monotone="non-decreasing",
            parity=ABOUT_ITS_CENTRE,
            kinks=(-1.0, 1.0),
            at_kinks=OUTER,
        ),
        equivalents={
            "keras": "keras.activations.sparse_sigmoid",
            "jax": "jax.nn.sparse_sigmoid",
        },
        source=Source(
            "Martins, Astudillo: From softmax to sparsemax: a sparse model of attention and "
            "multi-label classification, 2016 (its sparsemax of two classes)",
            arxiv="1602.02068",
        ),
    )
)
