"""The parameters at which entries are swept."""

from __future__ import annotations

from ogive.functions import Activation
from oracles import elementwise

OTHERS: dict[str, tuple[tuple[float, ...], ...]] = {
    "aptx": ((0.3, 1.25, 1.0), (2.5, 30.0, 1.0)),
    "celu": ((0.3,), (2.5,)),
    "cosine": ((0.3,), (30.0,)),
    "dyt": ((0.3, 1.0, 0.0), (1.25, 1.0, 0.0)),
    "e_swish": ((1.25,), (1.7,)),
    "elu": ((0.3,), (0.0,)),
    "hard_sigmoid_onnx": ((0.3, 0.7), (2.5, 0.25)),
    "hard_tanh": ((-0.3, 2.5), (-3.0, 0.7)),
    "hardshrink": ((0.3,), (2.5,)),
    "isrlu": ((0.3,), (2.5,)),
    "isru": ((0.3,), (2.5,)),
    "leaky_relu": ((0.3,), (0.0,)),
    "nlrelu": ((0.3,), (2.5,)),
    "pelu": ((0.3, 2.5), (2.5, 0.7)),
    "penalized_tanh": ((0.3,), (0.75,)),
    "prelu": ((-1.75,), (0.0,)),
    "rrelu": ((0.1, 0.3), (0.25, 0.25)),
    "shrink": ((0.3, 0.7), (2.5, 1.25)),
    "sigmoid": ((0.3,), (-1.75,)),
    "sine": ((0.3,), (30.0,)),
    "smelu": ((0.3,), (2.5,)),
    "snake": ((0.3,), (2.5,)),
    "soft_clipping": ((0.3,), (20.0,)),
    "softplus": ((0.3,), (2.5,)),
    "softshrink": ((0.3,), (2.5,)),
    "squareplus": ((0.3,), (2.5,)),
    "srelu": ((-0.3, 0.7, 2.5, 0.1), (-1.75, 2.5, 0.3, 0.0)),
    "star_relu": ((0.3, 1.25), (2.5, -1.75)),
    "swish_beta": ((0.3,), (2.5,)),
    "threshold": ((0.3, -1.75), (-1.75, 2.5)),
    "thresholded_relu": ((0.3,), (2.5,)),
    "unit_step": ((0.0,), (0.3,)),
    "xielu": ((0.3, 2.5, 1.25), (2.5, 0.7, 0.7)),
}

# Settings of parameters whose usual value takes a shorter form, which all of the above keep: the
# ordinary tests sweep them as well, the certificate does not.
FURTHER: dict[str, tuple[tuple[float, ...], ...]] = {
    "aptx": ((0.7, 1.25, 0.4), (1.5, 0.5, 1.1)),
    "dyt": ((1.25, 2.5, -0.3),),
}


def further() -> list[Activation]:
    """The entries at the settings of ``FURTHER``."""
    return [
        entry(**dict(zip((p.name for p in entry.parameters), settings, strict=True)))
        for entry in elementwise()
        for settings in FURTHER.get(entry.name, ())
    ]


def swept() -> list[Activation]:
    """Every elementwise entry as it comes and, where it has parameters, at two other settings."""
    found = []
    for entry in elementwise():
        names = [p.name for p in entry.parameters]
        found.append(entry())
        found += [
            entry(**dict(zip(names, settings, strict=True)))
            for settings in OTHERS.get(entry.name, ())
        ]
    return found


def everywhere(act: Activation) -> bool:
    """Whether all float32 patterns are swept: a framework has this function."""
    usual = act.label == act.name
    return usual and bool({"torch", "jax", "keras"} & set(act.definition.equivalents))
