"""``ogive.<name>(x, **parameters)``: a plain Python function for each entry of the catalogue."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ogive.door import room
from ogive.errors import BadParameter, nearest
from ogive.functions import registry
from ogive.functions.activation import Activation, Definition
from ogive.functions.documents import document
from ogive.functions.formula import FAMILY
from ogive.functions.vector import AxisFunction
from ogive.numerics.elementary import is_jax

ANY = inspect.Parameter.POSITIONAL_OR_KEYWORD


def catalogue_function(name: str) -> Callable[..., Any]:
    """The function called ``name`` (or with that alias), taking x and the entry's parameters.

    Raises :class:`UnknownName` for a name that the catalogue does not hold. The function raises
    :class:`BadParameter` for a call that does not fit its signature.
    """
    found = registry.find(name)
    entry = found.definition if isinstance(found, Activation) else found
    signature = signature_of(entry)

    def function(*args: Any, **settings: Any) -> Any:
        try:
            bound = signature.bind(*args, **settings).arguments
        except TypeError:
            raise _refusal(entry.name, list(signature.parameters), args, settings) from None
        x = bound.pop("x")
        if isinstance(entry, AxisFunction):
            axis = bound.pop("axis", entry.usual_axis)
            return entry.of(bound)(x, axis)
        if is_jax(*bound.values()):
            return room("jax").with_arrays(entry, x, bound)
        return entry(**bound)(x)

    function.__name__ = function.__qualname__ = entry.name
    function.__module__ = "ogive"
    function.__doc__ = document(entry)
    function.__signature__ = signature  # type: ignore[attr-defined]
    # A formula may be defined anew under its name; what the catalogue holds stays.
    function.lasting = entry.family != FAMILY  # type: ignore[attr-defined]
    return function


def signature_of(entry: Definition | AxisFunction) -> inspect.Signature:
    """``(x, alpha=1.0)``: x, the axis if it works along one, and the parameters with defaults."""
    settings: dict[str, float] = {}
    if isinstance(entry, AxisFunction):
        settings["axis"] = entry.usual_axis
    settings |= {p.name: int(p.default) if p.whole else p.default for p in entry.parameters}
    return inspect.Signature(
        [
            inspect.Parameter("x", ANY),
            *(inspect.Parameter(name, ANY, default=given) for name, given in settings.items()),
        ]
    )


def _refusal(
    name: str, known: list[str], args: tuple[Any, ...], settings: dict[str, Any]
) -> BadParameter:
    """The sentence for a call that does not fit ``known``, which begins with x."""
    own = known[1:]
    call = f"ogive.{name}({', '.join(['x', *(f'{p}=...' for p in own)])})"
    for given in settings:
        if given == "out" and "axis" not in own:
            return BadParameter(f"{name} takes no out here; write ogive.get({name!r})(x, out=...)")
        if given not in known:
            has = f"it has {', '.join(own)}" if own else "it has none"
            return BadParameter(f"{name} has no parameter {given!r}; {has}{nearest(given, own)}")
    if len(args) > len(known):
        return BadParameter(
            f"{name} takes at most {len(known)} {'value' if len(known) == 1 else 'values'}, and "
            f"{len(args)} are given; write {call}"
        )
    for given in known[: len(args)]:
        if given in settings:
            return BadParameter(f"{name}: {given} is given twice; write {call}")
    return BadParameter(f"{name} is called without x; write {call}")
