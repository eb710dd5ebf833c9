"""The changes that a swap makes in a model, each of which can be taken back."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ogive.errors import OgiveError
from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.torch.find import CONTAINERS, Place, Site
from ogive.torch.module import ActivationModule
from ogive.torch.rewrite import Held, Plan, base_of, overwritten, plan_of, rewritten
from ogive.torch.steps import overwrites
from torch import Tensor, nn

New: TypeAlias = str | Activation | nn.Module | Callable[[], nn.Module]
HOOKS = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
)


@dataclass(frozen=True)
class Change:
    """A place where an activation was replaced: by ``by``; ``note`` says what else changed."""

    site: Site
    by: str
    note: str = ""


@dataclass(frozen=True)
class Left:
    """A place whose activation stays, and why."""

    site: Site
    why: str


@dataclass(frozen=True)
class Step:
    """One change of a model, which can be taken back."""

    check: Callable[[], None]
    back: Callable[[], None]


def carry_out(
    work: list[tuple[Place, New]], model: nn.Module, steps: list[Step]
) -> tuple[list[Change], list[Left]]:
    """Put something new in each place; ``steps`` receives what was done, in order."""
    replaced: list[Change] = []
    refused: list[Left] = []
    plans: dict[int, tuple[nn.Module, dict[str, Any]]] = {}
    for place, new in work:
        made = _made(new, place, model)
        by = made.activation.label if isinstance(made, ActivationModule) else repr(made)
        if place.call is not None:
            why = _into_plan(place, made, plans, steps)
            if why:
                refused.append(Left(place.site, why))
                continue
            replaced.append(Change(place.site, by, _note(place, made)))
            continue
        if place.module is not None:
            if overwrites(place.module):
                made = _overwriting(made)
            _inherit(made, place.module)
        for owner, name in place.held:
            _set(owner, name, made, steps)
        replaced.append(Change(place.site, by, _note(place, made)))
    for owner, exchanged in plans.values():
        kind: Plan = tuple({**dict(plan_of(type(owner))), **exchanged}.items())
        _reclass(owner, rewritten(base_of(type(owner)), kind), steps)
    _leave_fast_paths(
        model, {id(o) for p, _ in work for o in (p.owner, *(h for h, _ in p.held))}, steps
    )
    return replaced, refused


def _made(new: New, place: Place, model: nn.Module) -> nn.Module:
    """A module for this place, where the old one was and in its mode."""
    if isinstance(new, str | Activation):
        made = registry.get(new).module()
    else:
        made = copy.deepcopy(new) if isinstance(new, nn.Module) else new()
    if not isinstance(made, nn.Module):
        raise OgiveError(
            f"to={new!r} made {type(made).__name__}, not a torch.nn.Module; give a class or a "
            f"function that makes a module when called without arguments"
        )
    weights = [p for p in place.owner.parameters() if p.is_floating_point()]
    weights = weights or [p for p in model.parameters() if p.is_floating_point()]
    if weights and _has_state(made):
        made.to(device=weights[0].device, dtype=weights[0].dtype)
    return made.train((place.module or place.owner).training)


def _has_state(module: nn.Module) -> bool:
    return any(True for _ in module.parameters()) or any(True for _ in module.buffers())


def _note(place: Place, made: nn.Module) -> str:
    notes = []
    old = place.module
    if old is not None and any(True for _ in old.parameters()):
        keys = ", ".join(old.state_dict())
        notes.append(f"its {keys} leaves the state_dict until undone")
    if _has_state(made):
        notes.append("brings weights of its own")
    return "; ".join(notes)


class InPlaceModule(ActivationModule):
    """Overwrites its input with f of it, as ``nn.ReLU(inplace=True)`` does."""

    inplace = True

    def forward(self, x: Tensor) -> Tensor:
        """f(x), in the memory of x."""
        return overwritten(super().forward, x)


def _overwriting(made: nn.Module) -> nn.Module:
    """The module, overwriting its input where it can."""
    if isinstance(made, ActivationModule):
        return InPlaceModule(made.activation).train(made.training)
    if hasattr(made, "inplace"):
        made.inplace = True  # type: ignore[assignment]
    return made


def _inherit(made: nn.Module, old: nn.Module) -> None:
    """Hooks go on, and their handles still remove them: the tables are shared."""
    for name in HOOKS:
        setattr(made, name, getattr(old, name))
    made._is_full_backward_hook = old._is_full_backward_hook


def _into_plan(
    place: Place,
    made: nn.Module,
    plans: dict[int, tuple[nn.Module, dict[str, Any]]],
    steps: list[Step],
) -> str:
    """Note the exchange of a call; returns why it cannot be made, or an empty string."""
    call, owner = place.call, place.owner
    assert call is not None
    target: Any = made
    if _has_state(made):
        if not call.own:
            return "a module with weights has no home in a function outside of the model"
        if isinstance(owner, CONTAINERS):
            return "a module with weights would become a link of this chain"
        free = (f"swapped_{i}" for i in range(1 << 30))
        target = Held(next(name for name in free if not hasattr(owner, name)))
        _set(owner, target.name, made, steps)
    plans.setdefault(id(owner), (owner, {}))[1][call.key] = target
    return ""


def _set(owner: nn.Module, name: str, new: nn.Module, steps: list[Step]) -> None:
    """Set an attribute so that it can be put back."""
    own, parts = owner.__dict__, owner._modules
    # What a chain holds as a plain attribute must not become one of its links.
    home: dict[str, Any] = own if name in own and isinstance(owner, CONTAINERS) else parts
    before = [(table, name in table, table.get(name)) for table in (own, parts)]
    if home is parts:
        own.pop(name, None)
    home[name] = new

    def check() -> None:
        if home.get(name) is not new:
            raise _standing(owner, name)

    def back() -> None:
        for table, was_there, old in before:
            if was_there:
                table[name] = old
            else:
                table.pop(name, None)

    steps.append(Step(check, back))


def _standing(owner: nn.Module, name: str) -> OgiveError:
    return OgiveError(
        f"{name} of {type(owner).__name__} is not what this swap put there; undo later swaps "
        f"first, the latest first"
    )


def _reclass(owner: nn.Module, kind: type[nn.Module], steps: list[Step]) -> None:
    old = type(owner)
    owner.__class__ = kind

    def check() -> None:
        if type(owner) is not kind:
            raise _standing(owner, "the class")

    steps.append(Step(check, functools.partial(setattr, owner, "__class__", old)))


def _leave_fast_paths(model: nn.Module, changed: set[int], steps: list[Step]) -> None:
    """Switch off the fused operators that would compute the old function in evaluation."""
    for module in model.modules():
        if isinstance(module, nn.TransformerEncoderLayer) and id(module) in changed:
            _flag(module, "activation_relu_or_gelu", 0, steps)
        if isinstance(module, nn.TransformerEncoder) and any(
            id(layer) in changed for layer in module.layers
        ):
            # Nested tensors are made for the fused operator alone.
            _flag(module, "use_nested_tensor", False, steps)


def _flag(owner: nn.Module, name: str, value: Any, steps: list[Step]) -> None:
    if not hasattr(owner, name):
        return
    old = getattr(owner, name)
    setattr(owner, name, value)
    steps.append(Step(lambda: None, functools.partial(setattr, owner, name, old)))
