"""``ogive.<name>(x, **parameters)``: a plain Python function for each entry of the catalogue."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ogive.door import room
from ogive.functions import registry
from ogive.functions.activation import Activation, Definition
from ogive.functions.formula import FAMILY
from ogive.functions.vector import AxisFunction
from ogive.numerics.elementary import is_jax

ANY = inspect.Parameter.POSITIONAL_OR_KEYWORD


def catalogue_function(name: str) -> Callable[..., Any]:
    """The function called ``name`` (or with that alias), taking x and the entry's parameters.

    Raises :class:`UnknownName` for a name that the catalogue does not hold.
    """
    found = registry.find(name)
    entry = found.definition if isinstance(found, Activation) else found
    if isinstance(entry, AxisFunction):
        # A plain function, so that it documents itself as the others do.
        along = entry

        def function(x: Any, axis: int = along.usual_axis) -> Any:
            return along(x, axis)
    else:
        function = _elementwise(entry)
    function.__name__ = function.__qualname__ = entry.name
    function.__module__ = "ogive"
    function.__doc__ = _document(entry)
    # A formula may be defined anew under its name; what the catalogue holds stays.
    function.lasting = entry.family != FAMILY  # type: ignore[attr-defined]
    return function


def _elementwise(entry: Definition) -> Callable[..., Any]:
    signature = inspect.Signature(
        [inspect.Parameter("x", ANY)]
        + [inspect.Parameter(p.name, ANY, default=p.default) for p in entry.parameters]
    )

    def function(*args: Any, **settings: Any) -> Any:
        bound = signature.bind(*args, **settings).arguments
        x = bound.pop("x")
        if is_jax(*bound.values()):
            return room("jax").with_arrays(entry, x, bound)
        return entry(**bound)(x)

    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _document(entry: Definition | AxisFunction) -> str:
    lines = [entry.summary, "", f"f(x) = {entry.formula}", ""]
    if isinstance(entry, Definition):
        for p in entry.parameters:
            lines.append(f"{p.name}: {p.meaning} (default {p.default:g})")
        facts = entry().facts
        if facts.at_kinks:
            lines.append(f"Convention: {facts.at_kinks}.")
        example = f"ogive.{entry.name}([-1.0, 0.0, 1.0])"
    else:
        usual = "the last" if entry.usual_axis == -1 else f"{entry.usual_axis}"
        lines.append(f"axis: the axis along which the values belong together (default {usual})")
        example = f"ogive.{entry.name}([1.0, 2.0, 3.0, 4.0], axis=-1)"
    lines += [f"Source: {entry.source}.", f"Example: {example}"]
    return "\n".join(lines)
