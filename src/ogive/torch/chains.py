"""Which layers of a model theory can follow: chains of layers with one function in between.

A link from one layer to the next is a function of the layer's outputs and nothing else that
mixes, scales or forks them. A chain starts from the values that its first layer takes in, as
measured, and ends with the measured gradient of its last layer's outputs.
"""

from __future__ import annotations

from dataclasses import dataclass

from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.torch.draw import TRANSPOSED
from ogive.torch.feeds import SOURCES
from ogive.torch.flow import Flow
from ogive.torch.steps import Step
from torch import nn

# Steps that move values and neither choose among them nor mix them.
MOVES = {"Flatten", "Unflatten", "Identity", "flatten", "reshape", "view", "contiguous"} | {
    "Dropout",
    "AlphaDropout",
    "dropout",
    "clone",
    "clone_",
    "to",
    "detach",
}
INPUT = "the data"


@dataclass(frozen=True)
class Link:
    """A layer in a chain; ``function`` is what it takes in of the layer before, if any.

    ``start`` says, for the first of a chain, from what; ``end``, for the last, where it leads.
    """

    path: str
    module: nn.Module
    function: Activation | None
    start: str
    end: str


Chain = tuple[Link, ...]


def chains(flow: Flow) -> tuple[list[Chain], list[tuple[str, str]]]:
    """The chains in the order of the computation, and layers that are in none, with the reason."""
    steps = [s for s in flow.steps if s.kind == "weight" and s.module is not None]
    uses: dict[int, int] = {}
    for step in steps:
        uses[id(step.module)] = uses.get(id(step.module), 0) + 1
    before: dict[int, tuple[Step, Activation]] = {}
    starts: dict[int, str] = {}
    left: list[tuple[str, str]] = []
    fit: list[Step] = []
    for step in steps:
        why = _unfit(step, uses)
        if why:
            if (step.path, why) not in left:
                left.append((step.path, why))
            continue
        fit.append(step)
        found = _fed_by(step)
        if isinstance(found, str):
            starts[id(step)] = found
        elif any(found[0] is one for one in fit) and _alike(found[0], step):
            before[id(step)] = found
        else:
            starts[id(step)] = f"{type(found[0].module).__name__} {found[0].path}"
    after = {id(source): step for step in fit for source, _ in [before.get(id(step), (None, None))]}
    made = []
    for step in fit:
        if id(step) in before:
            continue
        chain, one = [], step
        while True:
            following = after.get(id(one))
            function = before[id(one)][1] if id(one) in before else None
            end = "" if following is not None else _leads_to(one)
            assert one.module is not None
            chain.append(Link(one.path, one.module, function, starts.get(id(one), ""), end))
            if following is None:
                break
            one = following
        made.append(tuple(chain))
    return made, left


def _unfit(step: Step, uses: dict[int, int]) -> str:
    module = step.module
    assert module is not None
    if uses[id(module)] > 1:
        return "its weights are used more than once"
    if isinstance(module, nn.Bilinear):
        return "it multiplies two inputs"
    if isinstance(module, TRANSPOSED):
        return "a transposed convolution"
    if isinstance(module, nn.modules.conv._ConvNd):
        if module.padding_mode != "zeros":
            return f"a convolution with padding mode {module.padding_mode!r}"
        if module._parameters.get("weight") is None:
            return "its weight is computed by a parametrisation"
    return ""


def _alike(source: Step, step: Step) -> bool:
    """Whether the two are of kinds that can follow each other: no layer feeds a convolution."""
    into_convolution = isinstance(step.module, nn.modules.conv._ConvNd)
    return not into_convolution or isinstance(source.module, nn.modules.conv._ConvNd)


def _fed_by(step: Step) -> tuple[Step, Activation] | str:
    """The layer whose outputs come in and the function in between, or what else comes in."""
    function: Activation | None = None
    one = step
    while True:
        if len(one.inputs) != 1:
            return "several values" if one.inputs else INPUT
        one = one.inputs[0]
        if one.kind == "weight":
            return (
                (one, function or registry.get("identity"))
                if len(one.users) == 1
                else "values used twice"
            )
        moves = one.kind == "pass" and one.name in MOVES
        bends = one.kind == "activation" and isinstance(one.function, Activation)
        if not (moves or bends) or (bends and function is not None):
            return _word(one)
        if one.kind != "input" and len(one.users) != 1:
            return "values used twice"
        if bends:
            assert isinstance(one.function, Activation)
            function = one.function


def _word(step: Step) -> str:
    if step.kind == "activation":
        return "two functions in a row"
    if step.kind == "input":
        return INPUT
    if step.kind == "add":
        return "a sum"
    if step.kind == "mul":
        return "a product"
    return SOURCES.get(step.kind) or step.name


def _leads_to(step: Step) -> str:
    """What ends a chain: the output, or the first step beyond that theory does not follow."""
    one = step
    while len(one.users) == 1:
        one = one.users[0]
        if one.kind == "output":
            return "the output"
        if one.kind not in {"pass", "activation"} or (one.kind == "pass" and one.name not in MOVES):
            break
    return "several values" if len(one.users) > 1 else _word(one)
