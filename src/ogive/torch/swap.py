"""Other activations in a model that is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ogive.errors import OgiveError, UnknownName
from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.functions.vector import AxisFunction
from ogive.shown import Shown
from ogive.torch.exchange import Change, Left, New, Step, carry_out
from ogive.torch.find import AXIS, GATE, OUTPUT, Place, Site, find
from ogive.torch.known import Function
from torch import nn

Wanted: TypeAlias = str | Activation | AxisFunction | Iterable[Any] | Callable[[Site], bool] | None
UNLISTED = "no activation"
FOLLOWED = {"traced", "watched"}
LEFT = {
    OUTPUT: "an output unit: no layer with weights follows",
    GATE: "a gate",
    AXIS: "it works along an axis",
}


@dataclass(frozen=True)
class Swap(Shown):
    """What :func:`swap` replaced and what it left.

    It prints as a table; ``.table()`` is a DataFrame, ``.undo()`` puts everything back. ``how``
    says how the roles of the activations were found.
    """

    replaced: tuple[Change, ...]
    left: tuple[Left, ...]
    how: str
    _steps: list[Step] = field(default_factory=list, repr=False, compare=False)

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
        if self.how in FOLLOWED:
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
    original class can be imported, with its source) and goes through ``torch.compile`` and
    ``torch.fx``, but not through ``torch.jit.script``; swap a model before it is compiled or
    traced. Not found, and so not listed, are functions that the code reaches through lists, dicts
    or ``getattr``.

    Raises :class:`OgiveError` for a TorchScript module, a model that is itself an activation, or
    a ``to`` that is no activation, and :class:`UnknownName` for a name that does not exist.

    Example: ``ogive.swap(model, "gelu")``, ``ogive.swap(model, "silu", replace=["relu", "elu"])``.
    """
    chosen = _chooser(to, replace)  # before the model is read: a wrong name is told at once
    places, how = find(model, inputs)
    work: list[tuple[Place, New]] = []
    left: list[Left] = []
    for place in places:
        new = chosen(place)
        if isinstance(new, Left):
            if new.why == LEFT[GATE] and how not in FOLLOWED:
                new = Left(new.site, "its values are like a gate's")
            left += [] if new.why == UNLISTED else [new]
        else:
            work.append((place, new))
    steps: list[Step] = []
    try:
        replaced, refused = carry_out(work, model, steps)
    except BaseException:
        while steps:
            steps.pop().back()
        raise
    return Swap(tuple(replaced), (*left, *refused), how, steps)


def _chooser(to: New | Mapping[Any, New], replace: Wanted) -> Callable[[Place], New | Left]:
    """What takes a place's function's place, or why it stays."""
    mapped = isinstance(to, Mapping)
    pairs = to.items() if isinstance(to, Mapping) else [(None, to)]
    table = [(_selector(old) if mapped else _any, _checked(new)) for old, new in pairs]
    asked = _asked(replace)

    def choose(place: Place) -> New | Left:
        site, function = place.site, place.function
        picked = None if asked is None else asked(place)
        new: New | None = next((n for selects, n in table if selects(function)), None)
        if picked is None and mapped and new is not None:
            picked = True
        why = ""
        if place.reason:
            why = place.reason
        elif new is None:
            why = "not in the mapping"
        elif picked is False:
            why = "not selected"
        elif picked is None:
            why = LEFT.get(site.role, "")
        if picked is not True and function is not None and function.name == "identity":
            why = UNLISTED
        if not why and isinstance(new, Activation) and new == function and _exactly(place):
            why = f"it is {new.label} already"
        return Left(site, why) if why or new is None else new

    return choose


def _exactly(place: Place) -> bool:
    """Whether the label says all of the function: the slopes of a PReLU are learned."""
    return not (place.module is not None and any(place.module.parameters()))


def _any(_: Function | None) -> bool:
    return True


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
