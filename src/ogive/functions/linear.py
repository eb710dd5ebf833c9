"""Straight pieces only, and no rectifier: identity, unit step, sign, hard tanh."""

from __future__ import annotations

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.numerics.elementary import keep_nan, maximum, minimum, where

ANYWHERE = {"low": -1e6, "high": 1e6}

identity = register(
    Definition(
        name="identity",
        family="linear",
        summary="Passes its input on; a network of such units is a linear model.",
        formula="x",
        value=lambda x: 1 * x,  # a product, so that the result is never the input itself
        slope=lambda x: keep_nan(x, 1.0),
        facts=lambda: Facts(
            range=(-INF, INF),
            limits=(-INF, INF),
            lipschitz=1.0,
            monotone="increasing",
            parity="odd",
        ),
        aliases=("linear",),
        equivalents={
            "torch": "torch.nn.Identity",
            "keras": "keras.activations.linear",
            "jax": "jax.nn.identity",
            "onnx": "Identity",
        },
        source=Source("No source is established: the identity map is older than networks"),
    )
)

unit_step = register(
    Definition(
        name="unit_step",
        family="linear",
        summary="Fires or does not; its slope is 0 everywhere, so gradients cannot train it.",
        formula="where(x > 0, 1, where(x < 0, 0, at_zero))",
        value=lambda x, at_zero: where(x > 0, 1.0, where(x < 0, 0.0, keep_nan(x, at_zero))),
        slope=lambda x, at_zero: keep_nan(x, 0.0),
        parameters=(Parameter("at_zero", 0.5, low=0.0, high=1.0, meaning="the value at 0"),),
        facts=lambda at_zero: Facts(
            range=(0.0, 1.0),
            limits=(0.0, 1.0),
            lipschitz=INF,
            monotone="non-decreasing",
            parity="odd about (0, f(0))" if at_zero == 0.5 else None,
            kinks=(0.0,),
            at_kinks=f"the value at 0 is {at_zero:g} and the slope there is taken as 0",
        ),
        aliases=("heaviside", "step"),
        equivalents={"torch": "torch.heaviside", "jax": "jax.numpy.heaviside"},
        source=Source(
            "McCulloch, Pitts: A logical calculus of the ideas immanent in nervous activity, 1943",
            doi="10.1007/BF02478259",
        ),
    )
)

sign = register(
    Definition(
        name="sign",
        family="linear",
        summary="The unit step between -1 and 1; gradients cannot train it.",
        formula="where(x > 0, 1, where(x < 0, -1, 0))",
        value=lambda x: where(x > 0, 1.0, where(x < 0, -1.0, x)),
        slope=lambda x: keep_nan(x, 0.0),
        facts=lambda: Facts(
            range=(-1.0, 1.0),
            limits=(-1.0, 1.0),
            lipschitz=INF,
            monotone="non-decreasing",
            parity="odd",
            kinks=(0.0,),
            at_kinks="the value at 0 is 0 and the slope there is taken as 0",
        ),
        aliases=("signum",),
        equivalents={
            "torch": "torch.sign",
            "keras": "keras.ops.sign",
            "jax": "jax.numpy.sign",
            "onnx": "Sign",
        },
        source=Source(
            "Who first used it as a unit is not established; an early use with -1 and 1 is "
            "Widrow, Hoff: Adaptive switching circuits, 1960"
        ),
    )
)

hard_tanh = register(
    Definition(
        name="hard_tanh",
        family="linear",
        summary="The identity cut off at two levels: a tanh made of three straight pieces.",
        formula="min(max(x, min_val), max_val)",
        value=lambda x, min_val, max_val: minimum(maximum(x, min_val), max_val),
        slope=lambda x, min_val, max_val: where(
            (x > min_val) & (x < max_val), 1.0, keep_nan(x, 0.0)
        ),
        parameters=(
            Parameter("min_val", -1.0, low=-1e6, high=0.0, meaning="the lower level"),
            Parameter("max_val", 1.0, low=0.0, high=1e6, positive=True, meaning="the upper level"),
        ),
        facts=lambda min_val, max_val: Facts(
            range=(min_val, max_val),
            limits=(min_val, max_val),
            lipschitz=1.0,
            monotone="non-decreasing",
            parity="odd" if min_val == -max_val else None,
            kinks=(min_val, max_val),
            at_kinks="the slope at both corners is 0, that of the outer sides",
        ),
        aliases=("hardtanh", "piecewise_linear"),
        equivalents={
            "torch": "torch.nn.Hardtanh",
            "keras": "keras.activations.hard_tanh",
            "jax": "jax.nn.hard_tanh",
        },
        source=Source(
            "Its first use is not established; an early one is Collobert, Weston, Bottou, Karlen, "
            "Kavukcuoglu, Kuksa: Natural language processing (almost) from scratch, 2011",
            arxiv="1103.0398",
        ),
    )
)
