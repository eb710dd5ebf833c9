"""What feeds each layer with weights, what follows it, and which layers end residual branches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ogive.functions.activation import Activation
from ogive.meanfield.moments import second_moment
from ogive.torch.find import HIDDEN, role_of
from ogive.torch.flow import Flow
from ogive.torch.scales import own_product
from ogive.torch.steps import Step
from torch import nn

LINEAR = "a layer"
# Steps whose values count as of mean square 1, in words; "" stands for the step's own name.
SOURCES = {
    "input": "data",
    "constant": "other values",
    "lookup": "an embedding",
    "weight": LINEAR,
    "norm": "normalisation",
    "mix": "a product of matrices",
    "opaque": "",
}
MERGES = 2  # inputs of a step that joins paths


@dataclass(frozen=True)
class Fed:
    """What a layer takes in: in words, its predicted mean square, and the function if it is one.

    ``plain`` says that the values of ``function`` arrive as they are.
    """

    label: str
    second: float
    function: Activation | None = None
    plain: bool = False


@dataclass(frozen=True)
class Ahead:
    """What follows a layer: in words, and the hidden function if there is one.

    ``normed`` says that normalisation follows before any function, so that the scale of the
    weights is free.
    """

    label: str
    function: Activation | None
    normed: bool


@dataclass(frozen=True)
class Layer:
    """A layer with weights in the flow of a model."""

    path: str
    module: nn.Module
    fed: Fed
    ahead: Ahead
    share: float  # its part of the variance of the sum that it ends in; 1 outside of branches


def layers(flow: Flow) -> list[Layer]:
    """Each layer once, in the order of the computation."""
    found: dict[int, Layer] = {}
    joins = [s for s in flow.steps if s.kind == "add" and _is_residual(s)]
    for step in flow.steps:
        if step.kind == "weight" and step.module is not None and id(step.module) not in found:
            fed = _fed_all(step)
            share = _share(step, joins)
            found[id(step.module)] = Layer(step.path, step.module, fed, _ahead(step), share)
    return list(found.values())


def _fed_all(step: Step) -> Fed:
    parts = [_fed(one) for one in step.inputs]
    if len(parts) == 1:
        return parts[0]
    # A bilinear layer multiplies its two inputs.
    label = " × ".join(p.label for p in parts) or "other values"
    return Fed(label, math.prod(p.second for p in parts))


def _fed(step: Step) -> Fed:
    """The values that ``step`` gives, for pre-activations of variance 1."""
    function = step.function
    if step.kind == "activation" and isinstance(function, Activation):
        # Normalised, the function takes in variance 1, whatever variance it would keep itself.
        plain = all(_source(one).kind != "norm" for one in step.inputs)
        return Fed(function.label, second_moment(function), function, plain)
    if step.kind in SOURCES or not step.inputs:
        return Fed(SOURCES.get(step.kind) or step.name, 1.0)
    parts = [_fed(one) for one in step.inputs]
    return parts[0] if len(parts) == 1 else _joined(step, parts)


def _joined(step: Step, parts: list[Fed]) -> Fed:
    """Several values as one: a product, a sum, or side by side."""
    if step.kind == "mul":
        own = _own_gate(step)
        if own is not None:
            return Fed(f"x × {own.label}(x)", own_product(own))
        return Fed(" × ".join(p.label for p in parts), math.prod(p.second for p in parts))
    if step.kind == "add":
        return Fed("a sum", 1.0)
    labels = list(dict.fromkeys(p.label for p in parts))
    if len(labels) == 1:
        return parts[0]
    return Fed(" and ".join(labels), sum(p.second for p in parts) / len(parts))


def _own_gate(product: Step) -> Activation | None:
    """The function, where a value is multiplied with a function of itself."""
    for one in product.inputs:
        if isinstance(one.function, Activation) and one.inputs and one.inputs[0] in product.inputs:
            return one.function
    return None


def _source(step: Step) -> Step:
    """The step that made the values, seen through what only moves them."""
    while step.kind == "pass" and len(step.inputs) == 1:
        step = step.inputs[0]
    return step


def _ahead(step: Step) -> Ahead:
    names: list[str] = []
    functions: list[Activation] = []
    normed = False
    seen: set[int] = set()
    open_steps = [(user, False) for user in step.users]
    while open_steps:
        one, added = open_steps.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind in {"pass", "add"}:
            open_steps += [(user, added or one.kind == "add") for user in one.users]
            continue
        names.append("output" if one.kind == "output" else _word(one))
        if one.kind == "norm":
            normed = normed or not added
            open_steps += [(user, added) for user in one.users]
        elif isinstance(one.function, Activation) and role_of(one) == HIDDEN:
            functions.append(one.function)
    label = ", ".join(dict.fromkeys(names)) or "nothing"
    # Gates and output units ask for no variance of their own.
    direct = bool(functions) and not normed
    return Ahead(label, functions[0] if direct else None, normed)


def _word(step: Step) -> str:
    if step.function is not None:
        return step.function.label
    words = {"norm": "normalisation", "weight": "a layer", "mul": "a product", "mix": "a product"}
    return words.get(step.kind, step.name)


def _is_residual(step: Step) -> bool:
    """Whether one part of the sum is computed from the other, on a trunk that is not normalised.

    Where each sum is normalised and the norm's result is what the next one adds to, the trunk
    does not grow.
    """
    if len(step.inputs) < MERGES:
        return False
    one, other = step.inputs[:2]
    skip = one if one in set(_ancestors(other)) else other
    if skip is other and other not in set(_ancestors(one)):
        return False
    normed = bool(step.users) and all(_kind_after(user) == "norm" for user in step.users)
    return not (normed and _source(skip).kind == "norm")


def _kind_after(step: Step) -> str:
    """The kind of what first does more than move values."""
    while step.kind == "pass" and len(step.users) == 1:
        step = step.users[0]
    return step.kind


def _ancestors(step: Step) -> Iterator[Step]:
    seen: set[int] = set()
    open_steps = list(step.inputs)
    while open_steps:
        one = open_steps.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            open_steps += one.inputs


def _share(step: Step, joins: list[Step]) -> float:
    """1 over the number of residual sums for the last layer of such a branch, otherwise 1.

    So the branches together add as much variance as the trunk has, however deep the model is
    (Hanin and Rolnick 2018, arXiv:1803.01719; Zhang, Dauphin and Ma 2019, arXiv:1901.09321).
    """
    open_steps, seen = list(step.users), set()
    while open_steps:
        one = open_steps.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind == "pass":
            open_steps += one.users
        elif one in joins:
            behind = set(_ancestors(step))
            if any(part in behind for part in one.inputs):
                return 1 / len(joins)
    return 1.0
