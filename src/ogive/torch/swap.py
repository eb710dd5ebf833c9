"""Other activations in a model that is there already."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ogive.errors import OgiveError, UnknownName
from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.functions.vector import AxisFunction
from ogive.torch.find import AXIS, CONTAINERS, FUSED_CELL, GATE, OUTPUT, Place, Site, find
from ogive.torch.flow import overwrites
from ogive.torch.known import Function
from ogive.torch.module import ActivationModule
from ogive.torch.rewrite import Held, Plan, base_of, overwritten, plan_of, rewritten
from ogive.torch.shown import Shown
from torch import Tensor, nn

New: TypeAlias = str | Activation | nn.Module | Callable[[], nn.Module]
Wanted: TypeAlias = (
    None | str | Activation | AxisFunction | Iterable[Any] | Callable[[Site], bool]
)
HOOKS = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
)
LEFT = {
    OUTPUT: "an output unit: no layer with weights follows",
    GATE: "a gate",
    AXIS: "it works along an axis",
}


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
class Swap(Shown):
    """What :func:`swap` replaced and what it left.

    It prints as a table; ``.table()`` is a DataFrame, ``.undo()`` puts everything back. ``how``
    says how the roles of the activations were found.
    """

    replaced: tuple[Change, ...]
    left: tuple[Left, ...]
    how: str
    _steps: list[_Step] = field(default_factory=list, repr=False, compare=False)

    def undo(self) -> None:
        """Put the old activations back, the very objects that were there; weights stay.

        Raises :class:`OgiveError` where a later swap, or a change by hand, stands in the way.
        A second call does nothing. Copies of the model keep the new functions.
        """
        for step in self._steps:
            step.check()
        while self._steps:
            self._steps.pop().back()

    def title(self) -> str:
        """The counts, as a sentence."""
        ones = "activation" if len(self.replaced) == 1 else "activations"
        return f"{len(self.replaced)} {ones} replaced, {len(self.left)} left"

    def rows(self) -> list[dict[str, Any]]:
        """One dict a place; ``now`` is None where the old function stays."""
        made = [_row(c.site, c.by, c.note) for c in self.replaced]
        return made + [_row(one.site, None, one.why) for one in self.left]

    def lines(self) -> list[dict[str, str]]:
        """Where, what it was, what it is now, and why."""
        return [
            {
                "where": row["where"],
                "role": row["role"],
                "was": row["was"],
                "now": row["now"] or "left",
                "note": row["note"],
            }
            for row in self.rows()
        ]

    def notes(self) -> list[str]:
        """How the roles were found, where the model's code could not be followed."""
        if self.how in {"traced", "watched"}:
            return []
        return [f"Roles are judged by the code alone: {self.how}."]


def _row(site: Site, now: str | None, note: str) -> dict[str, Any]:
    return {
        "where": site.where,
        "path": site.path,
        "name": site.name,
        "kind": site.kind,
        "role": site.role,
        "was": site.function,
        "now": now,
        "note": note,
    }


@dataclass(frozen=True)
class _Step:
    """One change of a model, which can be taken back."""

    check: Callable[[], None]
    back: Callable[[], None]


def swap(
    model: nn.Module,
    to: New | Mapping[Any, New],
    replace: Wanted = None,
    *,
    inputs: Any = None,
) -> Swap:
    """Replace the activations of ``model``, in place, by ``to``; returns what was done.

    Found and replaced are activation modules (PyTorch's, also with parameters, and any bare
    module whose values are those of a function of the catalogue), functions held as attributes
    (``TransformerEncoderLayer.activation``, ``act_fn``), and calls in the model's code:
    ``F.relu(x)``, ``torch.relu(x)``, ``x.relu()``, those in place, those in helper functions.

    ``to`` is a name of the catalogue, an :class:`Activation`, a ``torch.nn.Module`` (copied for
    each place), something that makes one when called, or a mapping from old functions to new.
    ``replace`` selects: names or activations, or a predicate on a :class:`Site`. Without it
    hidden units are replaced, and these are left: output units (no layer with weights follows),
    gates (values in (0, 1) that multiply another value), functions along an axis such as
    softmax, and what is fused into LSTM, GRU and MultiheadAttention. A name selects its function
    in every role. What follows a function is read by torch.fx, or watched on the batch
    ``inputs`` (a tensor, a tuple of arguments or a dict of named ones), which may be needed where
    the code depends on values; where neither serves, the code alone tells gates from others.

    Weights, devices, dtypes, modes, hooks and the keys of ``state_dict`` stay. A replaced
    ``PReLU`` takes its slope out of ``state_dict``; a new module with weights of its own adds
    them, under the old module's name or as ``swapped_0`` and so on. Modules and calls that
    overwrite their input still do.

    A module whose code calls activations becomes an instance of a subclass made for it, whose
    methods are the old source with the calls exchanged. It trains, copies, pickles (where the
    original class can be imported, with its source) and goes through ``torch.compile``. It does
    not go through ``torch.jit.script``, and a model must be swapped before it is compiled or
    traced. Not found: functions reached through lists, dicts, ``getattr`` or the ``forward`` of a
    parent called by ``super()``; they are simply not listed.

    Raises :class:`OgiveError` for a TorchScript module, a model that is itself an activation, or
    a ``to`` that is no activation, and :class:`UnknownName` for a name that does not exist.

    Example: ``ogive.swap(model, "gelu")``, ``ogive.swap(model, "silu", replace=["relu", "elu"])``.
    """
    chosen = _chooser(to, replace)
    places, how = find(model, inputs)
    work: list[tuple[Place, New]] = []
    left: list[Left] = []
    for place in places:
        new = chosen(place)
        if isinstance(new, Left):
            left += [] if new.why == UNLISTED else [new]
        else:
            work.append((place, new))
    steps: list[_Step] = []
    try:
        replaced, refused = _carry_out(work, model, steps)
    except BaseException:
        while steps:
            steps.pop().back()
        raise
    return Swap(tuple(replaced), (*left, *refused), how, steps)


