"""Linear for positive inputs, exponential for negative ones: ELU, SELU, CELU."""

from __future__ import annotations

from ogive.functions.activation import INF, Definition, Facts, Parameter, Source
from ogive.functions.registry import register
from ogive.numerics.elementary import exp, expm1, minimum, where

elu = register(
    Definition(
        name="elu",
        family="exponential",
        summary="Linear above 0; below it bends to -alpha, which brings the mean nearer to 0.",
        formula="where(x > 0, x, alpha*(exp(x) - 1))",
        value=lambda x, alpha: where(x > 0, x, alpha * expm1(minimum(x, 0))),
        slope=lambda x, alpha: where(x > 0, 1, alpha * exp(minimum(x, 0))),
        parameters=(Parameter("alpha", 1.0, low=0.0, meaning="minus the limit at -inf"),),
        facts=lambda alpha: Facts(
            range=(-alpha, INF),
            limits=(-alpha, INF),
            lipschitz=max(1.0, alpha),
            monotone="increasing" if alpha > 0 else "non-decreasing",
            kinks=() if alpha == 1 else (0.0,),
            at_kinks="the slope at 0 is alpha, that of the left side",
        ),
        equivalents={"torch": "ELU", "keras": "elu", "jax": "elu", "onnx": "Elu"},
        source=Source(
            "Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by "
            "exponential linear units, 2016",
            arxiv="1511.07289",
        ),
    )
)
