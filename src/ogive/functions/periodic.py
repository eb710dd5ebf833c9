"""Functions that oscillate.

Where the value of such a function has no limit it is NaN at the infinity, as is its slope. A
frequency other than 1 is multiplied to x and the product rounded: for |frequency*x| beyond the
dtype's precision the phase means nothing, as everywhere in floating point.
"""

from __future__ import annotations

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.numerics.elementary import (
    Array,
    absolute,
    copysign,
    cos,
    finite,
    maximum,
    minimum,
    sin,
    where,
)

FREQUENCY = Parameter(
    "frequency", 1.0, low=0.01, high=100.0, meaning="radians a unit; SIREN has 30"
)


def _phase(x: Array, frequency: float) -> Array:
    # A product that overflows is still a number; an infinite x is none.
    return finite(frequency * x) + 0 * x


def _wave_facts(frequency: float, parity: str) -> Facts:
    return Facts(
        range=(-1.0, 1.0),
        limits=(None, None),
        lipschitz=frequency,
        parity=parity,
        oscillates=True,
    )


sine = register(
    Definition(
        name="sine",
        family="periodic",
        summary="The sine: for signals and images, with SIREN's initialisation of the weights.",
        formula="sin(frequency*x)",
        value=lambda x, frequency: sin(_phase(x, frequency)),
        slope=lambda x, frequency: frequency * cos(_phase(x, frequency)),
        parameters=(FREQUENCY,),
        facts=lambda frequency: _wave_facts(frequency, "odd"),
        aliases=("sin",),
        equivalents={
            "torch": "torch.sin",
            "keras": "keras.ops.sin",
            "jax": "jax.numpy.sin",
            "onnx": "Sin",
        },
        source=Source(
            "Sitzmann, Martel, Bergman, Lindell, Wetzstein: Implicit neural representations with "
            "periodic activation functions, 2020; its first use as a unit is not established",
            arxiv="2006.09661",
        ),
    )
)

cosine = register(
    Definition(
        name="cosine",
        family="periodic",
        summary="The cosine: with fixed random weights, the random features of a kernel.",
        formula="cos(frequency*x)",
        value=lambda x, frequency: cos(_phase(x, frequency)),
        slope=lambda x, frequency: -frequency * sin(_phase(x, frequency)),
        parameters=(FREQUENCY,),
        facts=lambda frequency: _wave_facts(frequency, "even"),
        aliases=("cos",),
        equivalents={
            "torch": "torch.cos",
            "keras": "keras.ops.cos",
            "jax": "jax.numpy.cos",
            "onnx": "Cos",
        },
        source=Source(
            "Its first use as a unit is not established; with random weights: Rahimi, Recht: "
            "Random features for large-scale kernel machines, 2007"
        ),
    )
)


def _snake(x: Array, a: float) -> Array:
    wave = sin(finite(a * x))
    return x + wave * wave / a


def _snake_slope(x: Array, a: float) -> Array:
    # 1 + sin(2 u) as a square: it keeps more digits near its roots.
    u = _phase(x, a)
    wave = sin(u) + cos(u)
    return wave * wave


snake = register(
    Definition(
        name="snake",
        family="periodic",
        summary="The identity with a ripple: it learns periods and still grows.",
        formula="x + sin(a*x)**2/a",
        value=_snake,
        slope=_snake_slope,
        parameters=(
            Parameter("a", 1.0, low=0.01, high=100.0, meaning="half the ripple's frequency"),
        ),
        facts=lambda a: Facts(
            range=(-INF, INF),
            limits=(-INF, INF),
            lipschitz=2.0,
            monotone="increasing",
            oscillates=True,
        ),
        source=Source(
            "Ziyin, Hartwig, Ueda: Neural networks fail to learn periodic functions and how to "
            "fix it, 2020",
            arxiv="2006.08195",
        ),
    )
)


def _sinc(x: Array) -> Array:
    size = maximum(absolute(x), 1e-30)  # below that the value has long rounded to 1
    return sin(finite(size)) / size


def _sinc_slope(x: Array) -> Array:
    # Near 0 the difference would cancel: there the series, whose terms fall off by factorials.
    near = minimum(absolute(x), 1)
    square = near * near
    series = 1 + 0 * square
    for n in range(10, 0, -1):
        series = 1 - series * square * (1 / (2 * n * (2 * n + 3)))
    size = maximum(absolute(x), 1)
    held = finite(size)
    far = (cos(held) - sin(held) / held) / size
    return copysign(1 + 0 * near, x) * where(absolute(x) < 1, -near / 3 * series, far)


sinc = register(
    Definition(
        name="sinc",
        family="periodic",
        summary="A wave that fades as 1/x (the sinc of torch and jax takes x/pi in its place).",
        formula="where(x == 0, 1, sin(x)/x)",
        value=_sinc,
        slope=_sinc_slope,
        facts=lambda: Facts(
            range=(-0.21723362821122166, 1.0),
            limits=(0.0, 0.0),
            lipschitz=0.4361818172714585,
            parity="even",
        ),
        source=Source("Who first used it as an activation function is not established"),
    )
)


gcu = register(
    Definition(
        name="gcu",
        family="periodic",
        summary="The growing cosine unit: x times its cosine; one unit can learn the XOR.",
        formula="x*cos(x)",
        value=lambda x: x * cos(x),
        slope=lambda x: cos(x) - x * sin(x),
        facts=lambda: Facts(
            range=(-INF, INF),
            limits=(None, None),
            lipschitz=INF,
            parity="odd",
            oscillates=True,
        ),
        aliases=("growing_cosine_unit",),
        source=Source(
            "Noel, Arunkumar, Trivedi, Dutta: Growing cosine unit: a novel oscillatory activation "
            "function that can speedup training and reduce parameters in convolutional neural "
            "networks, 2021",
            arxiv="2108.12943",
        ),
    )
)