UNLISTED = "no activation"


def _chooser(
    to: New | Mapping[Any, New], replace: Wanted
) -> Callable[[Place], New | Left]:
    """What takes a place's function's place, or why it stays."""
    table = None
    if isinstance(to, Mapping):
        table = [(_selector(old), _checked(new)) for old, new in to.items()]
    else:
        to = _checked(to)
    asked = _asked(replace)

    def choose(place: Place) -> New | Left:
        site, function = place.site, place.function
        if place.reason:
            return Left(site, place.reason)
        picked = None if asked is None else asked(place)
        new: New | None = None
        if table is None:
            new = to  # type: ignore[assignment]
        else:
            new = next((n for selects, n in table if selects(function)), None)
            if new is None:
                return Left(site, UNLISTED if _is_identity(function) else "not in the mapping")
            picked = True if picked is None else picked
        if picked is False:
            return Left(site, UNLISTED if _is_identity(function) else "not selected")
        if picked is None:
            if _is_identity(function):
                return Left(site, UNLISTED)
            if site.role in LEFT:
                return Left(site, LEFT[site.role])
        if site.role == FUSED_CELL:
            return Left(site, place.reason)
        if isinstance(new, Activation) and new == function and _exactly(place):
            return Left(site, f"it is {new.label} already")
        return new

    return choose


def _exactly(place: Place) -> bool:
    """Whether the label says all of the function: the slopes of a PReLU are learned."""
    return not (place.module is not None and any(place.module.parameters()))


def _is_identity(function: Function | None) -> bool:
    return function is not None and function.name == "identity"


def _checked(to: Any) -> New:
    if isinstance(to, str):
        return registry.get(to)
    if isinstance(to, Activation | nn.Module) or callable(to):
        return to  # type: ignore[no-any-return]
    raise OgiveError(
        f"to={to!r} is no activation; give a name of `ogive list`, an ogive.Activation, or "
        f"something that makes a torch.nn.Module"
    )


def _asked(replace: Wanted) -> Callable[[Place], bool] | None:
    if replace is None:
        return None
    if callable(replace) and not isinstance(replace, Activation | AxisFunction | type):
        predicate = replace
        return lambda place: bool(predicate(place.site))
    many = isinstance(replace, Iterable) and not isinstance(replace, str)
    selectors = [_selector(one) for one in (replace if many else [replace])]  # type: ignore[union-attr]
    return lambda place: any(selects(place.function) for selects in selectors)


def _selector(old: Any) -> Callable[[Function | None], bool]:
    """Selects a function by name, in every setting, or by name and parameters."""
    wanted = registry.find(old) if isinstance(old, str) else old
    if not isinstance(wanted, Activation | AxisFunction):
        raise UnknownName(
            f"{old!r} names no activation to replace; write for example 'relu', or give a "
            f"predicate on ogive.torch.find.Site"
        )
    anywhere = isinstance(wanted, AxisFunction) or (isinstance(old, str) and ":" not in old)
    if anywhere:
        return lambda function: function is not None and function.name == wanted.name
    return lambda function: function == wanted


def _carry_out(
    work: list[tuple[Place, New]], model: nn.Module, steps: list[_Step]
) -> tuple[list[Change], list[Left]]:
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
    _leave_fast_paths(model, {id(o) for p, _ in work for o in (p.owner, *(h for h, _ in p.held))}, steps)
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
        made.inplace = True
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
    steps: list[_Step],
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


def _set(owner: nn.Module, name: str, new: nn.Module, steps: list[_Step]) -> None:
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

    steps.append(_Step(check, back))


def _standing(owner: nn.Module, name: str) -> OgiveError:
    return OgiveError(
        f"{name} of {type(owner).__name__} is not what this swap put there; undo later swaps "
        f"first, the latest first"
    )


def _reclass(owner: nn.Module, kind: type[nn.Module], steps: list[_Step]) -> None:
    old = type(owner)
    owner.__class__ = kind

    def check() -> None:
        if type(owner) is not kind:
            raise _standing(owner, "the class")

    steps.append(_Step(check, functools.partial(setattr, owner, "__class__", old)))


def _leave_fast_paths(model: nn.Module, changed: set[int], steps: list[_Step]) -> None:
    """Switch off the fused operators that would compute the old function in evaluation."""
    for module in model.modules():
        if isinstance(module, nn.TransformerEncoderLayer) and id(module) in changed:
            _flag(module, "activation_relu_or_gelu", 0, steps)
        if isinstance(module, nn.TransformerEncoder) and any(
            id(layer) in changed for layer in module.layers
        ):
            # Nested tensors are made for the fused operator alone.
            _flag(module, "use_nested_tensor", False, steps)


def _flag(owner: nn.Module, name: str, value: Any, steps: list[_Step]) -> None:
    if not hasattr(owner, name):
        return
    old = getattr(owner, name)
    setattr(owner, name, value)
    steps.append(_Step(lambda: None, functools.partial(setattr, owner, name, old)))
