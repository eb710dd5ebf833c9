"""The variance of layers' outputs on a batch: measured, and set.

It is taken about 0, which is the mean over the draws of the weights: what theory predicts, also
for a layer of one output, whose own mean is not 0 where it is fed by positive values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ogive.torch.draw import Plan
from ogive.torch.feeds import Layer
from ogive.torch.flow import run, undisturbed
from torch import Tensor, nn


def measured(model: nn.Module, inputs: Any, found: list[Layer]) -> dict[str, float]:
    """The mean square of each layer's outputs on the batch; nothing without one."""
    sums = {layer.path: [0.0, 0.0] for layer in found}

    def note(path: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _given: Any, out: Tensor) -> None:
            values = out.detach().double()
            sums[path][0] += values.numel()
            sums[path][1] += float(values.square().sum())

        return hook

    if inputs is None:
        return {}
    hooks = [layer.module.register_forward_hook(note(layer.path)) for layer in found]
    try:
        with undisturbed(model):
            run(model, inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return {path: squares / count for path, (count, squares) in sums.items() if count}


def corrected(
    model: nn.Module, inputs: Any, found: list[Layer], plans: list[Plan]
) -> dict[str, float]:
    """Rescale the layers in the order in which they run; returns the factors.

    Each is measured just before it runs, on what the corrected layers before it make, so that
    one pass does for all.
    """
    factors: dict[str, float] = {}

    def rescale(path: str, plan: Plan) -> Callable[..., None]:
        def hook(module: nn.Module, given: Any, named: dict[str, Any]) -> None:
            if path in factors or plan.expected is None:
                return
            out = module.forward(*given, **named).double()
            bias = module.bias
            own = 0.0 if not isinstance(bias, Tensor) else float(bias.double().square().mean())
            variance = float(out.square().mean()) - own
            wanted = plan.expected - own
            if math.isfinite(variance) and variance > 0 and wanted > 0:
                factors[path] = math.sqrt(wanted / variance)
                module.weight.mul_(factors[path])  # type: ignore[operator]

        return hook

    pairs = zip(found, plans, strict=True)
    hooks = [
        layer.module.register_forward_pre_hook(rescale(layer.path, plan), with_kwargs=True)
        for layer, plan in pairs
    ]
    try:
        with undisturbed(model):
            run(model, inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return factors
