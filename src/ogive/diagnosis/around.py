"""What stands before and after a step, as far as it matters to the figures there."""

from __future__ import annotations

from collections.abc import Callable

from ogive.diagnosis.measures import passes_scale
from ogive.functions.activation import Activation
from ogive.torch.find import THROUGH
from ogive.torch.steps import Step
from torch import Tensor, nn

CONVOLUTIONS = {"conv1d", "conv2d", "conv3d"}


def first_users(step: Step, through: Callable[[Step], bool] = lambda one: False) -> list[Step]:
    """The steps that first do more than move the result, or go ``through`` it."""
    found: list[Step] = []
    open_steps = list(step.users)
    while open_steps:
        one = open_steps.pop()
        if one.kind == "pass" or through(one):
            open_steps += one.users
        else:
            found.append(one)
    return found


def scaled_after(step: Step) -> bool:
    """Whether all that is made of the result is normalised, so that its scale does not count."""
    users = first_users(step, carries_scale)
    return bool(users) and all(u.kind == "norm" for u in users)


def carries_scale(step: Step) -> bool:
    """Whether it is a function that hands a large scale on, as ReLU does."""
    return isinstance(step.function, Activation) and passes_scale(step.function)


def source_of(step: Step) -> Step:
    """The step that made the values, seen through what only moves them."""
    while step.kind == "pass" and len(step.inputs) == 1:
        step = step.inputs[0]
    return step


def unit_axis(step: Step, x: Tensor) -> int:
    """Along which axis the units lie: by the layer that made x, otherwise by its shape."""
    usual = 1 if x.dim() >= 4 else -1
    if x.dim() <= 2:
        return usual
    open_steps, seen = list(step.inputs), set()
    while open_steps:
        one = open_steps.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind == "weight" or one.name in CONVOLUTIONS:
            across = one.name in CONVOLUTIONS or isinstance(one.module, nn.modules.conv._ConvNd)
            wanted = getattr(one.module, "out_channels", getattr(one.module, "out_features", None))
            first, other = (1, -1) if across else (-1, 1)
            if wanted is None or x.shape[first] == wanted:
                return first
            return other if x.shape[other] == wanted else usual
        if one.kind in THROUGH:
            open_steps += one.inputs
    return usual
