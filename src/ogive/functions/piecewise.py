"""Rectifiers and their relatives made of parabolas and straight lines, or of a logarithm."""

from __future__ import annotations

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.numerics.elementary import (
    Array,
    absolute,
    exp,
    expm1,
    log,
    log1p,
    maximum,
    minimum,
    positive,
    where,
)


def _squared_relu(x: Array) -> Array:
    above = maximum(x, 0)
    return above * above


squared_relu = register(
    Definition(
        name="squared_relu",
        family="rectified",
        summary="The square of the ReLU: no corner at 0, and steeper the larger its input.",
        formula="max(0, x)**2",
        value=_squared_relu,
        slope=lambda x: 2 * maximum(x, 0),
        facts=lambda: Facts(
            range=(0.0, INF), limits=(0.0, INF), lipschitz=INF, monotone="non-decreasing"
        ),
        aliases=("relu2", "relu_squared"),
        source=Source(
            "So, Mańke, Liu, Dai, Shazeer, Le: Primer: searching for efficient transformers for "
            "language modeling, 2021",
            arxiv="2109.08668",
        ),
    )
)

star_relu = register(
    Definition(
        name="star_relu",
        family="rectified",
        summary="A squared ReLU scaled and shifted: a normal input gives mean 0 and variance 1.",
        formula="scale*max(0, x)**2 + bias",
        # The factor goes first, so that no square overflows that it would bring back.
        value=lambda x, scale, bias: scale * maximum(x, 0) * maximum(x, 0) + bias,
        slope=lambda x, scale, bias: 2 * scale * maximum(x, 0),
        parameters=(
            Parameter("scale", 0.8944, low=1e-3, high=1e3, meaning="the factor of the square"),
            Parameter("bias", -0.4472, low=-1e6, high=1e6, meaning="the value below 0"),
        ),
        facts=lambda scale, bias: Facts(
            range=(bias, INF), limits=(bias, INF), lipschitz=INF, monotone="non-decreasing"
        ),
        aliases=("starrelu",),
        source=Source(
            "Yu, Si, Zhou, Luo, Zhou, Feng, Yan, Wang: MetaFormer baselines for vision, 2022",
            arxiv="2210.13452",
        ),
    )
)

square = register(
    Definition(
        name="square",
        family="rectified",
        summary="The square: a network of such units computes a polynomial.",
        formula="x**2",
        value=lambda x: x * x,
        slope=lambda x: 2 * x,
        facts=lambda: Facts(range=(0.0, INF), limits=(INF, INF), lipschitz=INF, parity="even"),
        aliases=("quadratic",),
        equivalents={
            "torch": "torch.square",
            "keras": "keras.ops.square",
            "jax": "jax.numpy.square",
        },
        source=Source(
            "Who first used it is not established; such networks are analysed in Livni, "
            "Shalev-Shwartz, Shamir: On the computational efficiency of training neural "
            "networks, 2014",
            arxiv="1410.1141",
        ),
    )
)

absolute_entry = register(
    Definition(
        name="absolute",
        family="rectified",
        summary="The absolute value: it keeps the size of its input and forgets the sign.",
        formula="abs(x)",
        value=absolute,
        slope=lambda x: positive(x) - positive(-x),
        facts=lambda: Facts(
            range=(0.0, INF),
            limits=(INF, INF),
            lipschitz=1.0,
            parity="even",
            kinks=(0.0,),
            at_kinks="the slope at 0 is 0, the mean of both sides",
        ),
        aliases=("modulus",),
        equivalents={
            "torch": "torch.abs",
            "keras": "keras.ops.absolute",
            "jax": "jax.numpy.abs",
            "onnx": "Abs",
        },
        source=Source(
            "Jarrett, Kavukcuoglu, Ranzato, LeCun: What is the best multi-stage architecture for "
            "object recognition?, 2009",
            doi="10.1109/ICCV.2009.5459469",
        ),
    )
)


def _risen(x: Array, beta: float) -> Array:
    return minimum(maximum(x + beta, 0), 2 * beta)


def _smelu(x: Array, beta: float) -> Array:
    risen = _risen(x, beta)
    return risen * (risen / (4 * beta)) + maximum(x - beta, 0)


smelu = register(
    Definition(
        name="smelu",
        family="rectified",
        summary="A ReLU whose corner is a parabola between -beta and beta.",
        formula="where(x <= -beta, 0, where(x >= beta, x, (x + beta)**2/(4*beta)))",
        value=_smelu,
        slope=lambda x, beta: _risen(x, beta) / (2 * beta),
        parameters=(
            Parameter("beta", 1.0, low=1e-6, high=1e6, meaning="half the width of the parabola"),
        ),
        facts=lambda beta: Facts(
            range=(0.0, INF),
            limits=(0.0, INF),
            lipschitz=1.0,
            monotone="non-decreasing",
            bends=(-beta, beta),
        ),
        aliases=("sparse_plus", "sparseplus"),
        equivalents={
            "keras": "keras.activations.sparse_plus",
            "jax": "jax.nn.sparse_plus",
        },
        source=Source(
            "Shamir, Lin: Real world large scale recommendation systems reproducibility and "
            "smooth activations, 2022; as sparse_plus, with beta = 1, it came with JAX",
            arxiv="2202.06499",
        ),
    )
)

