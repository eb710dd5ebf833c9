"""Zero or a gentle slope for negative inputs, the identity for large ones."""

from __future__ import annotations

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.numerics.elementary import Array, maximum, minimum, positive, where

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
    return maximum(x, 0) + negative_slope * minimum(x, 0)


def _leaky_slope(x: Array, negative_slope: float) -> Array:
    above = positive(x)
    return above + negative_slope * (1 - above)


def _leaky_facts(negative_slope: float) -> Facts:
    flat, straight = negative_slope == 0, negative_slope == 1
    return Facts(
        range=(0.0 if flat else -INF, INF),
        limits=(0.0 if flat else -INF, INF),
        lipschitz=max(1.0, negative_slope),
        monotone="non-decreasing" if flat else "increasing",
        parity="odd" if straight else None,
        kinks=() if straight else (0.0,),
        at_kinks="" if straight else "the slope at 0 is negative_slope, that of the left side",
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
            "keras": "keras.activations.leaky_relu (its default slope is 0.2)",
            "jax": "jax.nn.leaky_relu",
            "onnx": "LeakyRelu",
        },
        source=Source(
            "Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models, "
            "ICML workshop on deep learning for audio, speech and language processing, 2013"
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
