"""Zero or a gentle slope for negative inputs, the identity for large ones."""

from __future__ import annotations

import math

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.numerics.elementary import Array, keep_nan, maximum, minimum, positive, where

relu = register(
    Definition(
        name="relu",
        family="rectified",
        summary="The ramp: cheap and never flat above 0; its mean output is well above 0.",
        formula="max(0, x)",
        value=lambda x: maximum(x, 0),
        slope=positive,
        facts=lambda: Facts(
            range=(0.0, INF),
            limits=(0.0, INF),
            lipschitz=1.0,
            monotone="non-decreasing",
            kinks=(0.0,),
            at_kinks="the slope at 0 is 0, that of the left side",
        ),
        aliases=("ramp", "rectifier"),
        equivalents={
            "torch": "torch.nn.ReLU",
            "keras": "keras.activations.relu",
            "jax": "jax.nn.relu",
            "onnx": "Relu",
        },
        source=Source(
            "Fukushima: Visual feature extraction by a multilayered network of analog threshold "
            "elements, 1969; in deep networks: Nair, Hinton: Rectified linear units improve "
            "restricted Boltzmann machines, 2010",
            doi="10.1109/TSSC.1969.300225",
        ),
    )
)


def _leaky(x: Array, negative_slope: float) -> Array:
    if negative_slope == 0:  # 0 times -inf would be NaN
        return maximum(x, 0)
    return where(x > 0, x, negative_slope * x)


def _leaky_slope(x: Array, negative_slope: float) -> Array:
    return where(x > 0, 1.0, keep_nan(x, negative_slope))


def _leaky_facts(**named: float) -> Facts:
    ((name, below),) = named.items()
    return Facts(
        range=(0.0 if below <= 0 else -INF, INF),
        limits=(0.0 if below == 0 else math.copysign(INF, -below), INF),
        lipschitz=max(1.0, abs(below)),
        monotone=None if below < 0 else "increasing" if below > 0 else "non-decreasing",
        parity={1.0: "odd", -1.0: "even"}.get(below),
        kinks=() if below == 1 else (0.0,),
        at_kinks="" if below == 1 else f"the slope at 0 is {name}, that of the left side",
    )


leaky_relu = register(
    Definition(
        name="leaky_relu",
        family="rectified",
        summary="A ReLU that lets a little through below 0, so that no unit stays silent.",
        formula="where(x > 0, x, negative_slope*x)",
        value=_leaky,
        slope=_leaky_slope,
        parameters=(
            Parameter("negative_slope", 0.01, low=0.0, high=1e6, meaning="the slope below 0"),
        ),
        facts=_leaky_facts,
        aliases=("leakyrelu", "lrelu"),
        equivalents={
            "torch": "torch.nn.LeakyReLU",
            "keras": "keras.activations.leaky_relu (default slope 0.2; of its layer LeakyReLU 0.3)",
            "jax": "jax.nn.leaky_relu",
            "onnx": "LeakyRelu",
        },
        source=Source(
            "Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models, "
            "ICML workshop on deep learning for audio, speech and language processing, 2013"
        ),
    )
)


prelu = register(
    Definition(
        name="prelu",
        family="rectified",
        summary="A leaky ReLU whose slope below 0 is learned: here it is a number that you set.",
        formula="where(x > 0, x, weight*x)",
        value=_leaky,
        slope=_leaky_slope,
        parameters=(Parameter("weight", 0.25, low=-1e6, high=1e6, meaning="the slope below 0"),),
        facts=_leaky_facts,
        equivalents={
            "torch": "torch.nn.PReLU",
            "keras": "keras.layers.PReLU (its weights start at 0)",
            "onnx": "PRelu",
            "timm": "timm.layers.PReLU",
        },
        source=Source(
            "He, Zhang, Ren, Sun: Delving deep into rectifiers: surpassing human-level "
            "performance on ImageNet classification, 2015",
            arxiv="1502.01852",
        ),
    )
)

rrelu = register(
    Definition(
        name="rrelu",
        family="rectified",
        summary="The leaky ReLU that remains of the randomised one after training: its mean slope.",
        formula="where(x > 0, x, (lower + upper)/2*x)",
        value=lambda x, lower, upper: _leaky(x, (lower + upper) / 2),
        slope=lambda x, lower, upper: _leaky_slope(x, (lower + upper) / 2),
        parameters=(
            Parameter("lower", 1 / 8, low=0.0, high=1.0, meaning="the least slope drawn below 0"),
            Parameter("upper", 1 / 3, low=0.0, high=1.0, meaning="the largest slope drawn below 0"),
        ),
        facts=lambda lower, upper: _leaky_facts(**{"the mean slope": (lower + upper) / 2}),
        equivalents={"torch": "torch.nn.RReLU (in evaluation; training draws the slope)"},
        source=Source(
            "Xu, Wang, Chen, Li: Empirical evaluation of rectified activations in convolutional "
            "network, 2015",
            arxiv="1505.00853",
        ),
    )
)

relu6 = register(
    Definition(
        name="relu6",
        family="rectified",
        summary="A ReLU that is cut off at 6, so that low precision suffices.",
        formula="min(max(0, x), 6)",
        value=lambda x: minimum(maximum(x, 0), 6),
        slope=lambda x: where((x > 0) & (x < 6), 1.0, keep_nan(x, 0.0)),
        facts=lambda: Facts(
            range=(0.0, 6.0),
            limits=(0.0, 6.0),
            lipschitz=1.0,
            monotone="non-decreasing",
            kinks=(0.0, 6.0),
            at_kinks="the slope at both corners is 0, that of the outer sides",
        ),
        equivalents={
            "torch": "torch.nn.ReLU6",
            "keras": "keras.activations.relu6",
            "jax": "jax.nn.relu6",
        },
        source=Source(
            "Krizhevsky: Convolutional deep belief networks on CIFAR-10, technical report, "
            "University of Toronto, 2010"
        ),
    )
)


def _hard_swish(x: Array) -> Array:
    # The bound at -3 is where the gate closes, so that no infinity meets a zero; dividing the
    # gate by 6 before the product keeps large inputs from overflowing.
    return maximum(x, -3) * (minimum(maximum(x + 3, 0), 6) / 6)


def _hard_swish_slope(x: Array) -> Array:
    inside = (2 * maximum(minimum(x, 3), -3) + 3) / 6
    return where(x >= 3, 1.0, where(x <= -3, 0.0, inside))


hard_swish = register(
    Definition(
        name="hard_swish",
        family="rectified",
        summary="The SiLU without its exponential: x gated by the hard sigmoid.",
        formula="x*min(max(x/6 + 1/2, 0), 1)",
        value=_hard_swish,
        slope=_hard_swish_slope,
        facts=lambda: Facts(
            range=(-0.375, INF),
            limits=(0.0, INF),
            lipschitz=1.5,
            kinks=(-3.0, 3.0),
            at_kinks="the slope at -3 is 0 and at 3 is 1, those of the outer sides",
        ),
        aliases=("hardswish", "hard_silu"),
        equivalents={
            "torch": "torch.nn.Hardswish",
            "keras": "keras.activations.hard_silu",
            "jax": "jax.nn.hard_silu",
            "onnx": "HardSwish",
        },
        source=Source("Howard et al.: Searching for MobileNetV3, 2019", arxiv="1905.02244"),
    )
)
