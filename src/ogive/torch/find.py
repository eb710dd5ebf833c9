"""The activations of a model: where each stands, what it computes and what it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch.fx

import torch
from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.torch.calls import Call, calls, methods_of, whole
from ogive.torch.flow import CannotTrace, Flow, flow_of
from ogive.torch.known import Function, of_module, of_value
from ogive.torch.rewrite import base_of, plan_of
from ogive.torch.steps import Step
from torch import nn

FUSED = {
    nn.RNNBase: "its gates and its function are fused in one operator",
    nn.RNNCellBase: "its gates and its function are fused in one operator",
    nn.MultiheadAttention: "the softmax of its attention",
}
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
THROUGH = {"norm", "pass", "add", "activation", "axis"}
HIDDEN, OUTPUT, GATE, AXIS, FUSED_CELL = "hidden", "output", "gate", "along an axis", "fused"


@dataclass(frozen=True)
class Site:
    """A place of an activation in a model.

    ``path`` names the module that holds it ("" is the model itself), ``name`` what stands there:
    an attribute of that module, or a call in its code with ``line``. ``kind`` is "module",
    "attribute" or "call"; ``function`` the catalogue's label of what it computes, or the name of
    a class that it does not know; ``role`` is "hidden", "output", "gate", "along an axis" or
    "fused".
    """

    path: str
    name: str
    kind: str
    function: str
    role: str
    line: int | None = None

    @property
    def where(self) -> str:
        """The place as text: ``layer1.0.relu``, ``F.relu in head (line 12)``."""
        if self.kind == "call":
            line = "" if self.line is None else f", line {self.line}"
            return f"{self.name} in {self.path or 'the model'}{line}"
        return f"{self.path}.{self.name}" if self.path else self.name


@dataclass
class Place:
    """A site with the objects behind it."""

    site: Site
    owner: nn.Module
    function: Function | None
    module: nn.Module | None = None  # the activation, where it is a module
    call: Call | None = None
    held: list[tuple[nn.Module, str]] = field(default_factory=list)  # (parent, attribute)
    reason: str = ""  # why it cannot be replaced


def refuse_scripts(model: nn.Module) -> None:
    """Raises :class:`OgiveError` for what is no model, or is compiled by TorchScript."""
    if not isinstance(model, nn.Module):
        raise OgiveError(
            f"a model is a torch.nn.Module, not {type(model).__name__}; give the model itself"
        )
    for path, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise OgiveError(
                f"{path or 'the model'} is a TorchScript module, whose code is fixed; give the "
                f"model as it was before torch.jit.script or torch.jit.trace"
            )


def find(model: nn.Module, inputs: Any = None) -> tuple[list[Place], str]:
    """All activations of ``model``, and how their roles were found.

    Roles come from the model's flow: read by torch.fx, or watched on the batch ``inputs``. Where
    neither can be had they are judged by the code alone.
    """
    refuse_scripts(model)
    try:
        flow: Flow | None = flow_of(model, inputs)
        how = flow.how if flow is not None else ""
    except CannotTrace as error:
        flow, how = None, str(error)
    roles = _Roles(flow)
    holders: dict[int, list[tuple[nn.Module, str]]] = {}
    for module in model.modules():
        for name, part in module._modules.items():  # named_children names a shared part once
            holders.setdefault(id(part), []).append((module, name))
    found: list[Place] = []
    inside: set[int] = set()
    for path, module in model.named_modules():
        if id(module) not in inside:
            if _fused(module) is not None:
                inside |= {id(part) for part in module.modules()}
            found += _at(path, module, holders.get(id(module), []), roles)
    return found, how


def _fused(module: nn.Module) -> str | None:
    return next((why for kind, why in FUSED.items() if isinstance(module, kind)), None)


def _at(
    path: str, module: nn.Module, held: list[tuple[nn.Module, str]], roles: _Roles
) -> Iterator[Place]:
    """The activation that ``module`` is, or those that its attributes and its code name."""
    parent, _, name = path.rpartition(".")
    fused = _fused(module)
    if fused is not None:
        site = Site(parent, name or "the model", "module", type(module).__name__, FUSED_CELL)
        yield Place(site, module, None, module, reason=fused)
        return
    function = of_module(module)
    if function is not None:
        if not path:
            raise OgiveError(
                f"the model is itself an activation, {function.label}; take "
                f"ogive.get(name).module() in its place"
            )
        site = Site(parent, name, "module", function.label, roles.of_module(path, function))
        yield Place(site, held[0][0], function, module, held=held)
        return
    for attribute, value in vars(module).items():
        named = of_value(value)
        if named is None and callable(value) and not attribute.startswith("_"):
            named = whole(value) if type(value).__name__ == "function" else None
        if named is not None:
            role = roles.of_call(path, named, None)
            site = Site(path, attribute, "attribute", named.label, role)
            yield Place(site, module, named, held=[(module, attribute)])
    if isinstance(module, torch.fx.GraphModule):
        site = Site(path, "forward", "call", type(module).__name__, "unknown")
        yield Place(site, module, None, reason="a traced graph; swap the model before it is traced")
    elif base_of(type(module)).__module__.split(".")[0] not in {"torch", "ogive"}:
        yield from _called(path, module, roles)


def _called(path: str, module: nn.Module, roles: _Roles) -> Iterator[Place]:
    kind = type(module)
    texts, complete = methods_of(base_of(kind))
    exchanged = dict(plan_of(kind))
    listed = [c for text in texts.values() for c in calls(text)]
    functions = {c.key: _now(module, exchanged[c.key]) for c in listed if c.key in exchanged}
    squashed = any(_squashes(functions.get(c.key, c.function)) for c in listed)
    for call in {c.key: c for c in listed}.values():
        function = functions.get(call.key, call.function)
        role = roles.of_call(path, function, call, squashed)
        label = function.label if function is not None else "a module"
        reason = "forward is set on the module itself" if "forward" in vars(module) else ""
        site = Site(path, call.name, "call", label, role, call.first)
        yield Place(site, module, function, call=call, reason=reason)
    if not complete:
        site = Site(path, "forward", "call", type(module).__name__, "unknown", None)
        yield Place(site, module, None, reason="the source of its code cannot be read")


def _now(module: nn.Module, target: Any) -> Function | None:
    """What an exchanged call computes."""
    name = getattr(target, "name", None)
    held = getattr(module, name, None) if isinstance(name, str) else target
    return of_module(held) if isinstance(held, nn.Module) else None


def _squashes(function: Function | None) -> bool:
    """Whether its values lie in (0, 1), as those of a gate do."""
    if not isinstance(function, Activation):
        return False
    low, high = function.facts.range
    return low >= 0 and high <= 1 and low < high


def _symmetric(function: Function | None) -> bool:
    """Whether its values lie in (-1, 1), as those of tanh do."""
    return isinstance(function, Activation) and function.facts.range == (-1.0, 1.0)


class _Roles:
    """The roles of a model's activations, by its flow."""

    def __init__(self, flow: Flow | None) -> None:
        self.flow = flow
        self.steps = [] if flow is None else [s for s in flow.steps if s.kind == "activation"]

    def of_module(self, path: str, function: Function) -> str:
        """The role of the module at ``path``."""
        steps = [s for s in self.steps if s.path == path and s.module is not None]
        return self._role(function, steps)

    def of_call(
        self, path: str, function: Function | None, call: Call | None, squashed: bool = False
    ) -> str:
        """The role of a call in the code of the module at ``path``."""
        steps = [s for s in self.steps if s.path == path]
        if call is not None:
            steps = [s for s in steps if s.file == call.file and call.first <= s.line <= call.last]
        else:
            steps = [s for s in steps if s.function == function]
        return self._role(function, steps, squashed)

    def _role(self, function: Function | None, steps: list[Step], squashed: bool = False) -> str:
        if function is not None and not isinstance(function, Activation):
            return AXIS
        if not steps:
            # Nothing is known of what follows: the shape tells gates from others.
            gate = _squashes(function) or (squashed and _symmetric(function))
            return GATE if gate else HIDDEN
        met = {role_of(step) for step in steps}
        return next(role for role in (HIDDEN, GATE, OUTPUT) if role in met)


def role_of(step: Step) -> str:
    """Whether an activation leads to further layers, gates another value, or is the output.

    A gate has values in (0, 1) and is multiplied with something; tanh beside such a gate belongs
    to the cell. An output reaches the end of the model past no layer with weights.
    """
    ends = set()
    for user in beyond(step):
        if user.kind == "mul" and _gates(step, user):
            return GATE
        ends.add(user.kind)
    return HIDDEN if ends - {"output", "mul"} else OUTPUT


def _gates(step: Step, product: Step) -> bool:
    if _squashes(step.function):
        return True
    others = [s for one in product.inputs for s in (one, *one.inputs) if s is not step]
    return _symmetric(step.function) and any(_squashes(s.function) for s in others)


def beyond(step: Step) -> Iterable[Step]:
    """The steps that use the result, seen through all that neither weighs nor gates."""
    open_steps, seen = list(step.users), set()
    while open_steps:
        one = open_steps.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind in THROUGH:
            open_steps += one.users
            continue
        yield one
        if one.kind == "mul":
            open_steps += one.users