hard_mish = register(
    Definition(
        name="hard_mish",
        family="rectified",
        summary="The Mish made of a parabola between -2 and 0 and straight lines outside.",
        formula="x/2*min(2, max(0, x + 2))",
        # Bounding x where the gate closes keeps infinity times zero away.
        value=lambda x: maximum(x, -2) * (minimum(maximum(x + 2, 0), 2) / 2),
        slope=lambda x: positive(x + 2) * (minimum(maximum(x, -2), 0) + 1),
        facts=lambda: Facts(
            range=(-0.5, INF),
            limits=(0.0, INF),
            lipschitz=1.0,
            kinks=(-2.0,),
            at_kinks="the slope at -2 is 0, that of the left side",
        ),
        aliases=("hardmish",),
        equivalents={"timm": "timm.layers.HardMish"},
        source=Source("No paper is established; Misra published it as code (H-Mish), timm has it"),
    )
)


def _hard_elish(x: Array) -> Array:
    gate = minimum(maximum(x + 1, 0), 2) / 2
    return (maximum(x, 0) + expm1(minimum(x, 0))) * gate


def _hard_elish_slope(x: Array) -> Array:
    below, above = minimum(maximum(x, -1), 0), minimum(maximum(x, 0), 1)
    inside = 0.5 * (exp(below) * (below + 1) + expm1(below)) + above
    # Inside it ends at 1.5; from 1 on the slope is 1. In this order the 0 below -1 is no -0.
    return 0.5 * (positive(1 - x) - 1) + positive(x + 1) * inside


hard_elish = register(
    Definition(
        name="hard_elish",
        family="rectified",
        summary="The ELiSH with a gate of three straight pieces: 0 below -1, the identity above 1.",
        formula="where(x >= 0, x, exp(x) - 1)*min(max((x + 1)/2, 0), 1)",
        value=_hard_elish,
        slope=_hard_elish_slope,
        facts=lambda: Facts(
            range=(-0.09967315152874262, INF),
            limits=(0.0, INF),
            lipschitz=1.5,
            kinks=(-1.0, 1.0),
            at_kinks="the slope at -1 is 0 and at 1 is 1, those of the outer sides",
        ),
        aliases=("hardelish",),
        source=Source(
            "Basirat, Roth: The quest for the golden activation function, 2018", arxiv="1808.00783"
        ),
    )
)


def _scaled(factor: float, part: Array) -> Array:
    return factor * part if factor else 0.0  # 0 times infinity would be NaN


def _srelu(x: Array, left: float, a: float, right: float, b: float) -> Array:
    middle = minimum(maximum(x, left), right)
    return middle + _scaled(a, minimum(x - left, 0)) + _scaled(b, maximum(x - right, 0))


def _srelu_slope(x: Array, left: float, a: float, right: float, b: float) -> Array:
    risen, over = positive(x - left), 1 - positive(right - x)
    return a * (1 - risen) + risen * ((1 - over) + b * over)


def _srelu_facts(left: float, left_slope: float, right: float, right_slope: float) -> Facts:
    if left == right:
        kinks = (left,) if left_slope != right_slope else ()
    else:
        kinks = (*((left,) if left_slope != 1 else ()), *((right,) if right_slope != 1 else ()))
    low, high = left if left_slope == 0 else -INF, right if right_slope == 0 else INF
    slopes = [left_slope, right_slope, *([1.0] if left < right else [])]
    return Facts(
        range=(low, high),
        limits=(low, high),
        lipschitz=max(slopes),
        monotone="increasing" if min(slopes) > 0 else "non-decreasing",
        parity="odd" if left == -right and left_slope == right_slope else None,
        kinks=kinks,
        at_kinks="the slopes at the corners are those of the outer sides" if kinks else "",
    )


srelu = register(
    Definition(
        name="srelu",
        family="rectified",
        summary="Three straight pieces, the identity in the middle; all four numbers are learned.",
        formula="where(x <= left, left + left_slope*(x - left), "
        "where(x >= right, right + right_slope*(x - right), x))",
        value=_srelu,
        slope=_srelu_slope,
        parameters=(
            Parameter("left", -1.0, low=-1e6, high=0.0, meaning="the left corner"),
            Parameter("left_slope", 0.2, low=0.0, high=1e6, meaning="the slope left of it"),
            Parameter("right", 1.0, low=0.0, high=1e6, meaning="the right corner"),
            Parameter("right_slope", 0.2, low=0.0, high=1e6, meaning="the slope right of it"),
        ),
        facts=_srelu_facts,
        source=Source(
            "Jin, Xu, Feng, Wei, Xiong, Yan: Deep learning with S-shaped rectified linear "
            "activation units, 2015 (the paper sets no defaults; these are ours)",
            arxiv="1512.07030",
        ),
    )
)


def _nlrelu(x: Array, beta: float) -> Array:
    above = maximum(x, 0)
    # Far out in two parts, so that the product does not overflow.
    far = log(maximum(above, 1e30)) + log(beta)
    return where(above > 1e30, far, log1p(beta * minimum(above, 1e30)))


def _nlrelu_slope(x: Array, beta: float) -> Array:
    # Divided through by beta, so that nothing overflows.
    return positive(x) / (1 / beta + maximum(x, 0))


nlrelu = register(
    Definition(
        name="nlrelu",
        family="rectified",
        summary="The logarithm of a ReLU: it grows ever more slowly.",
        formula="log(1 + beta*max(0, x))",
        value=_nlrelu,
        slope=_nlrelu_slope,
        parameters=(Parameter("beta", 1.0, low=1e-3, high=1e3, meaning="the slope just above 0"),),
        facts=lambda beta: Facts(
            range=(0.0, INF),
            limits=(0.0, INF),
            lipschitz=beta,
            monotone="non-decreasing",
            kinks=(0.0,),
            at_kinks="the slope at 0 is 0, that of the left side",
        ),
        aliases=("log_relu",),
        source=Source(
            "Liu, Zhang, Gao, Qu, Ji: Natural-logarithm-rectified activation function in "
            "convolutional neural networks, 2019",
            arxiv="1908.03682",
        ),
    )
)
